"""Messages of the send queue: an enrollment batch at one step, a broadcast, leads that enter a scenario by schedule, a
review of a split's experiment, a transactional email, or a probe.

They contain ids, no personal data. An enrollment batch (`what: steps`) names up to 50 leads at the same step of the
same version. A probe is an email to SES's mailbox simulator that shows whether SES accepts email and reports on it; no
lead receives it. Any other body goes to the dead-letter queue with the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from sodate.email.delivery.broadcast_message import LARGEST_BATCH as LARGEST_BATCH
from sodate.email.delivery.broadcast_message import BroadcastBatch, BroadcastRun
from sodate.email.delivery.entry_message import EntryBatch, ScheduledEntry
from sodate.email.delivery.experiment_message import ArmReview
from sodate.email.ledger.states import StepRef, send_id
from sodate.errors import Invalid
from sodate.leads.contact_state import Visit
from sodate.scheduling.message import MessageTypes, RawMessage

#: Never reached in practice: attempts are hours apart, and `valid_hours` ends them.
_MOST_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class TransactionalSend:
    """A transactional email, whose content its ledger item has."""

    what: ClassVar[str] = "transactional"
    lead_id: str
    send_id: str

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "lead_id": self.lead_id, "send_id": self.send_id}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "TransactionalSend":
        lead_id, send = message.get("lead_id"), message.get("send_id")
        if not isinstance(lead_id, str) or not isinstance(send, str):
            raise Invalid("a transactional email without `lead_id` and `send_id`", "message")
        return cls(lead_id, send)


@dataclass(frozen=True, slots=True)
class Probe:
    """`until`: a probe that SES did not accept is repeated until then; None: it is not repeated."""

    what: ClassVar[str] = "probe"
    until: datetime | None = None

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, **({"until": self.until.isoformat()} if self.until else {})}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Probe":
        until = message.get("until")
        return cls(datetime.fromisoformat(str(until)) if until else None)


@dataclass(frozen=True, slots=True)
class EnrollmentRef:
    """One lead's enrollment. `since`: when it began; watch entries omit it. `time_zone`: used to plan the step.
    `visit`: of the step; None in a sequence.
    """

    lead_id: str
    enrollment_id: str
    since: datetime | None = None
    time_zone: str | None = None
    visit: Visit | None = None


@dataclass(frozen=True, slots=True)
class EnrollmentBatch:
    """`sequence`: the name of the enrollments (`leads.contact_state.name_of`)."""

    what: ClassVar[str] = "steps"
    sequence: str
    version: int
    step: int
    enrollments: tuple[EnrollmentRef, ...]
    attempt: int = 1
    """2 and more: sent again, because evidence shows that the previous attempt never left."""
    evidence: str | None = None
    """The evidence for such an attempt; stored with the previous attempt."""

    def ref(self, enrollment: EnrollmentRef, step: int | None = None) -> StepRef:
        step = self.step if step is None else step
        of = (enrollment.enrollment_id, self.attempt, enrollment.visit)
        return StepRef(enrollment.lead_id, self.sequence, self.version, step, *of)

    def of(self, enrollments: Iterable[EnrollmentRef], step: int | None = None) -> "EnrollmentBatch":
        return replace(self, enrollments=tuple(enrollments), step=self.step if step is None else step)

    @property
    def id(self) -> str:
        """Equal for equal batches, so that planning a batch twice has no further effect."""
        return send_id(
            "batch",
            self.sequence,
            str(self.version),
            str(self.step),
            *map(_id_of, self.enrollments),
            *(["attempt", str(self.attempt)] if self.attempt > 1 else []),
        )

    def to_message(self) -> dict[str, Any]:
        return {
            "v": 2,
            "what": self.what,
            "sequence": self.sequence,
            "version": self.version,
            "step": self.step,
            "leads": [_leads_entry(enrollment) for enrollment in self.enrollments],
            **({"attempt": self.attempt, "evidence": self.evidence} if self.attempt > 1 else {}),
        }

    @classmethod
    def parse(cls, message: Mapping[str, Any], fewest: int = 1) -> "EnrollmentBatch":
        evidence = message.get("evidence")
        batch = cls(
            sequence=str(message["sequence"]),
            version=int(message["version"]),
            step=int(message["step"]),
            enrollments=tuple(_enrollment(*entry) for entry in message["leads"]),
            attempt=int(message.get("attempt", 1)),
            evidence=str(evidence)[:300] if evidence else None,
        )
        if not fewest <= len(batch.enrollments) <= LARGEST_BATCH or len(
            {enrollment.lead_id for enrollment in batch.enrollments}
        ) != len(batch.enrollments):
            raise Invalid(f"a batch has 1 to {LARGEST_BATCH} leads, each once", "message")
        if not 1 <= batch.attempt <= _MOST_ATTEMPTS:
            raise Invalid(f"there is no attempt {batch.attempt}", "message")
        return batch


ScenarioMessage = EnrollmentBatch | ScheduledEntry | EntryBatch | ArmReview
SendMessage = ScenarioMessage | BroadcastBatch | BroadcastRun | TransactionalSend | Probe
_KINDS = (
    EnrollmentBatch, ScheduledEntry, EntryBatch, ArmReview, BroadcastBatch, BroadcastRun, TransactionalSend, Probe,
)  # fmt: skip

SEND_MESSAGES: MessageTypes[SendMessage] = MessageTypes(
    name="send message",
    kinds="steps, a broadcast, entries by schedule, a review, a transactional email or a probe",
    parsers={one.what: one.parse for one in _KINDS},
    versions=(1, 2),
)


def _id_of(enrollment: EnrollmentRef) -> str:
    visit = f"/{enrollment.visit.number}/{enrollment.visit.at}" if enrollment.visit is not None else ""
    return f"{enrollment.lead_id}/{enrollment.enrollment_id}{visit}"


def _leads_entry(enrollment: EnrollmentRef) -> list[Any]:
    # Rounded up to a whole second: a step may be late, never early.
    since = -int(-enrollment.since.timestamp() // 1) if enrollment.since is not None else None
    visit = (enrollment.visit.number, enrollment.visit.at) if enrollment.visit is not None else ()
    entry = [enrollment.lead_id, enrollment.enrollment_id, since, enrollment.time_zone, *visit]
    while entry[-1] is None:
        entry.pop()
    return entry


def _enrollment(
    lead_id: object, enrollment: object, since: float | None = None, time_zone: object = None, *visit: int
) -> EnrollmentRef:
    began = datetime.fromtimestamp(since, UTC) if since is not None else None
    zone = str(time_zone) if time_zone is not None else None
    return EnrollmentRef(str(lead_id), str(enrollment), began, zone, Visit(*map(int, visit)) if visit else None)


def weight(message: SendMessage | RawMessage) -> int:
    """Maximum number of emails of the message."""
    if isinstance(message, BroadcastBatch):
        return len(message.leads)
    return len(message.enrollments) if isinstance(message, EnrollmentBatch) else 1


def joined(messages: Iterable[SendMessage | RawMessage], largest: int) -> Sequence[SendMessage | RawMessage]:
    """Joins enrollments at the same step into messages of up to `largest` leads, in the order of their first lead.

    A message has each lead at most once. A batch of a broadcast is divided; other messages stay unchanged.
    """
    entries: list[SendMessage | RawMessage | _Group] = []
    filling: dict[EnrollmentBatch, _Group] = {}
    for message in messages:
        if isinstance(message, BroadcastBatch):
            entries += message.parts(largest)
            continue
        if not isinstance(message, EnrollmentBatch):
            entries.append(message)
            continue
        key = message.of(())
        for enrollment in message.enrollments:
            group = filling.get(key)
            if group is None or len(group.leads) >= largest or enrollment.lead_id in group.leads:
                group = filling[key] = _Group(message, {})
                entries.append(group)
            group.leads[enrollment.lead_id] = enrollment
    return [entry.head.of(entry.leads.values()) if isinstance(entry, _Group) else entry for entry in entries]


@dataclass(frozen=True, slots=True)
class _Group:
    """`leads`: the enrollments that are joined so far, by lead id, in order."""

    head: EnrollmentBatch
    leads: dict[str, EnrollmentRef]
