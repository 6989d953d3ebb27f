"""Due entries about the attempts of step mails: the watch entry (`watch`) and the later check (`look`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.watch import WatchedSend
from sodate.email.ledger.states import StepRef, send_id
from sodate.email.ledger.store import SendItem, step_send


@dataclass(frozen=True, slots=True)
class StepWatch:
    """Enrollments whose step one attempt sends. See `email.delivery.watch.WatchedSource`.

    Each attempt has a separate entry, so that closing one never removes the open enrollments of another.
    """

    what: ClassVar[str] = "watch"
    batch: EnrollmentBatch
    began: datetime

    def to_message(self) -> dict[str, Any]:
        """Without the times of first attempts, which every email would have: `check` reads them from STATE."""
        enrollments = self.batch.enrollments
        if self.batch.attempt == 1:
            enrollments = tuple(EnrollmentRef(one.lead_id, one.enrollment_id, visit=one.visit) for one in enrollments)
        return {**self.batch.of(enrollments).to_message(), "what": self.what, "began": keys.stamp(self.began)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "StepWatch":
        batch = EnrollmentBatch.parse(message, fewest=0)  # without enrollments: every outcome is known
        return cls(batch, datetime.fromisoformat(str(message["began"])))

    def sends(self) -> list[WatchedSend]:
        return [self._watched(enrollment) for enrollment in self.batch.enrollments]

    def _watched(self, enrollment: EnrollmentRef) -> WatchedSend:
        ref = self.batch.ref(enrollment)
        claimed = keys.STATE if ref.attempt == 1 else keys.send(ref.earlier[0].send_id)
        return WatchedSend(ref.lead_id, ref.send_id, (keys.lead(ref.lead_id), claimed), enrollment)

    def is_claimed(self, send: WatchedSend, item: Mapping[str, Any]) -> bool:
        ref = self._ref(send)
        if ref.attempt > 1:
            return bool(item.get("next_attempt") == ref.send_id)
        enrollment = item.get("enrollments", {}).get(ref.sequence, {})
        if enrollment.get("id") != ref.enrollment_id:
            return False
        return bool(enrollment["step"] > ref.step if ref.visit is None else enrollment["m"] > ref.visit.number)

    def ledger_item(self, send: WatchedSend, now: datetime) -> SendItem:
        return step_send(self._ref(send), "", "", now)

    def check(self, unclear: Sequence[tuple[WatchedSend, Mapping[str, Any]]], now: datetime) -> "StepCheck":
        dated = self.batch.of(_dated(send.reference, self.batch, item) for send, item in unclear)
        return StepCheck(dated, self.began, now)

    def _ref(self, send: WatchedSend) -> StepRef:
        return self.batch.ref(send.reference)


def _dated(enrollment: EnrollmentRef, batch: EnrollmentBatch, state: Mapping[str, Any]) -> EnrollmentRef:
    """Adds `since` and `time_zone` for the next attempt; entries of a further attempt have them."""
    if enrollment.since is not None:
        return enrollment
    since = state.get("enrollments", {}).get(batch.sequence, {}).get("since")
    return replace(enrollment, since=datetime.fromisoformat(since) if since else None, time_zone=state.get("zone"))


@dataclass(frozen=True, slots=True)
class StepCheck:
    """Step mails with an unknown outcome. `began`: when their attempt began; `listed`: when they became unknown."""

    what: ClassVar[str] = "look"
    batch: EnrollmentBatch
    began: datetime
    listed: datetime

    @property
    def ref(self) -> str:
        return send_id("look", self.batch.id, keys.stamp(self.began))

    def to_message(self) -> dict[str, Any]:
        times = {"began": keys.stamp(self.began), "listed": keys.stamp(self.listed)}
        return {**self.batch.to_message(), "what": self.what, **times}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "StepCheck":
        began, listed = (datetime.fromisoformat(str(message[name])) for name in ("began", "listed"))
        return cls(EnrollmentBatch.parse(message), began, listed)
