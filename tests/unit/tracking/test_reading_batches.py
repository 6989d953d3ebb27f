"""What a stranger can send to `POST /events`: it gives events, counts or an answer of 4xx, never anything else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.catalog import ActivityVerdict
from sodate.tracking.batch import MAXIMUM_BYTES, Event, PageView, read_batch
from sodate.tracking.definition import Site, Tracking
from sodate.tracking.robots import of_agent
from sodate.tracking.urls import read_page, referrer_host
from sodate.web.body import BodyError

from tests.support.examples import examples
from tests.support.web import AGENT, SITE, TRACKING

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
OF_SITE = Site(Tracking.model_validate(TRACKING))
JSON = {"content-type": "application/json"}


def document(*events: Any, **changes: Any) -> dict[str, Any]:
    return {
        "v": 1, "visitor": "0" * 32, "session": "0" * 16, "started": NOW.timestamp() * 1000, "load": "0" * 8, "n": 1,
        "sent_at": NOW.timestamp() * 1000, "events": list(events), **changes,
    }  # fmt: skip


def read(*events: Any, **changes: Any) -> Any:
    return read_batch(json.dumps(document(*events, **changes)), False, JSON, OF_SITE, NOW)


def view(url: str = f"{SITE}/", age_s: float = 0, **more: Any) -> dict[str, Any]:
    return {"type": "page_view", "at": (NOW.timestamp() - age_s) * 1000, "url": url, **more}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
names = st.sampled_from([*document(), "token", "consent", "automated", "x"])
an_event = st.dictionaries(st.sampled_from(["type", "at", "url", "dwell_ms", "id", "name", "fields"]), anything)
typed = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(["page_view", "engagement", "download", "cta", "custom"]),
    an_event,
)


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(names, anything), st.lists(typed | an_event | anything, max_size=8))
def test_any_json_is_a_batch_or_is_refused(changes: Any, events: Any) -> None:
    text = json.dumps({**document(*events), **changes})
    try:
        batch = read_batch(text, False, JSON, OF_SITE, NOW)
    except BodyError as error:
        assert error.status in (400, 413)
        return
    given = json.loads(text)["events"]
    assert len(batch.events) + sum(batch.dropped.values()) == len(given)
    assert all(NOW - timedelta(days=1) <= event.at <= NOW for event in batch.events)


@settings(max_examples=examples(100), deadline=None)
@given(st.text(max_size=200), st.sampled_from(["application/json", "text/plain", "text/plain;charset=UTF-8", "x", ""]))
def test_any_text_is_refused_with_a_code(body: str, media: str) -> None:
    with pytest.raises(BodyError) as refused:
        read_batch(body, False, {"content-type": media}, OF_SITE, NOW)
    assert refused.value.status in (400, 415)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (" " * (MAXIMUM_BYTES + 1), 413), ("あ" * 11_000, 413), ("[" * 20_000, 400), ("null", 400), ("[]", 400),
        ("{}", 400), ('{"v":1', 400), ('{"v":2}', 400), (None, 400), ("1" * 5_000, 400), ("\ud800", 400),
    ],
)  # fmt: skip
def test_bodies_that_are_no_batch(body: str | None, status: int) -> None:
    with pytest.raises(BodyError) as refused:
        read_batch(body, False, JSON, OF_SITE, NOW)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "changes",
    [
        {"visitor": "x" * 32}, {"visitor": "A" * 32}, {"visitor": "0" * 33}, {"visitor": None}, {"visitor": "'; DROP"},
        {"session": "0" * 15}, {"session": "../../x"}, {"load": 1}, {"n": 0}, {"n": 129}, {"n": True}, {"n": "1"},
        {"started": 0}, {"started": 1e300}, {"started": None}, {"started": True}, {"events": {}}, {"v": "1"},
        {"events": [None] * 51},
    ],
)  # fmt: skip
def test_forged_ids_and_numbers_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BodyError, match=next(iter(changes))):
        read(view(), **changes)


def test_an_event_that_is_wrong_does_not_lose_the_others() -> None:
    wrong = [
        None,
        3,
        {"type": "x"},
        view("javascript:alert(1)"),
        view("https://evil.example/"),
        {"type": "cta", "id": "no"},
    ]
    batch = read(view(), *wrong, view(f"{SITE}/b"), {"type": "custom", "name": "no"}, {"type": ["page_view"]})
    assert [event.page.path for event in batch.events] == ["/", "/b"]
    assert batch.dropped == {"type": 4, "url": 1, "origin": 1, "undeclared": 2}


@pytest.mark.parametrize("skew_days", [-400, -3, 0, 3, 400])
def test_a_clock_that_is_days_wrong_does_not_matter(skew_days: int) -> None:
    sent = NOW.timestamp() * 1000 + skew_days * 86_400_000
    batch = read({**view(), "at": sent - 90_000}, sent_at=sent)
    assert batch.events[0].at == NOW - timedelta(seconds=90)


@pytest.mark.parametrize(
    ("at", "sent_at", "age"),
    [(0, None, 0), (None, 0, 0), ("x", 5, 0), (1e300, 0, 0), (0, 1e300, 86_400), (2_000, 1_000, 0), (-5, 10, 0)],
)
def test_an_age_is_between_nothing_and_a_day(at: Any, sent_at: Any, age: int) -> None:
    batch = read({**view(), "at": at}, sent_at=sent_at)
    assert abs((NOW - batch.events[0].at).total_seconds() - age) < 1


def test_of_a_custom_event_only_declared_values_are_kept() -> None:
    fields = {"plan": "pro", "seats": 12, "name": "山田太郎", "email": "a@example.jp"}
    batch = read({"type": "custom", "name": "plan-chosen", "fields": fields})
    assert batch.events == (Event(NOW, "plan-chosen", ("plan=pro", "seats=12")),)
    for wrong in ({"plan": "gold"}, {"plan": 3}, {"seats": "12"}, {"seats": True}, {"seats": 1e300}, [], "x", None):
        (event,) = read({"type": "custom", "name": "plan-chosen", "fields": wrong}).events
        assert event.fields == ()


@pytest.mark.parametrize(
    ("url", "path", "utm"),
    [
        ("https://user:secret@www.example.jp/a?x=1&utm_source=google#frag", "/a", (("source", "google"),)),
        ("https://www.example.jp", "/", ()),
        ("https://www.example.jp/%E6%96%99%E9%87%91?q=%E5%B1%B1%E7%94%B0", "/料金", ()),
        ("https://www.example.jp/u/taro@example.jp/x", "/u/-/x", ()),
        ("https://www.example.jp/u/taro%40example.jp", "/u/-", ()),
        ("https://www.example.jp/u/taro＠example.jp", "/u/-", ()),
        ("https://www.example.jp/%0d%0aSet-Cookie:x", "/%0d%0aSet-Cookie:x", ()),
        ("https://www.example.jp/%ff", "/%ff", ()),
        ("https://www.example.jp/?utm_source=a@example.jp&utm_campaign=秋", "/", (("campaign", "秋"),)),
        ("https://www.example.jp/?utm_source=%00%0A x", "/", ()),
        ("https://www.example.jp/?utm_source=%3Cscript%3E", "/", (("source", "script"),)),
        (f"https://www.example.jp/{'a' * 500}", "/" + "a" * 199, ()),
        (f"https://www.example.jp/?utm_source={'a' * 500}", "/", (("source", "a" * 80),)),
        ("HTTPS://WWW.EXAMPLE.JP/a", "/a", ()),
    ],
)  # fmt: skip
def test_of_a_url_only_path_and_utm_are_kept(url: str, path: str, utm: Any) -> None:
    page = read_page(url)
    if "%00" in url:
        assert page is None or page.utm in ((), (("source", "x"),))
        return
    assert page is not None
    assert (page.origin, page.path, page.utm) == ("https://www.example.jp", path, utm)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example/", "/a", "", None, 3, [],
        "https://", "https://[::1", "https://www.example.jp:99999/", "https://a\\@b/", "https://a\nb/", "x" * 3000,
        "https://www.example.jp/\u2028x", "ftp://www.example.jp/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page(url: object) -> None:
    assert read_page(url) is None


def test_a_referrer_is_the_host_of_another_site() -> None:
    (event,) = read(view(referrer="https://www.google.com/search?q=秘密")).events
    assert event == PageView(NOW, event.page, "www.google.com")
    assert read(view(referrer=f"{SITE}/x")).events[0].referrer is None
    assert referrer_host("javascript:alert(1)") is None


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        (AGENT, "human"), (None, "unsure"), ("", "unsure"),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile", "human"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "robot"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0", "robot"), ("python-requests/2.32", "robot"),
        ("curl/8.5", "robot"), ("facebookexternalhit/1.1", "robot"), ("Mozilla/5.0 bingbot/2.0", "robot"),
    ],
)  # fmt: skip
def test_robots_that_say_so(agent: str | None, verdict: str) -> None:
    assert of_agent(agent) is ActivityVerdict(verdict)
    assert of_agent(agent, automated=True) is ActivityVerdict.ROBOT
