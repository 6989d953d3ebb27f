"""How a lead comes into a scenario, and whether it may come in again. Pure."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.conditions.language import AttributePath, Which
from sodate.email.mailing import LocalTime
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug
from sodate.scenarios.recurrence import Recurrence
from sodate.scenarios.steps import When
from sodate.scenarios.triggers import Trigger, head_among, matches
from sodate.scenarios.waits import OnDate

Rank = Annotated[str, Field(pattern=r"^[ABC][123]$")]


class _Entry(Definition):
    when: When | None = Field(default=None, description="Only leads of which this holds.")


class OptInEntry(_Entry):
    """A confirmed opt-in to the scenario's topic."""

    opt_in_confirmed: tuple[Slug, ...] = Field(max_length=50, description="Forms; an empty list: any form.")


class ActivityEntry(_Entry):
    on: Trigger


class FormEntry(_Entry):
    form: Slug


class ScoreEntry(_Entry):
    """A score total crosses a value: overall or of one category, and each of the five totals."""

    score: Which
    category: Slug | None = None
    rises_to: float | None = Field(default=None, ge=-1e9, le=1e9)
    falls_below: float | None = Field(default=None, ge=-1e9, le=1e9)

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.rises_to is None) == (self.falls_below is None):
            raise ValueError(Message("`score` needs either `rises_to` or `falls_below`"))
        return self

    def is_crossed(self, before: float, after: float) -> bool:
        if self.rises_to is not None:
            return before < self.rises_to <= after
        return self.falls_below is not None and after < self.falls_below <= before


class RankEntry(_Entry):
    """The rank becomes one of these, from one that is not among them."""

    rank: tuple[Rank, ...] = Field(min_length=1, max_length=9)

    def is_crossed(self, before: str, after: str) -> bool:
        return after in self.rank and before not in self.rank


class PhaseEntry(_Entry):
    """The phase becomes one of these, from one that is not among them."""

    phase: tuple[Slug, ...] = Field(min_length=1, max_length=20)

    def is_crossed(self, before: str, after: str) -> bool:
        return after in self.phase and before not in self.phase


class DateEntry(_Entry):
    """At a date of the profile (契約更新日の30日前: `days: -30`). A date that is past already enrolls nobody."""

    date: AttributePath
    days: int = Field(default=0, ge=-3650, le=3650)
    at: LocalTime
    on_holiday: Literal["keep", "before", "after"] = "keep"

    @property
    def as_wait(self) -> OnDate:
        rest = {"date": self.date, "days": self.days, "at": self.at, "on_holiday": self.on_holiday}
        return OnDate.model_validate({**rest, "already_past": "skip", "missing": "skip"})


class ScheduleEntry(_Entry):
    """At each occurrence, every member of the segment."""

    schedule: Recurrence
    segment: Slug


class ManualEntry(_Entry):
    """By an operator: `sodate scenario enroll`."""

    manual: Literal[True]


_HEADS = ("opt_in_confirmed", "on", "form", "score", "rank", "phase", "date", "schedule", "manual")
Entry = Annotated[
    Annotated[OptInEntry, Tag("<opt_in_confirmed>")]
    | Annotated[ActivityEntry, Tag("<on>")]
    | Annotated[FormEntry, Tag("<form>")]
    | Annotated[ScoreEntry, Tag("<score>")]
    | Annotated[RankEntry, Tag("<rank>")]
    | Annotated[PhaseEntry, Tag("<phase>")]
    | Annotated[DateEntry, Tag("<date>")]
    | Annotated[ScheduleEntry, Tag("<schedule>")]
    | Annotated[ManualEntry, Tag("<manual>")],
    Discriminator(
        lambda value: head_among(_HEADS, value),
        custom_error_type="entry_kind",
        custom_error_message="an entry has exactly one of " + ", ".join(f"`{head}`" for head in _HEADS),
    ),
]


def starts(entry: Entry, activity: Activity) -> bool:
    """Whether this activity is what the entry names. Its `when` and the re-entry policy are further questions."""
    match entry:
        case ActivityEntry():
            return matches(entry.on, activity)
        case FormEntry():
            return activity.type == ActivityType.FORM_SUBMITTED and activity.about.get("form") == entry.form
        case OptInEntry():
            wanted_form = not entry.opt_in_confirmed or activity.about.get("form") in entry.opt_in_confirmed
            return activity.type == ActivityType.OPT_IN_CONFIRMED and wanted_form
    return False


class ReEntry(Definition):
    """Whether a lead that was in the scenario before may come in again (with a key: for the same key)."""

    allow: Literal["never", "after_exit", "always"] = Field(
        default="never", description="`always`: also while it is in it; the earlier enrollment then ends."
    )
    interval_days: int = Field(default=0, ge=0, le=3650, description="At least so long after the earlier enrollment.")

    def rejection(self, since: datetime, *, is_complete: bool, now: datetime) -> str | None:
        """Reason code why a lead with an enrollment that began at `since` may not enter now; None: it may."""
        if self.allow == "never":
            return "was_in_it"
        if self.allow == "after_exit" and not is_complete:
            return "already_in_it"
        return "interval" if now - since < timedelta(days=self.interval_days) else None
