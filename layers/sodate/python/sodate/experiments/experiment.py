"""How an experiment is measured and decided, written before it begins. Broadcasts and splits add their variants."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from sodate.conditions.one_activity import OneActivity
from sodate.messages import Message
from sodate.playbook.model import Definition

LONGEST_HOURS = 90 * 24
#: Below this, no rate says anything.
FEWEST_PER_VARIANT = 50


class Experiment(Definition):
    metric: Literal["click", "conversion", "meeting"] = Field(
        description="What counts as a success of a lead: a click by a person, the activity of `conversion`, or a"
        " meeting with sales. Opens are not offered: mail programs open most emails by themselves."
    )
    conversion: OneActivity | None = Field(
        default=None, description="With `metric: conversion`: the activity, as in conditions."
    )
    decide_after_hours: int = Field(
        ge=1,
        le=LONGEST_HOURS,
        description="The horizon: how long the success of each lead is waited for. The experiment is decided then, and"
        " the figures before it decide nothing, unless `always_valid`.",
    )
    always_valid: bool = Field(
        default=False,
        description="Decide at any look, as soon as the difference is certain: the intervals are wider, so that looking"
        " often finds no more false winners. A broadcast is looked at every half hour until the horizon.",
    )
    minimum_per_variant: int = Field(
        default=100, ge=FEWEST_PER_VARIANT, le=10_000_000, description="With fewer leads in a variant nothing wins."
    )
    minimum_hours: int = Field(
        default=1, ge=0, le=LONGEST_HOURS, description="`always_valid` decides no earlier after the first lead."
    )
    winner: Literal["automatic", "by_person"] = Field(
        default="automatic", description="`by_person`: the result is shown, and a person chooses."
    )
    level: float = Field(
        default=0.05, ge=0.001, le=0.2, description="How often a winner is found at most where there is no difference."
    )

    @property
    def horizon(self) -> timedelta:
        return timedelta(hours=self.decide_after_hours)

    @property
    def conversions(self) -> int:
        """How many are named."""
        return int(self.conversion is not None)

    @model_validator(mode="after")
    def _names_the_success(self) -> Self:
        if self.conversions != (self.metric == "conversion"):
            raise ValueError(Message("`metric: conversion` goes with exactly one conversion, and only with it"))
        if self.conversion is not None and self.conversion.activity == "mail_opened":
            raise ValueError(
                Message("an open is no conversion: mail programs open most emails by themselves; take `click`")
            )
        return self
