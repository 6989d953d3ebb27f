"""The experiment of a broadcast: variants of the email, and how much of the audience takes part."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.email.mailing import Line, LocalTime
from sodate.experiments.decision import Arms
from sodate.experiments.experiment import Experiment
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug, unlike

LONGEST_HOURS = 28 * 24


class Variant(Definition):
    """What differs from the broadcast; a variant without any of it is the email as it is."""

    id: Slug
    weight: int = Field(default=1, ge=1, le=1000, description="Its part of the leads, relative to the others.")
    template: Slug | None = None
    subject: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = Field(
        default=None, description="Instead of the template's; Liquid as there."
    )
    sender_name: Line | None = Field(
        default=None, description="Shown in From. The address and the footer stay those of playbook.yaml."
    )
    at: LocalTime | None = Field(default=None, description="Send time on the day of the run, e.g. `18:30`.")


class BroadcastExperiment(Experiment):
    """Some leads or all get a variant at random; with a sample, the others get the winner."""

    variants: tuple[Variant, ...] = Field(min_length=2, max_length=10)
    default: Slug = Field(
        description="The variant that the others are compared with, and that is sent when no difference is found."
    )
    sample: int = Field(
        ge=1,
        le=100,
        description="Percent of the leads that get a variant; others get the winner. 100: all get one.",
    )
    person_has_hours: int = Field(
        default=24, ge=1, le=7 * 24, description="With `winner: by_person`: how long; then `default` is sent."
    )

    @property
    def is_sampled(self) -> bool:
        return self.sample < 100

    @property
    def arms(self) -> Arms:
        return Arms({one.id: one.weight for one in self.variants}, self.default)

    def variant(self, variant_id: str) -> Variant:
        return next(one for one in self.variants if one.id == variant_id)

    @property
    def has_times(self) -> bool:
        return any(one.at is not None for one in self.variants)

    @property
    def longest(self) -> timedelta:
        """From the last email of the sample until the first one of the others, when nothing is late."""
        person = timedelta(hours=self.person_has_hours) if self.winner == "by_person" else timedelta(0)
        return self.horizon + person + timedelta(days=int(self.has_times))

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if self.always_valid and self.minimum_hours >= self.decide_after_hours:
            raise ValueError(
                Message("`minimum_hours` must be less than `decide_after_hours`, or nothing is looked at early")
            )
        if self.decide_after_hours > LONGEST_HOURS:
            raise ValueError(
                Message(
                    "`decide_after_hours`: the others wait {longest_hours} hours at most", longest_hours=LONGEST_HOURS
                )
            )
        return self

    @model_validator(mode="after")
    def _names_its_variants(self) -> Self:
        ids = [one.id for one in self.variants]
        unlike(ids, ("variants",), "id")
        if self.default not in ids:
            raise ValueError(Message("`default` is no variant; one of: {ids}", ids=", ".join(ids)))
        return self

    @model_validator(mode="after")
    def _leaves_leads_for_the_winner(self) -> Self:
        if not self.is_sampled and self.winner == "automatic":
            raise ValueError(
                Message(
                    "with `sample: 100` nobody is left who could get the winner: write `winner: by_person`, or a sample"
                )
            )
        return self

    @model_validator(mode="after")
    def _times_are_looked_at_once(self) -> Self:
        if self.has_times and self.always_valid:
            raise ValueError(
                Message(
                    "variants with `at` need one look at the horizon: before, the earlier email leads because it is"
                    " earlier"
                )
            )
        return self
