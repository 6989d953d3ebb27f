"""A person decides an experiment, before or after it decided itself."""

from dataclasses import dataclass, replace
from datetime import datetime

from sodate.dynamodb import keys
from sodate.errors import Invalid
from sodate.experiments.decision import Arms, ExperimentName, Outcome
from sodate.experiments.store import Decision, find_decision, replace_decision
from sodate.leads.text import one_line
from sodate.messages import Message

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Choice:
    variant: str
    person: str
    because: str


def choose(name: ExperimentName, arms: Arms, choice: Choice, now: datetime) -> Decision:
    """The decision that stands now; it keeps those that it replaces.

    Raises:
        Invalid: there is no such variant, or no reason.
        Conflict: it was decided meanwhile.
    """
    reason = one_line(choice.because)[:_LONGEST_REASON]
    if not reason:
        raise Invalid(Message("--because must say something"))
    if choice.variant not in arms.weights:
        raise Invalid(
            Message(
                "no variant {variant!r}; one of: {weights}", variant=choice.variant, weights=", ".join(arms.weights)
            )
        )
    before = find_decision(name)
    decision = Decision(choice.variant, Outcome.CHOSEN, choice.person, keys.stamp(now), reason)
    if before is not None:
        earlier = (replace(before, earlier=()), *before.earlier)
        decision = replace(decision, counts=before.counts, earlier=earlier)
    replace_decision(name, before, decision)
    return decision
