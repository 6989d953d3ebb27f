"""The due lane of a program's nodes. A module of its own, so that enrolling does not import the sending code."""

from typing import Literal, Protocol

from sodate.scheduling import store as due
from sodate.scheduling.store import Lane


class Prioritized(Protocol):
    @property
    def priority(self) -> Literal["step", "broadcast"]: ...


def lane_of(program: Prioritized) -> Lane:
    return due.BROADCAST if program.priority == "broadcast" else due.STEP
