"""What each function is and may do: the one table behind roles, environments and sizes.

A function gets exactly the settings and table actions written here. `tests/infra` holds a second, hand-written copy of
the actions, so that widening a role is a change of two files and never an accident.
"""

from dataclasses import dataclass

# A TransactWriteItems of ours holds puts and updates: IAM asks for the actions of its parts.
KEYED = ("GetItem", "PutItem", "UpdateItem")
KEYED_AND_QUERY = (*KEYED, "Query")

SIGNING_KEYS, ADDRESS_KEY, WEBHOOK, CAPTCHA = "signing-keys", "address-key", "webhook", "captcha"


@dataclass(frozen=True)
class Size:
    memory_mb: int
    timeout_s: int


@dataclass(frozen=True)
class Concurrency:
    """`reserved` applies where the stage reserves at all; None shares the account's pool. `why` justifies either."""

    reserved: int | None
    why: str


@dataclass(frozen=True)
class FunctionSpec:
    """One folder under `functions/`.

    `asks_ses`: it calls SES. `deletes`: beginnings of the partition keys of items that it may delete.
    `plans_sends`: it puts messages on the send queue; `replays`: on the replay queue, which it reads itself.
    `defers_events`: it puts a click that waits for its verdict back on the queue of SES's events, which it reads.
    `buries`: it reads batches, and puts a record that can never succeed into its dead-letter queue itself, with the
    reason in words. `counts_event_letters`: it asks how many events of SES were given up.
    `with_replies`: further settings on a stage that receives email.
    `erases`: it deletes whatever names a lead, wherever it lies (`infra/components/erasing.py`).
    `synchronous`: somebody waits for its answer, so nothing can be lost behind it.
    """

    name: str
    size: Size
    concurrency: Concurrency
    table: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    plans_sends: bool = False
    replays: bool = False
    defers_events: bool = False
    buries: bool = False
    counts_event_letters: bool = False
    synchronous: bool = False
    asks_ses: bool = False
    with_replies: tuple[str, ...] = ()
    erases: bool = False

    @property
    def handler(self) -> str:
        return f"functions.{self.name}.handler.handler"

    @property
    def dashed(self) -> str:
        return self.name.replace("_", "-")

    @property
    def edge(self) -> str:
        """The name of the dead-letter queue behind it."""
        return "send" if self.name == "email_sender" else self.dashed

    @property
    def id(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))


#: Who leaves a segment is taken off its list of members.
MEMBER_LISTS = ("MEMBERS#",)
_ONE_AT_A_TIME = "one run at a time: two would read the same due entries and lose each other's claims"
_SOURCE_LIMITED = "shares the pool: its event source mapping already bounds how many run"
REPLAYS_AT_ONCE = 8
_REPLAYS = "eight at once: a replay of everybody leaves the account's pool and the table's throughput to forms and mail"
_THROTTLED = "shares the pool: the stage throttle bounds it, and a reservation would turn a burst of leads into errors"
_ROUTE_THROTTLED = "shares the pool: its route has a throttle of its own, so a flood of events leaves room for forms"

_REPLY_SETTINGS = ("SODATE_REPLY_DOMAIN", "SODATE_REPLY_BUCKET")

# fmt: off
FUNCTIONS = (
    FunctionSpec(
        "form_capture", Size(1024, 10), Concurrency(None, _THROTTLED),
        table=KEYED_AND_QUERY, secrets=(SIGNING_KEYS, ADDRESS_KEY, CAPTCHA), synchronous=True,
    ),
    FunctionSpec(
        "consent_pages", Size(1024, 10), Concurrency(None, _THROTTLED),
        table=KEYED_AND_QUERY, secrets=(SIGNING_KEYS, ADDRESS_KEY), synchronous=True,
        # Who confirms anew after an opt-out is taken off the suppression list.
        deletes=("SUPPRESSION#",),
    ),
    FunctionSpec(
        "email_events", Size(512, 30), Concurrency(None, _SOURCE_LIMITED),
        table=KEYED_AND_QUERY, secrets=(ADDRESS_KEY,), defers_events=True, buries=True,
    ),
    FunctionSpec(
        "scoring", Size(512, 60), Concurrency(None, _SOURCE_LIMITED),
        table=(*KEYED_AND_QUERY, "BatchGetItem", "BatchWriteItem"), buries=True,
        # Who gets another address leaves the company of the one before.
        deletes=(*MEMBER_LISTS, "COMPANY#"),
    ),
    FunctionSpec(
        "event_publisher", Size(512, 30), Concurrency(None, _SOURCE_LIMITED),
        # It counts what changed: changes of the counters, marks of emails and activities, due entries.
        table=("PutItem", "UpdateItem", "BatchWriteItem"), plans_sends=True,
        settings=("SODATE_BUS", "SODATE_ANNOUNCE_ROUTINE"), buries=True,
    ),
    FunctionSpec(
        "step_mail_dispatch", Size(1024, 55), Concurrency(1, _ONE_AT_A_TIME),
        table=KEYED_AND_QUERY, plans_sends=True, asks_ses=True,
    ),
    FunctionSpec(
        "email_sender", Size(512, 90), Concurrency(None, _SOURCE_LIMITED),
        table=(*KEYED_AND_QUERY, "BatchGetItem", "BatchWriteItem"), secrets=(SIGNING_KEYS, ADDRESS_KEY),
        settings=("SODATE_PUBLIC_URL", "SODATE_CONFIGURATION_SET"), buries=True, asks_ses=True,
        with_replies=_REPLY_SETTINGS,
    ),
    FunctionSpec(
        "send_sweeper", Size(512, 60), Concurrency(1, _ONE_AT_A_TIME),
        table=(*KEYED_AND_QUERY, "BatchGetItem", "BatchWriteItem"), counts_event_letters=True,
    ),
    FunctionSpec(
        "score_decay", Size(512, 55), Concurrency(1, _ONE_AT_A_TIME),
        # A lead has fifty visitors of the website at most: the oldest is let go of.
        table=KEYED_AND_QUERY, deletes=(*MEMBER_LISTS, "VISITOR#"),
    ),
    FunctionSpec(
        "score_replay", Size(1024, 60), Concurrency(REPLAYS_AT_ONCE, _REPLAYS),
        # The only one that may walk over the whole table: a replay is about everybody.
        table=(*KEYED_AND_QUERY, "Scan"), settings=("SODATE_REPLAY_QUEUE_URL",), replays=True, buries=True,
        deletes=MEMBER_LISTS,
    ),
    FunctionSpec(
        "kpi_rollup", Size(512, 55), Concurrency(1, _ONE_AT_A_TIME), table=KEYED_AND_QUERY,
    ),
    FunctionSpec(
        "suppression_sync", Size(512, 60), Concurrency(1, _ONE_AT_A_TIME),
        table=KEYED, secrets=(ADDRESS_KEY,), asks_ses=True,
    ),
    FunctionSpec(
        "sales_handoff", Size(512, 30), Concurrency(5, "five at once: a webhook is somebody else's small server"),
        table=KEYED, secrets=(WEBHOOK, SIGNING_KEYS), settings=("SODATE_PUBLIC_URL",),
    ),
    FunctionSpec(
        "sales_followup", Size(512, 60), Concurrency(1, _ONE_AT_A_TIME),
        table=KEYED_AND_QUERY, secrets=(WEBHOOK, SIGNING_KEYS), settings=("SODATE_PUBLIC_URL",),
    ),
    FunctionSpec(
        "sales_feedback", Size(1024, 10), Concurrency(None, _THROTTLED),
        table=(*KEYED_AND_QUERY, "BatchGetItem"), secrets=(SIGNING_KEYS,), settings=("SODATE_PUBLIC_URL",),
        # A deal that is won or lost leaves the list of open deals.
        deletes=("DEALS#open",), synchronous=True,
    ),
    FunctionSpec(
        "activities_api", Size(1024, 25), Concurrency(None, _THROTTLED),
        table=(*KEYED_AND_QUERY, "BatchGetItem"), secrets=(ADDRESS_KEY,), deletes=("DEALS#open",), synchronous=True,
    ),
    FunctionSpec(
        "privacy_pages", Size(1024, 10), Concurrency(None, _THROTTLED),
        table=(*KEYED_AND_QUERY, "BatchGetItem"), secrets=(SIGNING_KEYS,), settings=("SODATE_PUBLIC_URL",),
        synchronous=True,
        # A lead may withdraw its request.
        deletes=("PRIVACY#requests",),
    ),
    FunctionSpec(
        "privacy_review", Size(1024, 900), Concurrency(1, _ONE_AT_A_TIME),
        # The only one that may delete a lead, and beside a replay the only one that reads the whole table.
        table=(*KEYED_AND_QUERY, "BatchGetItem", "BatchWriteItem", "DeleteItem", "Scan"), secrets=(ADDRESS_KEY,),
        erases=True, with_replies=("SODATE_REPLY_BUCKET",),
    ),
    FunctionSpec(
        "web_events", Size(1024, 10), Concurrency(None, _ROUTE_THROTTLED),
        table=KEYED_AND_QUERY, secrets=(SIGNING_KEYS,), synchronous=True,
    ),
    FunctionSpec(
        "report_email", Size(512, 60), Concurrency(1, _ONE_AT_A_TIME),
        table=KEYED_AND_QUERY, secrets=(SIGNING_KEYS,), settings=("SODATE_PUBLIC_URL", "SODATE_CONFIGURATION_SET"),
        asks_ses=True,
    ),
    FunctionSpec(
        "lead_import", Size(1024, 60), Concurrency(None, _SOURCE_LIMITED),
        table=(*KEYED_AND_QUERY, "BatchGetItem"), secrets=(ADDRESS_KEY,), settings=("SODATE_IMPORT_QUEUE_URL",),
        buries=True,
    ),
    FunctionSpec(
        "signing_key_rotation", Size(256, 30), Concurrency(1, "one at a time: steps of a rotation must not interleave"),
    ),
)
#: Only on a stage with a `reply_domain`.
WITH_REPLIES = (
    FunctionSpec(
        "inbound_email", Size(1024, 60), Concurrency(None, _SOURCE_LIMITED),
        table=KEYED_AND_QUERY, secrets=(SIGNING_KEYS, ADDRESS_KEY), with_replies=_REPLY_SETTINGS, buries=True,
    ),
)
# fmt: on
EVERY_FUNCTION = (*FUNCTIONS, *WITH_REPLIES)


def functions_of(*, replies: bool) -> tuple[FunctionSpec, ...]:
    """The functions of a stage. `replies`: it has a `reply_domain`."""
    return EVERY_FUNCTION if replies else FUNCTIONS
