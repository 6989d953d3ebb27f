"""Which due lane a sequence's mails wait in. A room of its own: whoever only enrolls needs nothing of the sending."""

from sodate.scenarios.sequence import Sequence
from sodate.scheduling import store as due
from sodate.scheduling.store import Lane


def lane_of(sequence: Sequence) -> Lane:
    return due.BROADCAST if sequence.priority == "broadcast" else due.STEP
