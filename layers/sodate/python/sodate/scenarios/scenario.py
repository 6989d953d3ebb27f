"""The definition of a scenario: who enters, the steps, when it ends, what counts as success."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.conditions.language import AttributePath, Condition, Which
from sodate.email.mailing import LocalTime
from sodate.playbook.model import Definition, Slug
from sodate.scenarios.recurrence import Recurrence
from sodate.scenarios.steps import Step

MOST_STEPS = 200


class Crossing(Definition):
    """A total that rises to `at_least` (or falls below `below`)."""

    score: Which
    category: Slug | None = None
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("a crossing needs exactly one of `at_least` and `below`")
        return self


class DateEntry(Definition):
    """So many days before (negative) or after a date of the profile: 契約更新日の30日前 is -30."""

    attribute: AttributePath
    days: int = Field(ge=-3650, le=3650)
    at: LocalTime


class Entry(Definition):
    """Who enters: exactly one event, and a condition that must hold too."""

    opt_in: tuple[Slug, ...] | None = Field(default=None, description="Confirmed opt-in, from these forms; []: any.")
    activity: Condition | None = Field(default=None, description="An activity predicate.")
    segment_entered: Slug | None = None
    segment_left: Slug | None = None
    crossing: Crossing | None = None
    rank: tuple[str, ...] | None = Field(default=None, description="The lead comes to one of these ranks.")
    phase: tuple[Slug, ...] | None = Field(default=None, description="The lead comes to one of these phases.")
    date: DateEntry | None = None
    schedule: Recurrence | None = Field(default=None, description="Everybody for whom `when` holds, each time.")
    by_hand: Literal[True] | None = Field(default=None, description="Only from the command line, API or a scenario.")
    when: Condition | None = None

    @model_validator(mode="after")
    def _one_event(self) -> Self:
        events = set(type(self).model_fields) - {"when"}
        if sum(getattr(self, name) is not None for name in events) != 1:
            raise ValueError(f"an entry has exactly one of {', '.join(f'`{name}`' for name in sorted(events))}")
        if self.schedule is not None and self.when is None:
            raise ValueError("an entry by `schedule` needs `when`: otherwise every lead would enter")
        return self


class Reentry(Definition):
    """`never`: once per lead (and key). `after_exit`: again when the last enrollment ended, `after_days` later."""

    policy: Literal["never", "after_exit", "always"] = "never"
    after_days: int = Field(default=0, ge=0, le=3650)


class Goal(Definition):
    """Reached within `within_days` after the enrollment began, also after it ended."""

    id: Slug
    when: Condition
    within_days: int = Field(ge=1, le=730)
    ends_enrollment: bool = True


class Pause(Definition):
    """What time does while the scenario is paused. `overdue`: emails that came due meanwhile, when it goes on."""

    waits: Literal["count_on", "restart", "hold"] = "count_on"
    overdue: Literal["send", "skip"] = "send"
    skip_older_than_hours: int | None = Field(default=None, ge=1, le=24 * 365)


class Scenario(Definition):
    id: Slug
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    status: Literal["draft", "published", "paused", "ended"] = "draft"
    topic: Slug = Field(description="Consent topic of its emails.")
    priority: Literal["step", "broadcast"] = "step"
    strict: bool = Field(default=False, description="Never a second attempt of an email whose outcome is unknown.")
    time_zone: str = "Asia/Tokyo"
    calendar: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "JP"
    entry: tuple[Entry, ...] = Field(min_length=1, max_length=20)
    reentry: Reentry = Reentry()
    key: Slug | None = Field(default=None, description="Attribute of the activity: one enrollment per value of it.")
    max_entries_per_hour: int = Field(default=1000, ge=1, description="More of them stop the entry until you say so.")
    exit_when: tuple[Condition, ...] = Field(default=(), max_length=20)
    goals: tuple[Goal, ...] = Field(default=(), max_length=10)
    pause: Pause = Pause()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        from sodate.scenarios.compile_scenario import compile_scenario

        compile_scenario(self, 0)
        return self
