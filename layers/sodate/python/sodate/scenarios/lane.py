"""The due lane of a sequence's sends. A module of its own, so that enrolling does not import the sending code."""

from sodate.scenarios.sequence import Sequence
from sodate.scheduling import store as due
from sodate.scheduling.store import Lane


def lane_of(sequence: Sequence) -> Lane:
    return due.BROADCAST if sequence.priority == "broadcast" else due.STEP
