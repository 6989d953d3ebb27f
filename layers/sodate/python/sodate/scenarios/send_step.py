"""Sends one batch of step mails by the send protocol (`email.delivery.send_batch`)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.consent.links import Links
from sodate.email.delivery.message import EnrollmentBatch
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence
from sodate.scenarios.sequence_source import SequenceSource
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
            Invalid: the sequence has no such step.
            NotFound: the sequence or its version does not exist.
        """
        sequence = parsed(self.definitions.version("sequence", batch.sequence, batch.version), Sequence)
        if not 0 <= batch.step < len(sequence.steps):
            raise Invalid(f"sequence {sequence.id} version {batch.version} has no step {batch.step}", "message")
        now = self.sender.now()
        if self.is_paused(sequence.id):
            due.plan(now + PAUSE_CHECK, lane_of(sequence), batch.id, batch, now)
            return Counter(paused=len(batch.enrollments))
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        composer = StepComposer(self.definitions, self.links, self.stage, sequence, mailing)
        source = SequenceSource(batch, sequence, mailing, composer, began)
        return self.sender.send(source, source.requests(), mailing, began, batch.evidence or "")

    def is_paused(self, sequence_id: str) -> bool:
        """Pausing is a flag on the live version; it applies to enrollments of older versions too."""
        try:
            live = parsed(self.definitions.live("sequence", sequence_id), Sequence)
        except NotFound:
            return False
        return live.status == "paused"
