"""Reads published sequences and scenarios as programs.

Both are stored as kind `sequence` and share one numbering of versions, so a sequence can become a scenario under its
id; enrollments stay on the version that they began with.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from sodate.errors import NotFound
from sodate.leads.contact_state import id_of
from sodate.messages import Message
from sodate.playbook.store import Definitions, DefinitionUnreadable, Stored, derived, parsed
from sodate.scenarios.pauses import NO_PAUSE, Pauses, spans_of
from sodate.scenarios.program import Program, ScenarioInvalid, compile_scenario, compile_sequence
from sodate.scenarios.scenario import RUNNING, PausePolicy, Scenario, ScenarioStatus
from sodate.scenarios.sequence import Sequence


def is_scenario(body: Mapping[str, Any]) -> bool:
    return "entry" in body


def model_of(stored: Stored) -> type[BaseModel]:
    return Scenario if is_scenario(stored.body) else Sequence


def program_of(stored: Stored) -> Program:
    """Compiled once per `Stored`. Raises: `DefinitionUnreadable`."""
    return derived(stored, Program, lambda: _compiled(stored))


def _compiled(stored: Stored) -> Program:
    if not is_scenario(stored.body):
        return compile_sequence(parsed(stored, Sequence), stored.version)
    try:
        return compile_scenario(parsed(stored, Scenario), stored.version)
    except ScenarioInvalid as error:
        raise DefinitionUnreadable(
            Message("this release cannot run {definition}: {error}", definition=stored.name, error=str(error))
        ) from error


def program(definitions: Definitions, name: str, version: int) -> Program:
    """The program of an enrollment. `name`: of the enrollment. Raises: `NotFound`, `DefinitionUnreadable`."""
    return program_of(definitions.version("sequence", id_of(name), version))


def live_program(definitions: Definitions, name: str) -> Program:
    """`name`: of the enrollment, or the id. Raises: `NotFound`, `DefinitionUnreadable`."""
    return program_of(definitions.live("sequence", id_of(name)))


def pauses_of(definitions: Definitions, name: str, since: datetime) -> Pauses:
    """Pauses of a scenario that ended after `since`, with the live policy. `name`: of the enrollment.

    Nothing is read for the default policy, which changes no times.
    """
    try:
        stored = definitions.live("sequence", id_of(name))
    except NotFound:
        return NO_PAUSE
    policy, history = program_of(stored).pause, list[tuple[datetime, ScenarioStatus]]()
    if policy == PausePolicy():
        return NO_PAUSE
    for version in range(stored.version, 0, -1):
        with suppress(NotFound, DefinitionUnreadable):
            earlier = definitions.version("sequence", stored.id, version)
            history.append((datetime.fromisoformat(earlier.published), program_of(earlier).status))
            if history[-1][0] <= since and history[-1][1] in RUNNING:
                break
    return Pauses(spans_of(reversed(history)), policy)


def has_scenarios(definitions: Definitions) -> bool:
    """Also retired ones, in which leads may still be."""
    for name, version in definitions.newest_versions("sequence").items():
        with suppress(NotFound, DefinitionUnreadable):
            if is_scenario(definitions.version("sequence", name, version).body):
                return True
    return False


def live_programs(definitions: Definitions) -> Iterator[Program]:
    return map(program_of, definitions.all_live("sequence"))
