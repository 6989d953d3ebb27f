"""Which counters a scope has. Pure.

A counter that no item of a scope adds to is unknown there, never 0: a form sends no emails, a template has no leads.
"""

from sodate.kpis.definition import Kpi
from sodate.kpis.email_counts import ALL

#: By the begin of the counter's name, the first that fits: kinds of scopes (`email_counts`, `funnel_counts`, …).
_KINDS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("email_",), frozenset({ALL, "purpose", "template", "scenario", "broadcast"})),
    (("reached_", "minutes_to_", "did_form_submitted"), frozenset({ALL, "form", "source", "campaign"})),
    (("did_", "nps_"), frozenset({ALL, "form", "source", "campaign", "scenario", "seminar"})),
)
_SESSIONS = frozenset({ALL, "form", "source", "campaign"})


def has_counter(scope: str, name: str) -> bool:
    """`scope`: `all`, `template:welcome`. `name`: of a counter that the catalog uses."""
    return scope.partition(":")[0] in next((kinds for begins, kinds in _KINDS if name.startswith(begins)), _SESSIONS)


def is_of_sessions(name: str) -> bool:
    """Whether visits of the website add to the counter."""
    return not any(name.startswith(begins) for begins, _ in _KINDS)


def is_counted_in(kpi: Kpi, scope: str) -> bool:
    """Whether the scope has every counter of the KPI."""
    return all(has_counter(scope, name) for name in kpi.names)


def has_visitors(scope: str) -> bool:
    return scope.partition(":")[0] in _SESSIONS
