"""Everything that differs between the stages, and nothing else: one frozen value per stage.

What the local cloud cannot do is a named flag here (docs/decisions/0010): reading this file tells every difference.
`infra/stages.py` finds the stage of a name; a company's own values stand in `stages.toml`, never here.
"""

from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass(frozen=True)
class MailIdentity:
    """The SES identity that mail is sent from: a domain (`example.co.jp`) or one address (`news@example.co.jp`).

    The identity itself is verified by hand, once: it needs DNS records that this stack does not own.
    """

    name: str

    @property
    def from_address_pattern(self) -> str:
        """What `ses:FromAddress` must look like (an IAM StringLike pattern)."""
        return self.name if "@" in self.name else f"*@{self.name}"


@dataclass(frozen=True)
class Throttle:
    """HTTP API stage limits. An HTTP API has no WAF and no per-client limit, so this is the outermost wall."""

    requests_per_second: int
    burst: int


@dataclass(frozen=True)
class StreamReading:
    """How the table's stream is read. A record is parked when it is `max_age_s` old or has failed `retries` times.

    The stream keeps records for 24 hours: whoever the alarm calls has the second half of them to replay the record.
    """

    batch_size: int = 100
    retries: int = 10
    max_age_s: int = 12 * 3600


@dataclass(frozen=True)
class LocalCloud:
    """What only the local cloud's functions are told. `None` means: not set."""

    public_base: str = "http://localhost:4566"
    ses_endpoint: str | None = None
    clock_file: str | None = None

    def __post_init__(self) -> None:
        if self.clock_file is not None and not PurePosixPath(self.clock_file).is_absolute():
            raise ValueError(f"clock_file must be an absolute path, functions run elsewhere: {self.clock_file!r}")


@dataclass(frozen=True)
class Stage:
    """One deployment of Sodate.

    `events_throttle`: of `POST /events`, apart from forms and links.
    `public_url` is the base of links in mail, without a trailing slash; None means the API's own address.
    `alarm_email` is who hears the alarms.
    `retained`: the data outlives the stack, and the stack cannot be deleted by accident. Such a stage needs real values
    and somebody who hears its alarms; any other, ephemeral stage may have placeholders.
    `first_deploy`: no protection against deletion yet, so that a first deployment that fails can be undone.
    `customer_managed_key`: table, queues, logs, secrets and the import bucket are encrypted with the stage's own key,
    as topics always are.
    `reserve_concurrency` takes from the account's pool, which must keep 100 unreserved: young accounts have only 10.
    `senders_at_once` bounds how many invocations of `email_sender` run together; SQS takes 2 to 1000.
    `sandbox_recipients`: while SES keeps the account in its sandbox it also authorises against the recipient's own
    identity, so these addresses or domains join what `email_sender` may use.
    `events_window_s`: how long SES's events gather before a function reads them, 0 to 300.
    `announce_routine`: each delivered mail and each completed run is an event on the bus (a dollar a million);
    what went wrong always is.
    `reply_domain`: a subdomain whose email SES receives for us, which makes Reply-To of marketing email; None: none.
    `reply_rule_set`: the receipt rule set that is active in the account and region already; None: a set of our own,
    which an operator activates. `reply_days`: how long raw email is kept, 1 to 30 days.
    """

    name: str
    mail_identity: MailIdentity
    throttle: Throttle
    events_throttle: Throttle = Throttle(requests_per_second=50, burst=100)
    log_level: str = "INFO"
    log_retention_days: int = 30
    region: str | None = "ap-northeast-1"
    public_url: str | None = None
    alarm_email: str | None = None
    retained: bool = False
    first_deploy: bool = False
    customer_managed_key: bool = False
    reserve_concurrency: bool = False
    senders_at_once: int = 2
    sandbox_recipients: tuple[str, ...] = ()
    events_window_s: int = 20
    announce_routine: bool = False
    reply_domain: str | None = None
    reply_rule_set: str | None = None
    reply_days: int = 7
    # What the local cloud forces on us; why, is in docs/decisions/0010.
    native_dependencies: bool = False
    tls_only: bool = True
    receipt_rules: bool = True
    managed_rotation: bool = True
    metric_math: bool = True
    stream: StreamReading = field(default_factory=StreamReading)
    preflight_at_gateway: bool = False
    cli_credentials: bool = False
    local: LocalCloud | None = None

    @property
    def prefix(self) -> str:
        return f"sodate-{self.name}"

    @property
    def protected(self) -> bool:
        """Neither the stack nor its table can be deleted before somebody says so."""
        return self.retained and not self.first_deploy


DEV = Stage(
    name="dev",
    mail_identity=MailIdentity("dev.example.co.jp"),
    throttle=Throttle(requests_per_second=20, burst=40),
)
PROD = Stage(
    name="prod",
    mail_identity=MailIdentity("example.co.jp"),
    throttle=Throttle(requests_per_second=100, burst=200),
    log_retention_days=90,
    retained=True,
    customer_managed_key=True,
    # At one second a call of 50 recipients this is 250 emails a second, and half of a new account's ten invocations.
    senders_at_once=5,
)


def local_stage(local: LocalCloud) -> Stage:
    return Stage(
        name="local",
        mail_identity=MailIdentity("example.co.jp"),
        throttle=Throttle(requests_per_second=1000, burst=2000),
        log_retention_days=1,
        region=None,
        reply_domain="reply.example.co.jp",
        senders_at_once=5,
        native_dependencies=True,
        tls_only=False,
        receipt_rules=False,
        managed_rotation=False,
        metric_math=False,
        events_window_s=0,
        announce_routine=True,
        stream=StreamReading(max_age_s=60),
        preflight_at_gateway=True,
        cli_credentials=True,
        local=local,
    )
