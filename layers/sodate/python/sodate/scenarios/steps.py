"""The kinds of step of a scenario: each has an `id`, one head key that is its kind, and most a successor, `then`."""

import ipaddress
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from sodate.conditions.language import Condition, OwnAttributePath, Text, bounded
from sodate.email.content.variables import GivenValues
from sodate.experiments.experiment import Experiment
from sodate.messages import Message
from sodate.playbook.model import Definition, HttpUrl, InvalidPart, Slug, unlike
from sodate.scenarios.triggers import Trigger, head_among
from sodate.scenarios.waits import Wait

#: As a successor: the enrollment ends. No step may have this id.
END = "end"
#: In `removed_steps`: leads at the step finish the version that they are in.
STAY = "stay"
#: Lists of the profile that `set` steps change.
TAGS, INTERESTS = "secondary.tags", "secondary.interests"
OnError = Literal["retry", "skip", "stop"]
Target = Annotated[Slug, Field(description="The id of a step, or `end`.")]
When = Annotated[Condition, AfterValidator(bounded)]


class _Step(Definition):
    kind: ClassVar[str]
    id: Slug


class _Linear(_Step):
    """A step with one ordinary successor."""

    then: Target | None = Field(default=None, description="The next step; empty: the one below.")


class SendStep(_Linear):
    kind = "send"
    send: Slug = Field(description="The template.")
    variables: GivenValues = Field(default_factory=dict)
    topic: Slug | None = Field(default=None, description="Instead of the scenario's topic.")
    over_cap: Literal["defer", "skip", "hold"] = Field(
        default="defer",
        description="When a frequency cap is reached: `defer` the email, `skip` it, or `hold` the lead at this step.",
    )
    valid_hours: int = Field(default=72, ge=1, le=24 * 30, description="Later than this after its time, it is skipped.")
    on_error: OnError = "retry"

    def __hash__(self) -> int:
        """Effects of the engine hold their step and are compared; `variables` has no hash."""
        return hash(self.id)


class WaitStep(_Linear):
    kind = "wait"
    wait: Wait


class WaitForStep(_Linear):
    """Continues with `then` when it happens, and with `on_timeout` when it has not happened in time."""

    kind = "wait_for"
    wait_for: Trigger
    since: Literal["enrollment", "step"] = Field(
        default="enrollment", description="What happened before this step counts since the enrollment, or not at all."
    )
    timeout: Wait
    on_timeout: Target


class Case(Definition):
    when: When
    then: Target


class BranchStep(_Step):
    """The first case that holds decides."""

    kind = "branch"
    branch: tuple[Case, ...] = Field(min_length=1, max_length=20)
    otherwise: Target


class Arm(Definition):
    id: Slug
    weight: int = Field(ge=0, le=1000, description="0: nobody new.")
    then: Target


class SplitExperiment(Experiment):
    """Which arm leads to more successes. The first leads of each arm count, as many as `minimum_per_variant`, each for
    `decide_after_hours`; with `always_valid` all of them. The leads that come after the decision take the winner, or
    `default` when no difference was found.
    """

    default: str = Field(max_length=60, description="The arm that the others are compared with.")
    goal: Slug | None = Field(default=None, description="With `metric: conversion`: a goal of the scenario.")

    @property
    def conversions(self) -> int:
        return super().conversions + (self.goal is not None)


class SplitStep(_Step):
    """At random by weight. Who has an arm keeps it, whatever the weights are later."""

    kind = "split"
    split: tuple[Arm, ...] = Field(min_length=2, max_length=10)
    experiment: SplitExperiment | None = None

    @property
    def weights(self) -> dict[str, int]:
        """Of the arms that new leads get."""
        return {arm.id: arm.weight for arm in self.split if arm.weight}

    @model_validator(mode="after")
    def _can_choose(self) -> Self:
        unlike([arm.id for arm in self.split], ("split",), "id")
        if not any(arm.weight for arm in self.split):
            raise ValueError(Message("`split`: every weight is 0"))
        return self

    @model_validator(mode="after")
    def _can_compare(self) -> Self:
        if self.experiment is not None and (self.experiment.default not in self.weights or len(self.weights) < 2):
            raise ValueError(Message("`experiment` needs two arms with a weight, and `default` is one of them"))
        return self


class HoldoutStep(_Linear):
    """Keeps a share of the leads out, to measure what the steps below cause."""

    kind = "holdout"
    holdout: float = Field(gt=0, lt=100, description="Percent of the leads that are kept out.")
    otherwise: Target = Field(default=END, description="Where the leads that are kept out continue.")


class Change(Definition):
    """Exactly one: a field of the profile, a tag, or an interest."""

    field: OwnAttributePath | None = None
    to: Text | None = None
    add_tag: Slug | None = None
    remove_tag: Slug | None = None
    add_interest: Slug | None = None

    @model_validator(mode="after")
    def _one_change(self) -> Self:
        if sum(each is not None for each in (self.field, self.add_tag, self.remove_tag, self.add_interest)) != 1:
            raise ValueError(Message("write exactly one of `field`, `add_tag`, `remove_tag`, `add_interest`"))
        if (self.field is None) != (self.to is None):
            raise ValueError(Message("`field` and `to` go together"))
        if self.field == "primary.email":
            raise ValueError(Message("`field`: a scenario cannot change the address"))
        return self


class SetStep(_Linear):
    kind = "set"
    set: tuple[Change, ...] = Field(min_length=1, max_length=20)


class EnrollStep(_Linear):
    """Enrolls the lead in another scenario, with the key of this enrollment if it has one."""

    kind = "enroll"
    enroll: Slug


class LeaveStep(_Linear):
    kind = "leave"
    leave: Slug


class CallTaskStep(_Linear):
    """A call (架電) for the lead's owner. Its result is an activity, `call_made`."""

    kind = "call_task"
    call_task: Text
    due: Wait


class SignalStep(_Linear):
    kind = "signal"
    signal: Text = Field(description="The reason that sales reads.")


def _public(url: str) -> str:
    """Raises: `ValueError` for an address that is not https, or that is written as a private one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        raise InvalidPart(Message("'{url}' is not https", url=url), Message("write https://…"))
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = "." not in host or host.endswith((".local", ".internal", ".localhost")) or _is_number(host)
    if is_private or parts.username is not None:
        hint = Message("write a public host, without user name and password")
        raise InvalidPart(Message("'{url}' is no public address", url=url), hint)
    return url


def _is_number(host: str) -> bool:
    """`127.1` and `0x7f.1` are addresses for many clients."""
    return host.rpartition(".")[2].lower().removeprefix("0x").isdigit() or host.lower().startswith("0x")


class WebhookStep(_Linear):
    """Posts the lead's ids as a Standard Webhook."""

    kind = "webhook"
    webhook: Annotated[HttpUrl, AfterValidator(_public)]
    on_error: OnError = "retry"


class EndStep(_Step):
    kind = "end"
    end: Slug = Field(description="A word for reports, e.g. `attended`.")


_HEADS = (
    "send", "wait", "wait_for", "branch", "split", "holdout", "set", "enroll", "leave", "call_task", "signal",
    "webhook", "end",
)  # fmt: skip
Step = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[WaitForStep, Tag("<wait_for>")]
    | Annotated[BranchStep, Tag("<branch>")]
    | Annotated[SplitStep, Tag("<split>")]
    | Annotated[HoldoutStep, Tag("<holdout>")]
    | Annotated[SetStep, Tag("<set>")]
    | Annotated[EnrollStep, Tag("<enroll>")]
    | Annotated[LeaveStep, Tag("<leave>")]
    | Annotated[CallTaskStep, Tag("<call_task>")]
    | Annotated[SignalStep, Tag("<signal>")]
    | Annotated[WebhookStep, Tag("<webhook>")]
    | Annotated[EndStep, Tag("<end>")],
    Discriminator(
        lambda value: head_among(_HEADS, value),
        custom_error_type="step_kind",
        custom_error_message="a step has exactly one of " + ", ".join(f"`{head}`" for head in _HEADS),
    ),
]
