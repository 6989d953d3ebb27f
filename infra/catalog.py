"""What each function is and may do: the one table behind roles, environments and sizes.

A function gets exactly the settings and table actions written here. `tests/infra` holds a second, hand-written copy of
the actions, so that widening a role is a change of two files and never an accident.
"""

from dataclasses import dataclass

READ = ("GetItem", "Query")
WRITE = ("PutItem", "UpdateItem")
# TransactWriteItems is no action of its own: IAM asks for the actions of its parts.
TRANSACT = (*READ, *WRITE, "ConditionCheckItem")
TRANSACT_AND_BATCH = (*TRANSACT, "BatchGetItem")

SIGNING_KEYS, ADDRESS_KEY, WEBHOOK, CAPTCHA = "signing-keys", "address-key", "webhook", "captcha"


@dataclass(frozen=True)
class FunctionSpec:
    """One folder under `functions/`.

    `reserved` is the reserved concurrency where the stage reserves at all; None shares the account's pool, and
    `concurrency` says why either is right.
    """

    name: str
    memory_mb: int
    timeout_s: int
    reserved: int | None
    concurrency: str
    table: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    plans_sends: bool = False
    settings: tuple[str, ...] = ()

    @property
    def handler(self) -> str:
        return f"functions.{self.name}.handler.handler"

    @property
    def dashed(self) -> str:
        return self.name.replace("_", "-")

    @property
    def id(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))


_ONE_AT_A_TIME = "one run at a time: two would read the same due entries and lose each other's claims"
_SOURCE_LIMITED = "shares the pool: its event source mapping already bounds how many run"
_THROTTLED = "shares the pool: the stage throttle bounds it, and a reservation would turn a burst of leads into errors"

FUNCTIONS = (
    FunctionSpec(
        "form_capture",
        1024,
        10,
        None,
        _THROTTLED,
        table=TRANSACT_AND_BATCH,
        secrets=(SIGNING_KEYS, ADDRESS_KEY, CAPTCHA),
        settings=("SODATE_PUBLIC_URL",),
    ),
    FunctionSpec(
        "consent_pages",
        1024,
        10,
        None,
        _THROTTLED,
        table=TRANSACT_AND_BATCH,
        secrets=(SIGNING_KEYS, ADDRESS_KEY),
        settings=("SODATE_PUBLIC_URL",),
    ),
    FunctionSpec(
        "email_events",
        512,
        30,
        None,
        _SOURCE_LIMITED,
        table=TRANSACT_AND_BATCH,
        secrets=(ADDRESS_KEY,),
    ),
    FunctionSpec("scoring", 1024, 60, None, _SOURCE_LIMITED, table=TRANSACT),
    FunctionSpec("event_publisher", 512, 30, None, _SOURCE_LIMITED, plans_sends=True, settings=("SODATE_BUS",)),
    FunctionSpec(
        "step_mail_dispatch",
        1024,
        55,
        1,
        _ONE_AT_A_TIME,
        table=(*READ, *WRITE),
        plans_sends=True,
    ),
    FunctionSpec(
        "mail_sender",
        1024,
        60,
        None,
        _SOURCE_LIMITED,
        table=TRANSACT_AND_BATCH,
        secrets=(SIGNING_KEYS, ADDRESS_KEY),
        settings=("SODATE_SEND_QUEUE_URL", "SODATE_PUBLIC_URL", "SODATE_CONFIGURATION_SET"),
    ),
    FunctionSpec(
        "send_sweeper",
        512,
        60,
        1,
        _ONE_AT_A_TIME,
        table=(*READ, *WRITE),
        plans_sends=True,
    ),
    FunctionSpec(
        "sales_handoff",
        512,
        30,
        5,
        "five at once: the customer's webhook is somebody else's small server",
        table=TRANSACT,
        secrets=(WEBHOOK,),
    ),
    FunctionSpec(
        "signing_key_rotation",
        256,
        30,
        1,
        "one run at a time: the steps of a rotation must not interleave",
        settings=("SODATE_SIGNING_KEYS_SECRET",),
    ),
)
