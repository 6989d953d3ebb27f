"""What deserves a look, the most surprising first: codes with values, whose words are in the catalogs. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from sodate.email.ledger.reason import Reason

#: Kinds of reasons: a cap of the playbook, or the frequency that the lead chose.
CAPS = frozenset((str(Reason.CAP), str(Reason.FREQUENCY)))
#: An email that is skipped for one of these would have left earlier.
_LATE = CAPS | {str(one) for one in (Reason.EXPIRED, Reason.PAUSED, Reason.CLOSED_HOURS, Reason.CHANGED_MEANWHILE)}

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
    late = {
        source: sum(count for reason, count in reasons.items() if kind_of(reason) in _LATE)
        for source, reasons in document["skipped"].items()
    }
    yield from _most_of("expired", late)
    yield from _most_of("cap_hits", {source: sum(reasons.values()) for source, reasons in document["cap_hits"].items()})


def _most_of(finding: str, counts: Mapping[str, int]) -> Iterator[Finding]:
    """One finding for all sources, with the one that has the most."""
    if emails := sum(counts.values()):
        source = min(counts, key=lambda one: (-counts[one], one))
        yield {"finding": finding, "emails": emails, "source": source, "of_source": counts[source]}


def kind_of(reason: str) -> str:
    """`cap:day` → `cap`."""
    return reason.partition(":")[0]
