"""What deserves a look, the most surprising first: codes with values, whose words are in the catalogs. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from sodate.email.ledger.reason import Reason

Finding = dict[str, Any]


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Of a document that is complete but for them."""
    scenarios = document["scenarios"].items()
    return [
        *({"finding": "nobody_entered", "scenario": name} for name, one in scenarios if not one["entered"]),
        *(dead for name, one in scenarios for dead in _dead(name, one)),
        *(missed for name, one in scenarios for missed in _goals(name, one)),
        *_sending(document),
        *(
            {"finding": "together", "people": one["people"], "scenarios": one["scenarios"]}
            for one in document["together"]
        ),
    ]


def _dead(name: str, scenario: Mapping[str, Any]) -> Iterator[Finding]:
    """A step to which a dead exit leads is named by the exit."""
    named = {dead["to"] for dead in scenario["dead"]}
    for dead in scenario["dead"]:
        if dead["exit"] is not None:
            yield {"finding": "dead_exit", "scenario": name, **dead}
        elif dead["step"] not in named:
            yield {"finding": "dead_step", "scenario": name, "step": dead["step"]}


def _goals(name: str, scenario: Mapping[str, Any]) -> Iterator[Finding]:
    if scenario["entered"]:
        for goal, figures in scenario["goals"].items():
            if not figures["reached"]:
                yield {"finding": "goal_missed", "scenario": name, "goal": goal}


def _sending(document: Mapping[str, Any]) -> Iterator[Finding]:
    emails = document["emails"]
    day = emails["busiest_day"]
    if emails["waited_for_ses"] and day is not None:
        about = {"emails": day["emails"], "at_most": day["at_most"], "day": day["day"]}
        yield {"finding": "waited_for_ses", "times": emails["waited_for_ses"], **about}
    for source, reasons in document["skipped"].items():
        if late := reasons.get(Reason.EXPIRED):
            yield {"finding": "expired", "source": source, "emails": late}
    for source, reasons in document["cap_hits"].items():
        yield {"finding": "cap_hits", "source": source, "emails": sum(reasons.values())}
