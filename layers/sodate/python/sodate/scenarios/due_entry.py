"""Due entries of entries by date (one per lead, date entry and day, planned while the day lies ahead) and webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.scheduling.message import MessageTypes


@dataclass(frozen=True, slots=True)
class DateReached:
    """`entry`: `date_entry.entry_id`. `day`: the value of the profile when this was planned."""

    what: ClassVar[str] = "date_entry"
    lead_id: str
    scenario: str
    entry: str
    day: date

    @property
    def ref(self) -> str:
        return f"{self.lead_id}/{self.scenario}/{self.entry}"

    def to_message(self) -> dict[str, Any]:
        named = {"lead": self.lead_id, "scenario": self.scenario, "entry": self.entry}
        return {"v": 1, "what": self.what, **named, "day": self.day.isoformat()}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "DateReached":
        lead_id, scenario, entry, day = (str(message[name]) for name in ("lead", "scenario", "entry", "day"))
        return cls(lead_id, scenario, entry, date.fromisoformat(day))


@dataclass(frozen=True, slots=True)
class WebhookPost:
    """`name`: of the enrollment. `id`: of the post, equal for each try. `at`: when the lead came to the step."""

    what: ClassVar[str] = "webhook"
    lead_id: str
    name: str
    enrollment_id: str
    version: int
    step: str
    id: str
    at: datetime
    tries: int = 0

    @property
    def ref(self) -> str:
        return f"{self.id}/{self.tries}"

    def to_message(self) -> dict[str, Any]:
        enrollment = {"enrollment": self.enrollment_id, "version": self.version, "step": self.step}
        named = {"lead": self.lead_id, "name": self.name, **enrollment, "id": self.id, "at": keys.stamp(self.at)}
        return {"v": 1, "what": self.what, **named, **({"tries": self.tries} if self.tries else {})}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "WebhookPost":
        lead_id, name, enrollment, step, id_ = (
            str(message[key]) for key in ("lead", "name", "enrollment", "step", "id")
        )
        at, tries = datetime.fromisoformat(str(message["at"])), int(message.get("tries", 0))
        return cls(lead_id, name, enrollment, int(message["version"]), step, id_, at, tries)


WEBHOOK_POSTS = MessageTypes("due entry of the lane webhook", "a webhook", {WebhookPost.what: WebhookPost.parse})
