"""The activities that a session of a lead becomes: one for the visit, and one for each thing on it that matters.

Pages that `tracking.yaml` does not name are counted only, so that a busy reader costs a lead's log little. A machine's
session becomes no activity at all. Pure.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.tracking.definition import Site
from sodate.tracking.origin import marks_of
from sodate.tracking.visit import Visit

#: Of one session.
MOST_PAGES, MOST_DOWNLOADS, MOST_EVENTS = 10, 10, 10
_SHOWN_PAGES = 10


def with_logged(visit: Visit, site: Site) -> Visit:
    """The visit with the times of all activities that it becomes; those that were decided before stay as they are."""
    if visit.lead_id is None or visit.session.verdict is ActivityVerdict.ROBOT:
        return visit
    new = {key: second for key, (second, _, _) in _wanted(visit, site).items()}
    return replace(visit, logged={**new, **visit.logged})


def activities(visit: Visit, site: Site, now: datetime) -> list[Activity]:
    """In order of time. Only those whose times are decided (`with_logged`). `now`: when they are recorded."""
    if visit.lead_id is None:
        return []
    wanted, made = _wanted(visit, site), []
    for key, second in visit.logged.items():
        if key in wanted:
            _, type_, about = wanted[key]
            at = datetime.fromtimestamp(second, UTC)
            made.append(Activity(visit.lead_id, type_.value, at, key, about, recorded=now))
    return sorted(made, key=lambda activity: activity.position)


_Wanted = tuple[int, ActivityType, dict[str, Any]]


def _wanted(visit: Visit, site: Site) -> dict[str, _Wanted]:
    found = [(ActivityType.WEB_SESSION, "", int(visit.session.last_at.timestamp()), _about_session(visit))]
    found += [(ActivityType.PAGE_VIEWED, *page) for page in _pages(visit, site)]
    found += [(ActivityType.DOCUMENT_DOWNLOADED, *file) for file in _downloads(visit, site)]
    found += [(ActivityType.WEB_EVENT, *event) for event in _events(visit)]
    names = (visit.visitor, visit.session_id, str(visit.part))
    judged = {} if visit.session.verdict is ActivityVerdict.HUMAN else {"verdict": visit.session.verdict.value}
    return {
        activity_key(type_, *names, what): (second, type_, {**about, **judged}) for type_, what, second, about in found
    }


_Found = tuple[str, int, dict[str, Any]]


def _pages(visit: Visit, site: Site) -> list[_Found]:
    found: list[_Found] = []
    for path, figures in sorted(visit.session.pages.items()):
        page = site.page(path)
        if page is not None and figures.views:
            found.append((path, figures.first, _given({"page": path, "product": page.product})))
    return found[:MOST_PAGES]


def _downloads(visit: Visit, site: Site) -> list[_Found]:
    found: list[_Found] = []
    for path, counted in sorted(visit.session.downloads.items()):
        download = site.download(path)
        if download is not None:
            found.append((path, counted.first, _given({"link": path, "product": download.product})))
    return found[:MOST_DOWNLOADS]


def _events(visit: Visit) -> list[_Found]:
    found: list[_Found] = []
    for text, counted in sorted(visit.session.events.items()):
        name, *fields = text.split(" ")
        found.append((text, counted.first, {"event": name, **({"fields": fields} if fields else {})}))
    return found[:MOST_EVENTS]


def _about_session(visit: Visit) -> dict[str, Any]:
    """Everything that campaigns and reports need of a visit, without reading the session again."""
    session = visit.session
    longest = sorted(session.pages, key=lambda path: (-session.pages[path].dwell_s, path))
    figures = {
        "page_views": session.page_views,
        "dwell_s": session.dwell_s,
        "scroll_max": session.scroll_max,
        "pages": longest[:_SHOWN_PAGES],
        "form": visit.form,
        "landing": session.arrival.path if session.arrival else None,
        "started": int(session.first_at.timestamp()),
    }
    return _given({**marks_of(session.arrival), **figures})


def _given(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value is not None}
