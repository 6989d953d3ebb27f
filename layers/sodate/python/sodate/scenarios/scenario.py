"""A scenario: the definition that marketing writes. `program` compiles it; `engine` runs it."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sodate.leads.time_zone import known_time_zone
from sodate.messages import Message
from sodate.playbook.model import Definition, InvalidPart, Slug, unlike
from sodate.scenarios.entries import Entry, ReEntry
from sodate.scenarios.steps import Step, When
from sodate.scenarios.triggers import Trigger


class ScenarioStatus(StrEnum):
    DRAFT = "draft"
    """Nobody enrolls."""
    PUBLISHED = "published"
    PAUSED = "paused"
    """Nobody enrolls, and no step runs."""
    ENDED = "ended"
    """Every enrollment has ended."""


#: Steps are taken; those of an ended scenario end the enrollments.
RUNNING = (ScenarioStatus.PUBLISHED, ScenarioStatus.ENDED)


class PausePolicy(Definition):
    """What a pause does to the waits that it interrupts."""

    waits: Literal["count_on", "restart", "hold"] = Field(
        default="count_on",
        description="`count_on`: time passes as usual; `restart`: each wait begins again when the scenario resumes;"
        " `hold`: the time of the pause does not count.",
    )
    skip_overdue_hours: int | None = Field(
        default=None,
        ge=0,
        le=24 * 365,
        description="Skip an email that fell due in the pause and is overdue by more than this; empty: `valid_hours`.",
    )


class _Ending(Definition):
    """Either an activity since the enrollment (`on`), or a condition (`when`)."""

    id: Slug
    on: Trigger | None = None
    when: When | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.on is None) == (self.when is None):
            raise ValueError(Message("write either `on` or `when`"))
        return self


class Goal(_Ending):
    """Counted within the window from the enrollment on, also after the enrollment has ended."""

    within_days: int = Field(default=90, ge=1, le=730)
    exit: bool = Field(default=True, description="Reaching it ends the enrollment.")


class Exit(_Ending):
    """Checked when something happens to the lead, and again before each step that is due."""


class Scenario(Definition):
    id: Slug
    title: str = Field(default="", max_length=200)
    status: ScenarioStatus = ScenarioStatus.DRAFT
    pause: PausePolicy = PausePolicy()
    topic: Slug = Field(description="Consent topic that its emails need.")
    priority: Literal["step", "broadcast"] = "step"
    precedence: int = Field(default=0, ge=-100, le=100, description="Of two scenarios for one lead, the higher first.")
    strict: bool = Field(default=False, description="Never a second attempt of an email with an unknown outcome.")
    time_zone: str = "Asia/Tokyo"
    calendar: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "JP"
    entry: tuple[Entry, ...] = Field(min_length=1, max_length=20)
    re_entry: ReEntry = ReEntry()
    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = Field(
        default=None, description="Attribute of the activities, e.g. `seminar`: one enrollment per lead and value."
    )
    max_entries_per_hour: int | None = Field(
        default=None, ge=1, le=1_000_000, description="More than this stops the entry until an operator decides."
    )
    goals: tuple[Goal, ...] = Field(default=(), max_length=10)
    exits: tuple[Exit, ...] = Field(default=(), max_length=20)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=200)
    removed_steps: dict[Slug, Slug] = Field(
        default_factory=dict,
        max_length=200,
        description="Steps of earlier versions: where leads at them go on (a step, or `end`), or `stay`.",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not known_time_zone(value):
            raise ValueError(
                Message("unknown time zone {value!r}; write an IANA name such as `Asia/Tokyo`", value=value)
            )
        return value

    @model_validator(mode="after")
    def _goals_and_exits_are_named_once(self) -> Self:
        unlike([goal.id for goal in self.goals], ("goals",), "id")
        unlike([one.id for one in self.exits], ("exits",), "id")
        goals = {goal.id for goal in self.goals}
        for number, one in enumerate(self.exits):
            if one.id in goals:
                message = Message("`{name}` is a goal and an exit", name=one.id)
                raise InvalidPart(message, Message("give each its own id"), ("exits", number, "id"))
        return self
