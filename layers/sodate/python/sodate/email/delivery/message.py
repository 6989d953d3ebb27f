"""Messages of the send queue and the due index: an enrollment batch at one step, a transactional email, or a probe.

They contain ids, no personal data. An enrollment batch (`what: steps`) names up to 50 leads at the same step of the
same version. A probe is an email to SES's mailbox simulator that shows whether SES accepts email and reports on it; no
lead receives it. Any other body goes to the dead-letter queue with the reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sodate.email.ledger.states import StepRef, send_id
from sodate.errors import Invalid

LARGEST_BATCH = 50
#: Never reached in practice: attempts are hours apart, and `valid_hours` ends them.
_MOST_ATTEMPTS = 200


def transactional_message(lead_id: str, send_id: str) -> dict[str, Any]:
    return {"v": 1, "what": "transactional", "lead_id": lead_id, "send_id": send_id}


@dataclass(frozen=True)
class EnrollmentRef:
    """One lead's enrollment. `since`: when it began; watch entries omit it. `time_zone`: used to plan the step."""

    lead_id: str
    enrollment_id: str
    since: datetime | None = None
    time_zone: str | None = None


@dataclass(frozen=True)
class EnrollmentBatch:
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
        return StepRef(enrollment.lead_id, self.sequence, self.version, step, enrollment.enrollment_id, self.attempt)

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
            *(f"{enrollment.lead_id}/{enrollment.enrollment_id}" for enrollment in self.enrollments),
            *(["attempt", str(self.attempt)] if self.attempt > 1 else []),
        )

    def message(self) -> dict[str, Any]:
        return {
            "v": 2,
            "what": "steps",
            "sequence": self.sequence,
            "version": self.version,
            "step": self.step,
            "leads": [_leads_entry(enrollment) for enrollment in self.enrollments],
            **({"attempt": self.attempt, "evidence": self.evidence} if self.attempt > 1 else {}),
        }


def _leads_entry(enrollment: EnrollmentRef) -> list[Any]:
    entry: list[Any] = [enrollment.lead_id, enrollment.enrollment_id]
    if enrollment.since is not None:
        # Rounded up to a whole second: a step may be late, never early.
        entry.append(-int(-enrollment.since.timestamp() // 1))
        if enrollment.time_zone is not None:
            entry.append(enrollment.time_zone)
    return entry


def parse_message(body: str) -> dict[str, Any]:
    """Parse and check the body of a message.

    Raises: `Invalid` with the reason that is shown in the dead-letter queue.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("the send message is not JSON", "message") from error
    if not isinstance(message, dict) or message.get("v") not in (1, 2):
        raise Invalid("not a send message of version 1 or 2", "message")
    if message.get("what") == "steps":
        batch_of(message)
    elif message.get("what") == "transactional":
        if not _all_text(message, "lead_id", "send_id"):
            raise Invalid("a transactional email without `lead_id` and `send_id`", "message")
    elif message.get("what") != "probe":
        what = str(message.get("what"))[:40]
        raise Invalid(f"a send message must be steps, a transactional email or a probe, not {what!r}", "message")
    return message


def transactionals_in(bodies: Iterable[str]) -> list[tuple[str, str]]:
    """(lead id, send id) of every transactional email; bodies that cannot be parsed are ignored."""
    ids = []
    for body in bodies:
        with suppress(Invalid):
            message = parse_message(body)
            if message["what"] == "transactional":
                ids.append((message["lead_id"], message["send_id"]))
    return ids


def probe_message(until: datetime | None = None) -> dict[str, Any]:
    """`until`: a probe that SES did not accept is repeated until then; None: it is not repeated."""
    return {"v": 1, "what": "probe", **({"until": until.isoformat()} if until else {})}


def batch_of(message: Mapping[str, Any]) -> EnrollmentBatch:
    try:
        enrollments = tuple(_enrollment(*entry) for entry in message["leads"])
        evidence = message.get("evidence")
        batch = EnrollmentBatch(
            sequence=str(message["sequence"]),
            version=int(message["version"]),
            step=int(message["step"]),
            enrollments=enrollments,
            attempt=int(message.get("attempt", 1)),
            evidence=str(evidence)[:300] if evidence else None,
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise Invalid(f"not a message of steps: {error!r}", "message") from error
    if not 1 <= len(batch.enrollments) <= LARGEST_BATCH or len(
        {enrollment.lead_id for enrollment in batch.enrollments}
    ) != len(batch.enrollments):
        raise Invalid(f"a batch has 1 to {LARGEST_BATCH} leads, each once", "message")
    if not 1 <= batch.attempt <= _MOST_ATTEMPTS:
        raise Invalid(f"there is no attempt {batch.attempt}", "message")
    return batch


def _enrollment(
    lead_id: object, enrollment: object, since: float | None = None, time_zone: object = None
) -> EnrollmentRef:
    began = datetime.fromtimestamp(since, UTC) if since is not None else None
    return EnrollmentRef(str(lead_id), str(enrollment), began, str(time_zone) if time_zone is not None else None)


def weight(message: Mapping[str, Any]) -> int:
    """Maximum number of emails of the message."""
    return len(message["leads"]) if message["what"] == "steps" else 1


def joined(messages: Sequence[dict[str, Any]], largest: int) -> list[dict[str, Any]]:
    """Joins enrollments at the same step into messages of up to `largest` leads, in the order of their first lead.

    A message has each lead at most once. Other messages stay unchanged.
    """
    entries: list[dict[str, Any] | list[EnrollmentRef]] = []
    heads: list[EnrollmentBatch | None] = []
    filling: dict[EnrollmentBatch, list[EnrollmentRef]] = {}
    for message in messages:
        if message.get("what") != "steps":
            entries.append(message)
            heads.append(None)
            continue
        batch = batch_of(message)
        key = batch.of(())
        for enrollment in batch.enrollments:
            group = filling.get(key)
            if group is None or len(group) >= largest or any(other.lead_id == enrollment.lead_id for other in group):
                group = filling[key] = []
                entries.append(group)
                heads.append(batch)
            group.append(enrollment)
    return [_message(head, entry) for head, entry in zip(heads, entries, strict=True)]


def _message(head: EnrollmentBatch | None, entry: dict[str, Any] | list[EnrollmentRef]) -> dict[str, Any]:
    if isinstance(entry, dict) or head is None:
        return entry if isinstance(entry, dict) else {}
    return head.of(entry).message()


def _all_text(message: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(message.get(name), str) for name in names)
