"""Sends the emails of one batch of enrollments by the send protocol (`email.delivery.send_batch`)."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.consent.links import Links
from sodate.email.delivery.experiment_message import ArmReview
from sodate.email.delivery.message import EnrollmentBatch, ScenarioMessage
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.enrollment_source import EnrollmentSource
from sodate.scenarios.enter_by_schedule import ScheduleEntries
from sodate.scenarios.keep_order import waiting_emails
from sodate.scenarios.lane import lane_of
from sodate.scenarios.pauses import Pauses
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, pauses_of, program
from sodate.scenarios.review_arms import ArmReviews
from sodate.scenarios.run_batch import BatchRun
from sodate.scenarios.scenario import RUNNING, ScenarioStatus
from sodate.scheduling import store as due

#: A paused sequence is looked at again this much later.
PAUSE_CHECK = timedelta(hours=1)


@dataclass(frozen=True)
class StepEmail:
    definitions: Definitions
    links: Links
    stage: str
    sender: BatchSender

    def act(self, message: ScenarioMessage, began: datetime) -> Counter[str]:
        """Number of enrollments or leads per outcome. Raises: what `send` and `ScheduleEntries.act` raise."""
        if isinstance(message, EnrollmentBatch):
            return self.send(message, began)
        if isinstance(message, ArmReview):
            return ArmReviews(self.definitions, self.sender.now).act(message, began)
        return ScheduleEntries(self.definitions, self.sender.now).act(message, began)

    def send(self, batch: EnrollmentBatch, began: datetime) -> Counter[str]:
        """Number of enrollments per outcome; the ledger stores the reasons. `began`: when the invocation began.

        Raises:
            Invalid: the sequence has no email at this step; or leads could not be processed, after all others were.
            NotFound: the sequence or its version does not exist.
        """
        compiled = program(self.definitions, batch.sequence, batch.version)
        now = self.sender.now()
        status = self._live_status(batch.sequence)
        if status not in RUNNING:
            due.plan(now + PAUSE_CHECK, lane_of(compiled), batch.id, batch, now)
            return Counter(paused=len(batch.enrollments))
        mailing, has_ended = parsed(self.definitions.live("mailing"), Mailing), status is ScenarioStatus.ENDED
        earliest = min((one.visit.began for one in batch.enrollments if one.visit), default=now)
        pauses = pauses_of(self.definitions, batch.sequence, earliest)
        needs_engine = has_ended or bool(pauses.spans) or compiled.needs_engine(batch.step)
        if batch.attempt > 1 or not needs_engine:
            return self._send(batch, compiled, mailing, began, pauses)
        outcome = BatchRun(self.definitions, compiled, mailing, now, has_ended, pauses).run(batch)
        if outcome.emails:
            outcome.counts += self._send(batch.of(outcome.emails), compiled, mailing, began, pauses)
        if outcome.faults:
            raise Invalid("; ".join(outcome.faults), "lead")
        return outcome.counts

    def _send(
        self, batch: EnrollmentBatch, compiled: Program, mailing: Mailing, began: datetime, pauses: Pauses
    ) -> Counter[str]:  # fmt: skip
        composer = StepComposer(self.definitions, self.links, self.stage, compiled, mailing)
        source = EnrollmentSource(batch, compiled, mailing, composer, began, pauses)
        waiting = {} if batch.attempt > 1 else waiting_emails(self.definitions, batch, source.topic, mailing, began)
        requests = [replace(one, goes_after=waiting.get(one.lead_id)) for one in source.requests()]
        return self.sender.send(source, requests, mailing, began, batch.evidence or "")

    def _live_status(self, name: str) -> ScenarioStatus:
        """The status is a flag on the live version; it applies to enrollments of older versions too."""
        try:
            return live_program(self.definitions, name).status
        except NotFound:  # retired: who is in it goes on
            return ScenarioStatus.PUBLISHED
