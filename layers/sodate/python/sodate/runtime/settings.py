"""The settings of a function: its environment variables, by name and type. `infra/catalog.py` says who gets which."""

from collections.abc import Mapping

from sodate.errors import SodateError
from sodate.messages import Message


class SettingMissing(SodateError):
    """An environment variable that the function needs is not set."""


class Setting:
    """One environment variable, as an attribute of `Settings`. Reading it raises `SettingMissing` when it is empty."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    def __get__(self, settings: "Settings", _: object) -> str:
        value = settings.environment.get(self._variable)
        if not value:
            raise SettingMissing(
                Message(
                    "environment variable {variable} is not set; infra/catalog.py says which function gets it",
                    variable=self._variable,
                )
            )
        return value


class Settings:
    """A missing variable raises `SettingMissing` when it is read: no function has all of them."""

    service = Setting("POWERTOOLS_SERVICE_NAME")
    stage = Setting("SODATE_STAGE")
    table = Setting("SODATE_TABLE")
    bus = Setting("SODATE_BUS")
    announce_routine = Setting("SODATE_ANNOUNCE_ROUTINE")
    public_url = Setting("SODATE_PUBLIC_URL")
    configuration_set = Setting("SODATE_CONFIGURATION_SET")
    send_queue = Setting("SODATE_SEND_QUEUE_URL")
    import_queue = Setting("SODATE_IMPORT_QUEUE_URL")
    replay_queue = Setting("SODATE_REPLAY_QUEUE_URL")
    reply_bucket = Setting("SODATE_REPLY_BUCKET")
    import_bucket = Setting("SODATE_IMPORT_BUCKET")
    erasure_ledger = Setting("SODATE_ERASURE_LEDGER")
    required_reply_domain = Setting("SODATE_REPLY_DOMAIN")
    dead_letter_queue = Setting("SODATE_DEAD_LETTER_URL")
    event_queue = Setting("SODATE_EVENTS_QUEUE_URL")
    event_dead_letter_queue = Setting("SODATE_EVENT_DEAD_LETTER_URL")
    signing_keys_secret = Setting("SODATE_SIGNING_KEYS_SECRET")
    address_key_secret = Setting("SODATE_ADDRESS_KEY_SECRET")
    webhook_secret = Setting("SODATE_WEBHOOK_SECRET")
    captcha_secret = Setting("SODATE_CAPTCHA_SECRET")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    @property
    def is_local(self) -> bool:
        """True on the stage that `sodate local up` deploys."""
        return self.stage == "local"

    @property
    def dead_letter_queues(self) -> list[str]:
        """URLs of every dead-letter queue of the stage; none on a function that does not erase."""
        return [url for url in self.environment.get("SODATE_DEAD_LETTER_URLS", "").split(",") if url]

    @property
    def has_reply_bucket(self) -> bool:
        """The stage receives email, and the function may delete it."""
        return bool(self.environment.get("SODATE_REPLY_BUCKET"))

    @property
    def reply_domain(self) -> str | None:
        """None on a stage that receives no email."""
        return self.environment.get("SODATE_REPLY_DOMAIN") or None
