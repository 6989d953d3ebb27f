"""How many leads are at which step of which version. Reads every lead: for an operator."""

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sodate.errors import NotFound
from sodate.leads.contact_state import id_of
from sodate.leads.store import every_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.programs import live_program, program

#: (scenario or sequence, version, index of the step) → enrollments that have not ended.
LeadsAtSteps = Counter[tuple[str, int, int]]


def leads_at_steps(scenarios: Collection[str]) -> LeadsAtSteps:
    """A lead counts once per enrollment: with a key, it may have several in a scenario."""
    return LeadsAtSteps(
        (id_of(name), enrollment.version, enrollment.step)
        for state in every_state()
        for name, enrollment in state.enrollments.items()
        if id_of(name) in scenarios and not enrollment.is_complete
    )


@dataclass(frozen=True)
class Inside:
    """`live`: the live version; None: the scenario is retired. `leads`: by version and step."""

    live: int | None
    leads: Counter[tuple[int, str]]


def inside(definitions: Definitions, scenario: str) -> Inside:
    """Raises: `NotFound` when there never was such a scenario or sequence."""
    if scenario not in definitions.newest_versions("sequence"):
        raise NotFound(Message("there is no scenario or sequence named {scenario!r}", scenario=scenario))
    live, leads = None, Counter[tuple[int, str]]()
    with suppress(NotFound):
        live = live_program(definitions, scenario).version
    for (_, version, index), count in leads_at_steps([scenario]).items():
        leads[version, program(definitions, scenario, version).step_at(index)] += count
    return Inside(live, leads)
