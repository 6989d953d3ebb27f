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
from sodate.scenarios.scenario import ScenarioStatus
from sodate.scheduling import store as due

#: A paused sequence is looked at again this much later.
PAUSE_CHECK = timedelta(hours=1)
_RUNNING = (ScenarioStatus.PUBLISHED, ScenarioStatus.ENDED)


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
        if self.is_paused(batch.sequence):
            due.plan(now + PAUSE_CHECK, lane_of(runs), batch.id, batch, now)
            return Counter(paused=len(batch.enrollments))
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        composer = StepComposer(self.definitions, self.links, self.stage, runs, mailing)
        source = EnrollmentSource(batch, runs, mailing, composer, began)
        return self.sender.send(source, source.requests(), mailing, began, batch.evidence or "")

    def is_paused(self, name: str) -> bool:
        """Pausing is a flag on the live version; it applies to enrollments of older versions too."""
        try:
            return live_program(self.definitions, name).status not in _RUNNING
        except NotFound:
            return False
