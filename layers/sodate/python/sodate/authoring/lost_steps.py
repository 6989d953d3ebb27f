"""Steps that leads are at, and that the files no longer have: `apply` refuses them, or leads would be forgotten."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from sodate.authoring.check import Checked
from sodate.authoring.loader import Doc
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.store import Definitions, DefinitionUnreadable, digest
from sodate.scenarios.leads_at_steps import leads_at_steps
from sodate.scenarios.migration import Migration
from sodate.scenarios.program import Program, compile_scenario
from sodate.scenarios.programs import program
from sodate.scenarios.scenario import Scenario


def lost_steps(checked: Checked, definitions: Definitions) -> list[Problem]:
    """One problem per step with leads at it that a changed scenario neither has nor names in `removed_steps`.

    Every lead is read only when an earlier version has such a step. Who comes to one after that stays on its version.
    """
    changed = {doc.id: (doc, migration) for doc, migration in _changed(checked, definitions)}
    leads = Counter[tuple[str, str]]()
    for (name, version, index), count in leads_at_steps(changed).items() if changed else ():
        old, (_, migration) = program(definitions, name, version), changed[name]
        if not old.is_sequence and migration.is_lost(old, index):
            leads[name, old.step_at(index)] += count
    return [_problem(changed[name][0], step, count) for (name, step), count in sorted(leads.items())]


def _changed(checked: Checked, definitions: Definitions) -> Iterator[tuple[Doc[Scenario], Migration]]:
    """Scenarios that lose a step of an earlier version."""
    live = {stored.id: stored.digest for stored in definitions.all_live("sequence")}
    bodies = {one.id: one.body for one in checked.definitions() if one.kind == "sequence"}
    for doc in checked.playbook.scenarios:
        if doc.model is None or live.get(doc.id) == digest(bodies[doc.id]):
            continue
        migration, earlier = Migration(compile_scenario(doc.model, 0)), list(_earlier(doc.id, definitions))
        if any(migration.is_lost(old, index) for old in earlier for index in range(old.end)):
            yield doc, migration


def _earlier(scenario: str, definitions: Definitions) -> Iterator[Program]:
    """Versions in which leads can be: none while it has only been a draft."""
    newest, found = definitions.newest_versions("sequence").get(scenario, 0), list[Program]()
    for version in range(newest, 0, -1):
        with suppress(NotFound, DefinitionUnreadable):
            found.append(program(definitions, scenario, version))
    if any(one.status.value != "draft" for one in found):
        yield from (one for one in found if not one.is_sequence)


def _problem(doc: Doc[Scenario], step: str, leads: int) -> Problem:
    message = Message("leads are at step `{step}` ({leads}), which the file no longer has", step=step, leads=leads)
    hint = Message(
        "keep the step, or say in `removed_steps` where they go on: `{step}: <another step>`, `end`, or `stay`",
        step=step,
    )
    return doc.problem(("steps",), message, hint, "step-has-leads")
