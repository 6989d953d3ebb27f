"""Sends the emails of one batch of enrollments by the send protocol (`email.delivery.send_batch`)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.consent.links import Links
from sodate.email.delivery.message import EnrollmentBatch
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.enrollment_source import EnrollmentSource
from sodate.scenarios.lane import lane_of
from sodate.scenarios.programs import live_program, program
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

    def send(self, batch: EnrollmentBatch, began: datetime) -> Counter[str]:
        """Number of enrollments per outcome; the ledger stores the reasons. `began`: when the invocation began.

        Raises:
            Invalid: the sequence has no email at this step.
            NotFound: the sequence or its version does not exist.
        """
        runs = program(self.definitions, batch.sequence, batch.version)
        now = self.sender.now()
        status = self._live_status(batch.sequence)
        if status not in RUNNING:
            due.plan(now + PAUSE_CHECK, lane_of(runs), batch.id, batch, now)
            return Counter(paused=len(batch.enrollments))
        mailing, counts = parsed(self.definitions.live("mailing"), Mailing), Counter[str]()
        has_ended = status is ScenarioStatus.ENDED
        if batch.attempt == 1 and (has_ended or runs.needs_engine(batch.step)):
            batch, counts = BatchRun(self.definitions, runs, mailing, now, has_ended).run(batch)
            if not batch.enrollments:
                return counts
        composer = StepComposer(self.definitions, self.links, self.stage, runs, mailing)
        source = EnrollmentSource(batch, runs, mailing, composer, began)
        return counts + self.sender.send(source, source.requests(), mailing, began, batch.evidence or "")

    def _live_status(self, name: str) -> ScenarioStatus:
        """The status is a flag on the live version; it applies to enrollments of older versions too."""
        try:
            return live_program(self.definitions, name).status
        except NotFound:  # retired: who is in it goes on
            return ScenarioStatus.PUBLISHED
