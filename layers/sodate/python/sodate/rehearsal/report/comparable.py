"""A document as lines that can be compared: a heading, a name, and a figure or text. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Value = int | float | str | None


@dataclass(frozen=True)
class Line:
    """`group`: the heading; `name`: unique in it."""

    group: str
    name: str
    value: Value


def lines_of(document: Mapping[str, Any]) -> Iterator[Line]:
    """The most important first; scenarios are apart (`lines_of_scenario`)."""
    yield from _emails(document)
    yield from _sales(document["sales"])
    yield from _people(document)


def lines_of_scenario(name: str, scenario: Mapping[str, Any]) -> Iterator[Line]:
    group = f"Scenario {name}"
    yield Line(group, "entered", scenario["entered"])
    yield Line(group, "inside at the end", scenario["inside"])
    for reason, count in scenario["ended"].items():
        yield Line(group, f"ended: {reason}", count)
    for goal, one in scenario["goals"].items():
        yield Line(group, f"goal {goal}: reached", one["reached"])
        yield Line(group, f"goal {goal}: % of entered", one["percent"])
        yield Line(group, f"goal {goal}: median hours", one["median_hours"])
        yield Line(group, f"goal {goal}: 90 % within hours", one["p90_hours"])
    for step in scenario["steps"]:
        yield from _step(group, step)


def _step(group: str, step: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(group, f"step {step['id']}: came", step["came"])
    if len(step["exits"]) > 1:
        for one in step["exits"]:
            yield Line(group, f"step {step['id']}: {one['exit']} → {one['to']}", one["enrollments"])
    if step["ended_here"]:
        yield Line(group, f"step {step['id']}: ended early", step["ended_here"])


def _emails(document: Mapping[str, Any]) -> Iterator[Line]:
    emails, cost = document["emails"], document["cost"]
    yield Line("Emails", "emails", emails["all"])
    yield Line("Emails", "opt-in emails", emails["opt_in"])
    yield Line("Emails", "cost in USD", cost["usd"])
    for source, count in emails["by_source"].items():
        yield Line("Emails", f"of {source}", count)
    if emails["busiest_day"] is not None:
        yield Line("Emails", "on the busiest day", emails["busiest_day"]["emails"])
        yield Line("Emails", "the busiest day", emails["busiest_day"]["day"])
        yield Line("Emails", "in the busiest hour of the day", emails["busiest_hour"]["emails"])
        yield Line("Emails", "the busiest hour of the day", emails["busiest_hour"]["hour"])
    for outcome in ("deferred", "skipped"):
        for source, reasons in document[outcome].items():
            for reason, count in reasons.items():
                yield Line("Emails", f"{outcome}: {source}, {reason}", count)


def _sales(sales: Mapping[str, Any]) -> Iterator[Line]:
    for owner, busiest in sales["busiest_day"].items():
        for kind in ("signals", "calls"):
            yield Line("Sales", f"{owner}: {kind}", sum(sales[kind][owner].values()))
        yield Line("Sales", f"{owner}: signals and calls on the busiest day", busiest["signals"] + busiest["calls"])
    for answer, count in sales["answers"].items():
        yield Line("Sales", f"answer {answer}", count)


def _people(document: Mapping[str, Any]) -> Iterator[Line]:
    for name in ("all", "arrived", "confirmed"):
        yield Line("People", name, document["people"][name])
    for reason, count in document["people"]["opt_outs"].items():
        yield Line("People", f"no more email: {reason}", count)
    for pair in document["together"]:
        yield Line("People", f"at once in {' and '.join(pair['scenarios'])}", pair["people"])
    for template, one in document["answers"].items():
        for answer in ("opened", "clicked", "bounced", "unsubscribed", "complained"):
            yield Line("People", f"{template}: {answer}", one[answer])
