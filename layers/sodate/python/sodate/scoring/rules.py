"""The rule set: what earns or costs points, what is hot, and which phase (認知→関心→検討→決定) a lead is in."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.playbook.model import Definition, Slug

ActivityType = Literal[
    "form_submitted",
    "opt_in_confirmed",
    "unsubscribed",
    "preferences_changed",
    "mail_opened",
    "mail_clicked",
    "mail_bounced",
    "mail_complained",
]
AttributePath = Annotated[str, StringConstraints(pattern=r"^(primary|secondary)\.[a-z][a-z0-9_]{0,39}$")]


class When(Definition):
    """Either an attribute test or an activity test.

    `attribute` with one of `equals`, `any_of`, `contains`, `present`; or `activity`, narrowed by `form`, `template`,
    `sequence` or `link_contains`.
    """

    attribute: AttributePath | None = None
    equals: str | None = None
    any_of: tuple[str, ...] | None = None
    contains: str | None = None
    present: bool | None = None
    at_least: float | None = None
    less_than: float | None = None
    all: tuple["When", ...] | None = None
    any: tuple["When", ...] | None = None
    not_: "When | None" = Field(default=None, alias="not")
    activity: ActivityType | None = None
    form: Slug | None = None
    template: Slug | None = None
    sequence: Slug | None = None
    link_contains: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_kind_of_test(self) -> Self:
        if self.all or self.any or self.not_:
            return self
        is_range = True if self.at_least is not None or self.less_than is not None else None
        tests = [self.equals, self.any_of, self.contains, self.present, is_range]
        narrow = [self.form, self.template, self.sequence, self.link_contains]
        if (self.attribute is None) == (self.activity is None):
            raise ValueError("write either `attribute` or `activity`")
        if self.attribute and (sum(t is not None for t in tests) != 1 or any(narrow)):
            raise ValueError("`attribute` needs exactly one of `equals`, `any_of`, `contains`, `present`")
        if self.activity and any(t is not None for t in tests):
            raise ValueError("`activity` goes with `form`, `template`, `sequence`, `link_contains` only")
        return self


class ScoreRule(Definition):
    id: Slug
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="What sales reads as the reason, e.g. 料金ページのリンクをクリック."
    )
    when: When
    points: int = Field(ge=-1000, le=1000)
    max_times: int | None = Field(default=None, ge=1, le=1000, description="How often it counts; empty: every time.")


class PhaseCondition(Definition):
    """All that is written must hold."""

    total_at_least: int | None = None
    activity: When | None = None
    any: tuple["PhaseCondition", ...] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.total_at_least is None and self.activity is None and not self.any:
            raise ValueError("write `total_at_least`, `activity` or `any`")
        return self


class PhaseRule(Definition):
    id: Slug
    label: str
    when: PhaseCondition | None = Field(default=None, description="Empty only for the first phase.")


class Hot(Definition):
    threshold: int = Field(ge=1, le=100_000, description="Total at which sales is told.")
    cool_below: int = Field(ge=0, description="Below this the lead is no longer hot and may become hot again.")

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        if self.cool_below >= self.threshold:
            raise ValueError("`cool_below` must be lower than `threshold`, or one lead would ring the bell all day")
        return self


class RuleSet(Definition):
    hot: Hot
    rules: tuple[ScoreRule, ...] = Field(max_length=200)
    phases: tuple[PhaseRule, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _named_once_and_ordered(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError("two rules have the same `id`")
        if self.phases[0].when is not None or any(phase.when is None for phase in self.phases[1:]):
            raise ValueError("the first phase has no `when` (everybody starts there), every later one needs it")
        return self
