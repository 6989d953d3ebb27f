"""`sodate scenario migrate` at any moment, killed midway and run again: versions in which steps are new or renamed."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from sodate.leads.contact_state import id_of
from sodate.leads.store import load_state
from sodate.playbook.store import Definitions
from sodate.scenarios.migrate import MigrateEnrollments
from sodate.scenarios.programs import live_program, program
from sodate.scenarios.steps import END

from tests.simulation.world import SimulatedWorld

#: A step of the scenarios, and what it is called in every other version.
_STEP, _RENAMED = "b", "b2"
_A_MOMENT = timedelta(seconds=2)
#: A step that some versions have after it, and where the step after that one is not the end.
_WAIT, _NEXT = "breath", {"welcome": "w"}


def variant(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Another version: as it was, with the step renamed, with a wait after it, or with both."""
    steps = json.dumps(body["steps"])
    if number % 2:
        steps = steps.replace(f'"{_STEP}"', f'"{_RENAMED}"')
    known = json.loads(steps)
    if number >= 2:
        at = next(at for at, step in enumerate(known) if step["id"] in (_STEP, _RENAMED))
        known.insert(at + 1, {"id": _WAIT, "wait": {"hours": 1}})
    return {**body, "steps": known}


class Migrations:
    def __init__(self, world: SimulatedWorld, leads: list[str]) -> None:
        self._world, self._leads = world, leads
        self.broken: list[str] = []
        self.figures: Counter[str] = Counter()

    def run(self, scenario: str) -> bool:
        """False: it died or was refused, and may be run again."""
        definitions, world = Definitions(), self._world
        live = live_program(definitions, scenario)
        here, gone = (_STEP, _RENAMED) if live.index_of(_STEP) is not None else (_RENAMED, _STEP)
        mapping = {gone: here, _WAIT: _WAIT if live.index_of(_WAIT) is not None else _NEXT.get(scenario, END)}
        before = set(self._older(scenario, live.version))
        outcomes = world.run(
            f"migrate {scenario}", lambda: MigrateEnrollments(definitions, scenario, mapping, world.now).migrate()
        )
        if outcomes is None:
            self.figures["migrations_killed"] += 1
            return False
        self.figures.update(migrations=1, migrated=outcomes["moved"])
        if not outcomes["left_on_its_version"]:
            left = before & set(self._older(scenario, live.version))
            self.broken += [f"{lead} was left in {name} by a migration to {live.version}" for lead, name, _ in left]
        return True

    def _older(self, scenario: str, version: int) -> Iterator[tuple[str, str, str]]:
        """Enrollments in older versions, without those of this very moment, which a scan may not see yet."""
        for lead in self._leads:
            for name, one in load_state(lead).enrollments.items():
                is_open = id_of(name) == scenario and not one.is_complete and one.visit is not None
                if is_open and one.version < version and one.visit.began < self._world.now - _A_MOMENT:
                    yield lead, name, one.id


def twice(messages: Iterable[Any], moves: dict[str, Any], entered: Counter[tuple[str, str]]) -> Iterator[str]:
    """More emails of one step, whatever its name and version, than enrollments that came to it."""
    sent: Counter[tuple[str, str, str]] = Counter()
    for message in messages:
        move = moves.get(message.tags["send_id"])
        if move is not None:
            step = program(Definitions(), move.name, move.before.version).nodes[move.before.step].id
            sent[move.lead_id, id_of(move.name), _STEP if step == _RENAMED else step] += 1
    for (lead, scenario, step), times in sent.items():
        if times > entered[lead, scenario]:
            yield f"{lead} got {scenario}/{step} {times} times in {entered[lead, scenario]} enrollments"
