"""Times for people: in the stage's time zone (the sender's, in playbook.yaml), which every column and letter names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError
from sodate.errors import Invalid, SodateError
from sodate.leads.time_zone import find_time_zone
from sodate.messages import Message
from sodate.playbook.store import Definitions

from sodate_cli.languages import words

_IN_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?(?!\d)")


@dataclass(frozen=True)
class Times:
    """`shown` converts one time, `within` every time in a text. Times without an offset are UTC."""

    zone: ZoneInfo

    @classmethod
    def of_stage(cls) -> "Times":
        """The time zone of the live sender on the table in use; UTC before a playbook was applied, or when the table
        does not answer: a dead letter must be readable then."""
        try:
            zone = find_time_zone(str(Definitions().live("mailing").body["sender"]["time_zone"]))
        except (SodateError, ClientError, BotoCoreError):
            zone = None
        return cls(zone) if zone else cls.utc()

    @classmethod
    def utc(cls) -> "Times":
        return cls(ZoneInfo("UTC"))

    @property
    def name(self) -> str:
        return self.zone.key

    def column(self, title: str) -> str:
        return f"{words(title)} ({self.name})"

    def title(self, text: str) -> Message:
        """For a table with too many columns to name the zone in one of them."""
        return Message("{title} (times: {zone})", title=words(text), zone=self.name)

    def moment(self, at: str | datetime | None) -> str:
        """`2026-11-24 18:00 (Asia/Tokyo)`, for a sentence: nothing else there names the zone."""
        shown = self.shown(at)
        return f"{shown} ({self.name})" if shown else ""

    def fields(self, document: Mapping[str, object]) -> dict[str, object]:
        """A document for `output.show_fields`: each time is shown, and its name names the zone."""
        shown = {name: _shown_within(value, self) for name, value in document.items()}
        return {self.column(name) if value != document[name] else name: value for name, value in shown.items()}

    def shown(self, at: str | datetime | None) -> str:
        """`2026-11-24 18:00`; empty for None and the empty text, unchanged for text that is no time."""
        if not at:
            return ""
        try:
            moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        except ValueError:
            return str(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def parsed(self, text: str, option: str) -> datetime:
        """A time that a person writes, in this zone unless it has an offset. Raises: `Invalid`."""
        try:
            given = datetime.fromisoformat(text)
        except ValueError as error:
            raise Invalid(
                Message(
                    "{option} {text!r}: write it as 2026-12-04T15:00, a time in {name}",
                    option=option,
                    text=text,
                    name=self.name,
                )
            ) from error
        return given if given.tzinfo else given.replace(tzinfo=self.zone)

    def within(self, text: str) -> str:
        if isinstance(text, Message):
            values = {
                name: self.within(value) if isinstance(value, str) else value for name, value in text.values.items()
            }
            return Message(text.template, **values)
        return _IN_TEXT.sub(lambda match: self.shown(match[0]), text)


def _shown_within(value: object, times: Times) -> object:
    if isinstance(value, datetime):
        return times.shown(value)
    if isinstance(value, str):
        return times.within(value)
    if isinstance(value, Mapping):
        return {name: _shown_within(part, times) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_shown_within(part, times) for part in value])
    return value
