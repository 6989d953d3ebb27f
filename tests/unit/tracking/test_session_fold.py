"""The fold of a session: the same for any order, any number of deliveries, and after any storage in between."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.catalog import ActivityVerdict
from sodate.tracking.batch import Batch, Download, Engagement, Event, PageView, WebEvent
from sodate.tracking.definition import Site, Tracking
from sodate.tracking.session import MOST_PAGES, Session, merged, of_batch
from sodate.tracking.urls import Page

from tests.support.examples import examples

SITE = Site(
    Tracking.model_validate({
        "origins": ["https://www.example.jp"],
        "pages": [{"id": "important", "path": "/zz*"}],
        "downloads": [{"id": "paper", "path": "/f/*"}],
    })
)  # fmt: skip
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
times = st.integers(0, 3600).map(lambda second: START + timedelta(seconds=second))
#: More paths than a session keeps, important ones among them.
paths = st.one_of(st.integers(0, 60).map(lambda n: f"/p{n:02}"), st.integers(0, 3).map(lambda n: f"/zz{n}"))
utms = st.sampled_from([(), (("source", "google"),), (("source", "yahoo"), ("campaign", "b"))])
pages = st.builds(Page, st.just("https://www.example.jp"), paths, utms)
events = st.one_of(
    st.builds(PageView, times, pages, st.sampled_from([None, "www.google.com", "t.co"])),
    st.builds(Engagement, times, pages, st.integers(0, 1800), st.integers(0, 100)),
    st.builds(Download, times, paths.map(lambda path: Page("https://www.example.jp", f"/f{path}"))),
    st.builds(Event, times, st.sampled_from(["demo", "video"]), st.sampled_from([(), ("a=1",)]), st.booleans()),
)
contents = st.lists(
    st.tuples(st.lists(events, min_size=1, max_size=8), st.sampled_from(list(ActivityVerdict))), max_size=8
)


def batch(number: int, content: list[WebEvent]) -> Batch:
    load, n = f"{number // 3:08x}", number % 3 + 1
    return Batch("0" * 32, "0" * 16, START, load, n, True, False, None, tuple(content))


def folded(batches: list[tuple[Batch, ActivityVerdict]]) -> Session | None:
    """As `receive` does it: a batch that was seen is not added."""

    def add(session: Session | None, one: tuple[Batch, ActivityVerdict]) -> Session:
        new = of_batch(*one, SITE, START)
        if session is None:
            return new
        return session if session.has(one[0]) else merged(session, new, SITE)

    return reduce(add, batches, None)


@settings(max_examples=examples(100), deadline=None)
@given(contents, st.randoms(use_true_random=False))
def test_any_order_and_any_number_of_deliveries_give_the_same_session(content: Any, rng: Any) -> None:
    batches = [(batch(number, list(some)), verdict) for number, (some, verdict) in enumerate(content)]
    wanted = folded(batches)
    delivered = batches + [rng.choice(batches) for _ in range(len(batches))] if batches else []
    rng.shuffle(delivered)
    assert folded(delivered) == wanted


@settings(max_examples=100, deadline=None)
@given(contents)
def test_counts_are_those_of_the_events(content: Any) -> None:
    batches = [(batch(number, list(some)), verdict) for number, (some, verdict) in enumerate(content)]
    session = folded(batches)
    if session is None:
        return
    every = [event for one, _ in batches for event in one.events]
    views = [event for event in every if isinstance(event, PageView)]
    assert session.page_views == len(views)
    assert session.dwell_s == min(43_200, sum(event.dwell_s for event in every if isinstance(event, Engagement)))
    assert (session.first_at, session.last_at) == (min(e.at for e in every), max(e.at for e in every))
    for path, figures in session.pages.items():
        assert figures.views == sum(event.page.path == path for event in views)
    with_utm = [event for event in views if event.page.utm]
    if views:
        first = min(with_utm or views, key=lambda event: event.at)
        assert session.arrival is not None
        assert session.arrival.at == int(first.at.timestamp())


def test_there_is_always_room_for_a_page_that_the_playbook_names() -> None:
    many = [PageView(START, Page("https://www.example.jp", f"/a{n:03}")) for n in range(MOST_PAGES + 5)]
    important = PageView(START + timedelta(minutes=1), Page("https://www.example.jp", "/zz"))
    session = of_batch(batch(0, [*many, important]), ActivityVerdict.HUMAN, SITE, START)
    assert len(session.pages) == MOST_PAGES
    assert "/zz" in session.pages
    assert session.page_views == MOST_PAGES + 6


def test_a_session_of_very_many_pages_or_of_many_without_a_second_is_a_machines() -> None:
    def of(count: int, dwell: int) -> ActivityVerdict:
        return Session(START, START, page_views=count, dwell_s=dwell).verdict

    assert [of(30, 0), of(31, 0), of(31, 60), of(151, 6000)] == [
        ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.HUMAN, ActivityVerdict.ROBOT,
    ]  # fmt: skip
