"""A rehearsal of a playbook directory, or of what is live: people, definitions and assumptions put together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sodate.authoring.check import Checked
from sodate.authoring.plan import KINDS
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.crowd import Arrival, arrival_of, imagined, stored
from sodate.rehearsal.definitions import Definition, Rehearsed
from sodate.rehearsal.learn import learnt
from sodate.rehearsal.rehearse import Rehearsal
from sodate.rehearsal.report.summary import document
from sodate.rehearsal.sample_file import people_of
from sodate.rehearsal.store import stored_leads

MOST_DAYS, MOST_PEOPLE = 730, 200_000


@dataclass(frozen=True)
class Crowd:
    """Who takes part: the first of these that is set. `log_days`: the leads of the stage, with rates from its log."""

    sample: Path | None = None
    log_days: int | None = None
    imagined: int = 1_000


@dataclass(frozen=True)
class Run:
    """`also`: ids of scenarios that are played as if they were published."""

    begin: datetime
    days: int = 90
    seed: int = 1
    also: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[datetime, datetime]:
        return self.begin, self.begin + timedelta(days=self.days)


def assumptions_of(checked: Checked) -> Assumptions:
    doc = checked.playbook.rehearsal
    return doc.model if doc is not None and doc.model is not None else Assumptions()


def live_definitions(definitions: Definitions) -> Iterator[Definition]:
    return (stored for kind in KINDS for stored in definitions.all_live(kind))


def rehearse(definitions: Iterable[Definition], assumptions: Assumptions, crowd: Crowd, run: Run) -> dict[str, Any]:
    """The document of the rehearsal (`rehearsal.report.summary`).

    Raises: `Invalid` for an unknown scenario in `run.also`, or for a file of people that cannot be read.
    """
    played = Rehearsed.of(definitions, run.also)
    if missing := [name for name in run.also if name not in played.programs]:
        raise Invalid(
            Message(
                "there is no scenario or sequence `{missing}`: there are {programs}",
                missing=missing[0],
                programs=", ".join(played.programs),
            ),
            "id",
        )
    if not played.programs and not played.broadcasts:
        raise Invalid(
            Message("nothing is published or released: name a draft to rehearse it, e.g. `rehearse welcome`"), "id"
        )
    if crowd.log_days is not None:
        assumptions = learnt(stored_leads(), crowd.log_days, run.begin, assumptions.sending)
    figures = Rehearsal(played, assumptions, run.span, run.seed).run(_arrivals(played, assumptions, crowd, run))
    return document(figures, played, assumptions, run.span, run.seed)


def _arrivals(played: Rehearsed, assumptions: Assumptions, crowd: Crowd, run: Run) -> Iterator[Arrival]:
    chance = Chance(run.seed)
    if crowd.sample is not None:
        for number, given in enumerate(people_of(crowd.sample), 1):
            yield arrival_of(f"person-{number}", given, played, assumptions, chance, run.span)
    elif crowd.log_days is not None:
        yield from map(stored, stored_leads())
    else:
        yield from imagined(crowd.imagined, played, assumptions, chance, run.span)
