"""The steps of a scenario as marketers write them. Each has an id and exactly one kind of action."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.conditions.language import AttributePath, Condition
from sodate.playbook.model import Definition, HttpUrl, Slug
from sodate.scenarios.waits import Wait

Percent = Annotated[float, Field(gt=0, lt=100)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SendStep(Definition):
    """`over_cap`: what happens to an email that a frequency cap forbids today: it is sent later, skipped, or the
    enrollment waits here until somebody decides.
    """

    template: Slug
    topic: Slug | None = Field(default=None, description="Consent topic; empty: the scenario's.")
    valid_hours: int = Field(default=72, ge=1, le=24 * 30, description="Later than this after its time, it is skipped.")
    over_cap: Literal["defer", "skip", "hold"] = "defer"
    on_error: Literal["skip", "stop"] = Field(
        default="skip",
        description="When an email cannot be made: go on without it, or end the enrollment.",
    )


class SetField(Definition):
    """Sets a field of the profile."""

    attribute: AttributePath
    value: ShortText


class AddValue(Definition):
    """Adds a value to a list of the profile: a tag (`secondary.tags`), an interest (`secondary.interest`)."""

    attribute: AttributePath
    value: ShortText


class CallTask(Definition):
    """A task for the lead's owner: call (架電)."""

    title: ShortText
    due_business_hours: int = Field(default=8, ge=1, le=400)


class SignalSales(Definition):
    """Hands the lead to sales with this reason, as a score that becomes hot does."""

    reason: ShortText


class PostWebhook(Definition):
    """A signed POST (Standard Webhooks). `on_error`: after the retries, go on without it, or end the enrollment."""

    url: HttpUrl
    retries: int = Field(default=5, ge=0, le=10)
    on_error: Literal["skip", "stop"] = "skip"


class EnrollIn(Definition):
    scenario: Slug


class LeaveScenario(Definition):
    scenario: Slug


Action = SetField | AddValue | CallTask | SignalSales | PostWebhook | EnrollIn | LeaveScenario


class WaitForStep(Definition):
    """Waits until the condition holds, at most until `at_most` is over. Activities from before do not count."""

    when: Condition
    at_most: Wait


class Arm(Definition):
    when: Condition
    then: Slug


class SplitArm(Definition):
    percent: Percent
    then: Slug


#: The keys of which a step has exactly one.
KINDS = (
    "send",
    "wait",
    "wait_for",
    "branch",
    "split",
    "holdout",
    "set",
    "add",
    "enroll",
    "leave",
    "call_task",
    "signal",
    "webhook",
    "end",
)
_WITH_OTHERWISE = ("wait_for", "branch")


class Step(Definition):
    """`then`: the next step; empty: the one below. `otherwise`: after a `wait_for` that is over, or no arm of a
    `branch`.
    """

    id: Slug
    send: SendStep | None = None
    wait: Wait | None = None
    wait_for: WaitForStep | None = None
    branch: tuple[Arm, ...] | None = Field(default=None, min_length=1, max_length=20)
    split: tuple[SplitArm, ...] | None = Field(default=None, min_length=1, max_length=10)
    holdout: Percent | None = Field(default=None, description="Percent that leave here, to measure the rest against.")
    set: SetField | None = None
    add: AddValue | None = None
    enroll: EnrollIn | None = None
    leave: LeaveScenario | None = None
    call_task: CallTask | None = None
    signal: SignalSales | None = None
    webhook: PostWebhook | None = None
    end: Literal[True] | None = None
    then: Slug | None = None
    otherwise: Slug | None = None

    @property
    def kind(self) -> str:
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def content(self) -> Any:
        return getattr(self, self.kind)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(f'`{name}`' for name in KINDS)}")
        if (self.otherwise is not None) != (given[0] in _WITH_OTHERWISE):
            raise ValueError("`wait_for` and `branch` need `otherwise`, other steps have none")
        if self.then is not None and given[0] in ("branch", "end"):
            raise ValueError(f"`{given[0]}` has no `then`")
        if self.split is not None and sum(arm.percent for arm in self.split) > 100:
            raise ValueError("the arms of a `split` have more than 100 percent together")
        return self
