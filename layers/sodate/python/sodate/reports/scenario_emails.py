"""Emails of scenarios and sequences from counters: by scenario, and by step of one.

Counters know a step by its version and position; steps of all versions with the same id are one row.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from sodate.errors import NotFound
from sodate.kpis.contribution import scope
from sodate.kpis.period import Period
from sodate.playbook.store import Definitions, DefinitionUnreadable
from sodate.reports.from_counters import email_counts
from sodate.reports.template import EmailRow
from sodate.scenarios.program import Program
from sodate.scenarios.programs import program
from sodate.scenarios.steps import SendStep

#: Older versions are not read: a version of last year sends nothing any more, or nearly.
MOST_VERSIONS = 20


def scenario_emails(scenarios: Iterable[str], days: Period) -> list[EmailRow]:
    """Those that sent an email in the period."""
    by_scenario = ((one, email_counts([scope("scenario", one)], days)) for one in scenarios)
    return [EmailRow(one, figures) for one, figures in by_scenario if figures.sent]


def step_emails(definitions: Definitions, live: Program, days: Period) -> list[EmailRow]:
    """One row per step that sends an email, in the order of the live version; steps that it has no longer at the end.

    A step that sent nothing in the period and is not in the live version has no row.
    """
    scopes: dict[str, list[str]] = {node.id: [] for node in live.nodes if isinstance(node.step, SendStep)}
    for one in _versions(definitions, live):
        for index, node in enumerate(one.nodes):
            if isinstance(node.step, SendStep):
                scopes.setdefault(node.id, []).append(scope("scenario", f"{one.id}@{one.version}", index))
    rows = [EmailRow(step, email_counts(names, days)) for step, names in scopes.items()]
    in_live = {node.id for node in live.nodes}
    return [row for row in rows if row.name in in_live or row.figures.sent]


def _versions(definitions: Definitions, live: Program) -> Iterator[Program]:
    newest = definitions.newest_versions("sequence").get(live.id, live.version)
    for version in range(newest, max(newest - MOST_VERSIONS, 0), -1):
        with suppress(NotFound, DefinitionUnreadable):  # the number of an interrupted apply; one of a newer release
            yield program(definitions, live.id, version)
