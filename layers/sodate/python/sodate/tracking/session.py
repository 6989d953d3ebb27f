"""The session of a visitor: a fold of its batches that gives the same for any order and any number of deliveries.

Sums and counts are added once per batch (`seen`); everything else is a smallest, a largest, or the first few of a fixed
order. So nothing that was left out for room can have been needed. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import TypeVar

from sodate.activities.catalog import ActivityVerdict
from sodate.tracking.batch import Batch, Download, Engagement, Event, PageView, WebEvent
from sodate.tracking.definition import Site
from sodate.tracking.robots import of_shape, worse

_T = TypeVar("_T")
#: A session ends so long after its last event.
INACTIVE = timedelta(minutes=30)
MOST_LOADS, MOST_PAGES, MOST_FILES, MOST_EVENTS = 200, 30, 20, 20
MOST_DWELL_S = 12 * 3600
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class PageFigures:
    """`first`: of its first view, in seconds since 1970; 0 while only its dwell time is known."""

    views: int = 0
    dwell_s: int = 0
    scroll: int = 0
    first: int = 0

    def plus(self, other: "PageFigures") -> "PageFigures":
        firsts = [one for one in (self.first, other.first) if one]
        return PageFigures(
            _sum(self.views, other.views),
            _sum(self.dwell_s, other.dwell_s, MOST_DWELL_S),
            max(self.scroll, other.scroll),
            min(firsts, default=0),
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """How often, and when first, in seconds since 1970."""

    times: int
    first: int

    def plus(self, other: "Counted") -> "Counted":
        return Counted(_sum(self.times, other.times), min(self.first, other.first))


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """Where the visit came from. The earliest page with UTM parameters counts, or else the earliest page."""

    without_utm: bool
    at: int
    path: str
    utm: tuple[tuple[str, str], ...] = ()
    referrer: str = ""


@dataclass(frozen=True)
class Session:
    """`seen`: by loaded page, a bit per batch. `downloads` and `events`: by path, by event and fields."""

    first_at: datetime
    last_at: datetime
    seen: Mapping[str, int] = field(default_factory=dict)
    page_views: int = 0
    dwell_s: int = 0
    scroll_max: int = 0
    ctas: int = 0
    pages: Mapping[str, PageFigures] = field(default_factory=dict)
    downloads: Mapping[str, Counted] = field(default_factory=dict)
    events: Mapping[str, Counted] = field(default_factory=dict)
    arrival: Arrival | None = None
    agent: ActivityVerdict = ActivityVerdict.HUMAN

    @property
    def verdict(self) -> ActivityVerdict:
        return worse(self.agent, of_shape(self.page_views, self.dwell_s))

    @property
    def bounced(self) -> bool:
        """One page, and nothing done on it (直帰)."""
        return self.page_views <= 1 and not self.downloads and not self.events

    def has(self, batch: Batch) -> bool:
        return bool(self.seen.get(batch.load, 0) >> batch.number & 1)

    def is_full(self, batch: Batch) -> bool:
        """No more pages are counted: a person does not load so many in one session."""
        return len(self.seen) >= MOST_LOADS and batch.load not in self.seen

    def is_over(self, now: datetime) -> bool:
        return now - self.last_at >= INACTIVE


def of_batch(batch: Batch, agent: ActivityVerdict, site: Site, now: datetime) -> Session:
    """The session that consists of this batch alone. `now`: of a batch without an event that can be used."""
    times = [event.at for event in batch.events] or [now]
    empty = Session(min(times), max(times), seen={batch.load: 1 << batch.number}, agent=agent)
    return _bounded(reduce(_with, batch.events, empty), site)


def merged(session: Session, other: Session, site: Site) -> Session:
    """Both together. They must have no batch in common."""
    arrivals = [one.arrival for one in (session, other) if one.arrival is not None]
    together = Session(
        first_at=min(session.first_at, other.first_at),
        last_at=max(session.last_at, other.last_at),
        seen={load: session.seen.get(load, 0) | other.seen.get(load, 0) for load in {**session.seen, **other.seen}},
        page_views=_sum(session.page_views, other.page_views),
        dwell_s=_sum(session.dwell_s, other.dwell_s, MOST_DWELL_S),
        scroll_max=max(session.scroll_max, other.scroll_max),
        ctas=_sum(session.ctas, other.ctas),
        pages=_pages(session.pages, other.pages),
        downloads=_counted(session.downloads, other.downloads),
        events=_counted(session.events, other.events),
        arrival=min(arrivals, default=None),
        agent=worse(session.agent, other.agent),
    )
    return _bounded(together, site)


def _with(session: Session, event: WebEvent) -> Session:
    second = int(event.at.timestamp())
    match event:
        case PageView(page=page, referrer=referrer):
            figures = {page.path: PageFigures(views=1, first=second)}
            arrival = Arrival(not page.utm, second, page.path, page.utm, referrer or "")
            first = arrival if session.arrival is None else min(session.arrival, arrival)
            pages = _pages(session.pages, figures)
            return replace(session, page_views=_sum(session.page_views, 1), pages=pages, arrival=first)
        case Engagement(page=page, dwell_s=dwell, scroll=scroll):
            pages = _pages(session.pages, {page.path: PageFigures(dwell_s=dwell, scroll=scroll)})
            highest = max(session.scroll_max, scroll)
            total = _sum(session.dwell_s, dwell, MOST_DWELL_S)
            return replace(session, dwell_s=total, scroll_max=highest, pages=pages)
        case Download(page=page):
            return replace(session, downloads=_counted(session.downloads, {page.path: Counted(1, second)}))
        case Event(name=name, fields=fields, is_cta=is_cta):
            events = _counted(session.events, {" ".join((name, *fields)): Counted(1, second)})
            return replace(session, events=events, ctas=_sum(session.ctas, int(is_cta)))


def _bounded(session: Session, site: Site) -> Session:
    return replace(
        session,
        pages=_first(session.pages, MOST_PAGES, lambda path: site.page(path) is None),
        downloads=_first(session.downloads, MOST_FILES, lambda path: site.download(path) is None),
        events=_first(session.events, MOST_EVENTS, lambda _: False),
    )


def _first(named: Mapping[str, _T], most: int, comes_later: Callable[[str], bool]) -> Mapping[str, _T]:
    """As many as there is room for: in the order of their names, those first that the playbook names."""
    if len(named) <= most:
        return named
    return {name: named[name] for name in sorted(named, key=lambda name: (comes_later(name), name))[:most]}


def _pages(some: Mapping[str, PageFigures], others: Mapping[str, PageFigures]) -> dict[str, PageFigures]:
    together = dict(some)
    for path, figures in others.items():
        together[path] = together[path].plus(figures) if path in together else figures
    return together


def _counted(some: Mapping[str, Counted], others: Mapping[str, Counted]) -> dict[str, Counted]:
    together = dict(some)
    for name, counted in others.items():
        together[name] = together[name].plus(counted) if name in together else counted
    return together


def _sum(one: int, other: int, most: int = MOST_COUNTED) -> int:
    return min(one + other, most)
