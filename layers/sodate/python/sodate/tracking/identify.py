"""Says which lead a visitor is. What it did before joins the lead's log; two leads are never merged.

A visitor that turns out to be another lead is that lead from then on: a new binding begins, the old one is recorded,
and the sessions until then stay with the first lead.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sodate.dynamodb import keys
from sodate.dynamodb.table import ConditionFailed, Contention
from sodate.errors import NotFound
from sodate.leads.store import find_state
from sodate.leads.visitor import VisitorIdentified
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due
from sodate.tracking import store
from sodate.tracking.definition import Site
from sodate.tracking.end_session import log_visit, planned, retention
from sodate.tracking.forget import let_go_of_oldest
from sodate.tracking.session import INACTIVE
from sodate.tracking.site import live_site
from sodate.tracking.visit import Binding, Visit

#: Sessions from before that join the lead's log; a person rarely has so many in the time that they are kept.
MOST_JOINED = 50
_TRIES = 5
_FORM = "form:"


def identify(identified: VisitorIdentified, definitions: Definitions, now: datetime) -> str:
    """The outcome in a word. A visitor that keeps changing is looked at again later: it must not hold up others."""
    try:
        site = live_site(definitions)
    except NotFound:
        return "not_tracked"
    if find_state(identified.lead_id) is None:
        return "erased"
    try:
        binding, outcome = _bound(identified)
        let_go_of_oldest(identified.lead_id, now)
        for visit in store.newest_visits(identified.visitor, MOST_JOINED):
            _follow(visit, binding, site, now)
    except Contention:
        due.plan(now, due.DECAY, identified.ref, identified, now)
        return "identified_later"
    _note_form(identified, site)
    return outcome


def _bound(identified: VisitorIdentified) -> tuple[Binding, str]:
    """Bind the visitor. A fact that is older than the binding changes nothing."""
    for _ in range(_TRIES):
        before = store.find_binding(identified.visitor)
        if before is not None and before.lead_id == identified.lead_id:
            return before, "identified_again"
        if before is not None and identified.at < before.since:
            return before, "identified_otherwise_since"
        earlier = () if before is None else (*before.earlier, _ended(before, identified.at))
        binding = Binding(identified.visitor, identified.lead_id, identified.at, identified.by, earlier)
        with suppress(ConditionFailed):
            store.bind(binding, before)
            return binding, "identified" if before is None else "identified_as_another"
    raise Contention("the visitor is identified by many at once: try again")


def _ended(binding: Binding, until: datetime) -> tuple[str, str, str]:
    return binding.lead_id, keys.stamp(binding.since), keys.stamp(until)


def _follow(visit: Visit, binding: Binding, site: Site, now: datetime) -> None:
    """Make one session agree with the binding."""
    if visit.lead_id is None and (not binding.earlier or visit.session.first_at >= binding.since):
        _change(visit, lambda found: replace(found, lead_id=binding.lead_id), site, now)
    elif visit.lead_id not in (None, binding.lead_id) and not visit.moved and not visit.session.is_over(now):
        _change(visit, lambda found: replace(found, moved=True), site, now)


def _change(visit: Visit, change: Callable[[Visit], Visit], site: Site, now: datetime) -> None:
    """Change a session that may get further batches meanwhile; one that is over becomes activities at once."""
    found: Visit | None = visit
    for _ in range(_TRIES):
        if found is None:
            return  # its time was over
        changed = change(found)
        with suppress(ConditionFailed):
            if changed.moved or changed.session.is_over(now):
                log_visit(changed, site, now)
            else:
                store.put_visit(planned(changed, now), retention(site))
            return
        found = store.find_part(visit.visitor, visit.started, visit.session_id, visit.part)
    raise Contention("a session has concurrent changes: try again")


def _note_form(identified: VisitorIdentified, site: Site) -> None:
    """The session in which a form was posted says so: visit to form is a step of the funnel."""
    if not identified.by.startswith(_FORM):
        return
    form = identified.by.removeprefix(_FORM)
    for visit in store.newest_visits(identified.visitor, 3):
        if visit.form is None and visit.session.first_at <= identified.at <= visit.session.last_at + INACTIVE:
            with suppress(ConditionFailed):  # a batch at the same moment; the form is in the lead's log anyway
                store.put_visit(replace(visit, form=form), retention(site))
            return
