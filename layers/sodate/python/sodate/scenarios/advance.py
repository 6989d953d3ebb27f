"""What the engine is asked about and what it answers: the enrollment, the lead, effects, and the reason of each step.

Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sodate.conditions.language import Condition
from sodate.scenarios.steps import OnError, SendStep
from sodate.scenarios.triggers import Trigger


class Dated(Protocol):
    """What the times of a lead's steps depend on."""

    @property
    def time_zone(self) -> str | None:
        """IANA name; None: not known, and the scenario's time zone applies."""

    def attribute(self, path: str) -> Any:
        """Value of the profile, e.g. of `primary.renewal`."""


class Lead(Dated, Protocol):
    """One lead at the moment at which the engine runs."""

    @property
    def id(self) -> str: ...

    def holds(self, condition: Condition) -> bool: ...

    def has_happened(self, trigger: Trigger, since: datetime, key: tuple[str, str] | None) -> bool:
        """Whether the log has a matching activity later than `since` (`triggers.matches`)."""


@dataclass(frozen=True)
class ActiveEnrollment:
    """An enrollment as the engine sees it.

    `node`: the index of the node that is next; `entered`: when the lead came to it; `moves`: from node to node so far.
    `key`: name and value of the
    activity attribute. `arms`: split or holdout step → the lead's arm, also of earlier enrollments in this scenario.
    `reached`: goals that were counted. `chosen`: split step → the arm that a person chose for leads without one.
    """

    id: str
    node: int
    since: datetime
    entered: datetime
    key: tuple[str, str] | None = None
    arms: Mapping[str, str] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    moves: int = 0
    chosen: Mapping[str, str] = field(default_factory=dict)

    def at(self, node: int, entered: datetime) -> "ActiveEnrollment":
        return replace(self, node=node, entered=entered, moves=self.moves + 1)


# -- effects -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SendEmail:
    """The email of the node at which the enrollment stays. Its claim moves the enrollment to the node `then`.

    The email sender claims and sends it, and then runs the engine again (`after_send`). Any other caller plans the
    node for now instead.
    """

    step: str
    send: SendStep
    topic: str
    due: datetime
    valid_until: datetime
    then: int


@dataclass(frozen=True)
class SetField:
    path: str
    value: str


@dataclass(frozen=True)
class AddTag:
    tag: str


@dataclass(frozen=True)
class RemoveTag:
    tag: str


@dataclass(frozen=True)
class AddInterest:
    interest: str


@dataclass(frozen=True)
class Enroll:
    scenario: str
    key: tuple[str, str] | None


@dataclass(frozen=True)
class Leave:
    scenario: str


@dataclass(frozen=True)
class CreateCallTask:
    step: str
    title: str
    due: datetime


@dataclass(frozen=True)
class SendSignal:
    step: str
    reason: str


@dataclass(frozen=True)
class PostWebhook:
    step: str
    url: str
    on_error: OnError


@dataclass(frozen=True)
class GoalReached:
    """Counted once per enrollment and goal, however often the engine says it."""

    goal: str


@dataclass(frozen=True)
class EndEnrollment:
    """`reason`: `completed`, `goal:<id>`, `exit:<id>`, `date:<step>`, or the word of an end step.

    `is_early`: by a goal or an exit, so an email of the enrollment is not even attempted again.
    """

    reason: str
    is_early: bool = False


Effect = (
    SendEmail | SetField | AddTag | RemoveTag | AddInterest | Enroll | Leave | CreateCallTask | SendSignal
    | PostWebhook | GoalReached | EndEnrollment
)  # fmt: skip


# -- reasons -------------------------------------------------------------------------------------------------------


class ReasonCode(StrEnum):
    WAITS = "waits"
    WAIT_OVER = "wait_over"
    DATE_PAST = "date_past"
    NO_DATE = "no_date"
    WAITS_FOR_EVENT = "waits_for_event"
    EVENT = "event"
    TIMEOUT = "timeout"
    CASE = "case"
    OTHERWISE = "otherwise"
    ARM = "arm"
    KEPT_OUT = "kept_out"
    SEND = "send"
    OVERDUE = "overdue"
    DONE = "done"
    GOAL = "goal"
    EXIT = "exit"
    COMPLETED = "completed"
    NOT_ENROLLED = "not_enrolled"
    TOO_MANY_STEPS = "too_many_steps"


@dataclass(frozen=True)
class Reason:
    """Why the enrollment left a step, or stays at it. `detail`: the case, arm, goal, exit or policy."""

    code: ReasonCode
    step: str
    version: int
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.step} v{self.version}: {self.code}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True)
class Advance:
    """What one run decided. `reasons`: one per step passed; the last one says why the run stopped.

    `due`: when to run again; None: the enrollment has ended.
    """

    effects: tuple[Effect, ...]
    enrollment: ActiveEnrollment
    due: datetime | None
    reasons: tuple[Reason, ...]

    @property
    def node(self) -> int:
        return self.enrollment.node

    @property
    def reason(self) -> Reason:
        return self.reasons[-1]
