"""Web events through the real handlers: a batch becomes a session, a session becomes activities of a lead."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sodate.activities.store import activities_of
from sodate.conditions.language import Condition
from sodate.conditions.one_line_parser import parse_one_line
from sodate.dynamodb import table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import Delete
from sodate.facts.fold import FactFold
from sodate.leads.visitor import VisitorIdentified
from sodate.playbook.store import Definitions
from sodate.tracking.due_entry import SessionEnd
from sodate.tracking.end_session import end_session
from sodate.tracking.identify import identify
from sodate.tracking.limits import PER_MINUTE
from sodate.tracking.script import Script
from sodate.tracking.session import MOST_LOADS

from tests.functions.quick import QuickWorld
from tests.support.crashes import Death
from tests.support.privacy import eraser_of, key_of_address, make_buckets
from tests.support.web import SITE, Json, Visitor, answered, post, publish

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def tracking(world: QuickWorld) -> None:
    publish(world)


def test_an_anonymous_visit_is_one_item_with_everything_that_kpis_need(world: QuickWorld) -> None:
    visitor = Visitor(world)
    first = visitor.view("/?utm_source=google&utm_campaign=autumn", referrer="https://www.google.com/search?q=x")
    visitor.send(first)
    world.now += MINUTE
    engagement = {"type": "engagement", "at": visitor.clock(), "url": f"{SITE}/", "dwell_ms": 42_000, "scroll": 80}
    assert answered(visitor.send(engagement, visitor.view("/pricing")))["accepted"] == 2
    (session,) = world.items("session")
    assert {name: session[name] for name in ("page_views", "dwell_s", "scroll_max", "bounced", "is_return")} == {
        "page_views": 2, "dwell_s": 42, "scroll_max": 80, "bounced": 0, "is_return": 0,
    }  # fmt: skip
    assert {name: session[name] for name in ("source", "medium", "campaign", "landing", "referrer", "verdict")} == {
        "source": "google", "medium": "none", "campaign": "autumn", "landing": "/", "referrer": "www.google.com",
        "verdict": "human",
    }  # fmt: skip
    assert int(session["ttl"]) == int((world.now + timedelta(days=90)).timestamp())
    assert not world.items("due"), "nothing is planned for a visit of nobody"


def test_a_form_post_joins_earlier_visits_to_the_lead_and_later_ones_follow(world: QuickWorld) -> None:
    visitor = Visitor(world)
    visitor.send(visitor.view("/pricing"), visitor.view("/about"))
    world.now += timedelta(days=2)
    visitor.new_session()
    visitor.send(visitor.view("/cases/tokyo"))
    lead = world.join(_visitor=visitor.id)
    world.advance(timedelta(minutes=10))
    assert web_log(world, lead) == [("page_viewed", "/pricing"), ("web_session", None)]
    world.advance(timedelta(minutes=40))
    assert web_log(world, lead)[2:] == [("page_viewed", "/cases/tokyo"), ("web_session", None)]
    (form,) = {item.get("form") for item in world.items("session") if item["is_return"]}
    assert form == "request-materials"
    visitor.new_session()
    visitor.send(visitor.view("/pricing"), {"type": "cta", "at": visitor.clock(), "id": "header-demo"})
    world.advance(timedelta(hours=1))
    assert web_log(world, lead)[4:] == [("page_viewed", "/pricing"), ("web_event", None), ("web_session", None)]


def web_log(world: QuickWorld, lead: str) -> list[tuple[str, str | None]]:
    """What web tracking logged, in order of time; at one time in the order of the names."""
    types = {"page_viewed", "web_session", "document_downloaded", "web_event"}
    mine = [one for one in world.items("activity") if one["pk"] == f"LEAD#{lead}" and one["type"] in types]
    return [(one["type"], one["about"].get("page")) for one in sorted(mine, key=lambda one: (one["at"], one["type"]))]


def test_a_batch_that_comes_again_changes_nothing(world: QuickWorld) -> None:
    visitor = Visitor(world)
    batch = visitor.batch(visitor.view("/"))
    assert answered(post(world, batch))["accepted"] == 1
    before = world.items("session")
    assert answered(post(world, batch)) == {"accepted": 0, "dropped": {}, "repeat": True}
    assert world.items("session") == before


# -- who a visitor is --------------------------------------------------------------------------------------------------


def test_a_visitor_that_turns_out_to_be_another_lead_is_a_new_binding_and_nothing_is_merged(world: QuickWorld) -> None:
    visitor = Visitor(world)
    first = world.join("first@example.jp", _visitor=visitor.id)
    visitor.send(visitor.view("/pricing"))
    world.advance(5 * MINUTE)
    second = world.join("second@example.jp", _visitor=visitor.id)
    world.advance(5 * MINUTE)
    assert web_log(world, first) == [("page_viewed", "/pricing"), ("web_session", None)], "closed for the first lead"
    visitor.send(visitor.view("/cases/a"))
    world.advance(timedelta(hours=1))
    assert web_log(world, first) == [("page_viewed", "/pricing"), ("web_session", None)]
    assert web_log(world, second) == [("page_viewed", "/cases/a"), ("web_session", None)]
    (binding,) = world.items("visitorlead")
    assert (binding["lead_id"], [one[0] for one in binding["earlier"]]) == (second, [first])
    assert {item["pk"] for item in world.items("leadvisitor")} == {f"LEAD#{first}", f"LEAD#{second}"}


def test_an_older_fact_does_not_take_a_visitor_back(world: QuickWorld) -> None:
    visitor = Visitor(world)
    first, second = world.join("first@example.jp"), world.join("second@example.jp")
    now = world.now

    def identified(lead: str, at: datetime) -> str:
        return identify(VisitorIdentified(visitor.id, lead, "link", at), world.app.definitions, world.now)

    assert identified(first, now) == "identified"
    assert identified(second, now + MINUTE) == "identified_as_another"
    assert identified(first, now) == "identified_otherwise_since"
    assert identified(second, now + MINUTE) == "identified_again"


def test_a_signed_link_of_an_email_identifies_its_reader_and_a_forged_one_nobody(world: QuickWorld) -> None:
    lead, visitor = world.join(), Visitor(world)
    token = world.app.secrets.links().visitor_token(lead, world.now)
    assert answered(visitor.send(visitor.view("/pricing"), token=token[:-1] + "x"))["dropped"] == {"token": 1}
    unsubscribe = world.app.secrets.signer().sign("unsubscribe", {"l": lead}, world.now, timedelta(days=1))
    assert answered(visitor.send(visitor.view("/about"), token=unsubscribe))["dropped"] == {"token": 1}
    assert not world.items("visitorlead")
    assert answered(visitor.send(token=token))["dropped"] == {}
    world.advance(timedelta(hours=1))
    assert web_log(world, lead) == [("page_viewed", "/pricing"), ("web_session", None)]
    late = Visitor(world, 2)
    world.now += timedelta(days=31)
    assert answered(late.send(late.view("/"), token=token))["dropped"] == {"token": 1}, "a token has an end"


def test_a_link_that_a_machine_opens_identifies_nobody(world: QuickWorld) -> None:
    lead, visitor = world.join(), Visitor(world)
    token = world.app.secrets.links().visitor_token(lead, world.now)
    post(world, visitor.batch(visitor.view("/pricing"), token=token), **{"user-agent": "SafeLinks HeadlessChrome/1"})
    world.advance(timedelta(hours=1))
    assert not world.items("visitorlead")
    (session,) = world.items("session")
    assert session["verdict"] == "robot"


def test_a_session_of_a_machine_becomes_no_activity(world: QuickWorld) -> None:
    visitor = Visitor(world)
    lead = world.join(_visitor=visitor.id)
    world.advance(5 * MINUTE)
    visitor.send(visitor.view("/pricing"), automated=True)
    world.advance(timedelta(hours=1))
    assert web_log(world, lead) == []


def test_of_an_erased_lead_nothing_is_logged_and_nothing_is_bound(world: QuickWorld) -> None:
    visitor, other = Visitor(world), Visitor(world, 2)
    lead = world.join(_visitor=visitor.id)
    world.advance(5 * MINUTE)
    visitor.send(visitor.view("/pricing"))
    world.gateway.use()
    for item in [item for item in world.items() if item["pk"] == f"LEAD#{lead}"]:
        table.commit([Delete(TableItem(item["pk"], item["sk"]))])
    identified = VisitorIdentified(other.id, lead, "form:demo", world.now)
    assert identify(identified, world.app.definitions, world.now) == "erased"
    world.advance(timedelta(hours=1))
    assert web_log(world, lead) == []


# -- late, again, at once ----------------------------------------------------------------------------------------------


def test_a_batch_after_the_end_adds_what_is_new_and_repeats_nothing(world: QuickWorld) -> None:
    visitor = Visitor(world)
    lead = world.join(_visitor=visitor.id)
    world.advance(5 * MINUTE)
    visitor.new_session()
    visitor.send(visitor.view("/pricing"))
    kept = visitor.batch(visitor.view("/cases/a", world.now - MINUTE), visitor.view("/pricing", world.now - MINUTE))
    world.advance(timedelta(hours=1))
    assert web_log(world, lead) == [("page_viewed", "/pricing"), ("web_session", None)]
    post(world, kept)
    world.advance(timedelta(hours=1))
    assert sorted(web_log(world, lead)) == [
        ("page_viewed", "/cases/a"), ("page_viewed", "/pricing"), ("web_session", None),
    ]  # fmt: skip


def test_a_crash_at_any_write_of_the_end_leaves_each_activity_once(world: QuickWorld) -> None:
    visitor = Visitor(world)
    lead = world.join(_visitor=visitor.id)
    world.advance(5 * MINUTE)
    visitor.new_session()
    visitor.send(visitor.view("/pricing"), visitor.view("/cases/a"))
    entry = SessionEnd(visitor.id, visitor.session, visitor.started, 0)
    world.now += timedelta(hours=1)
    for point in range(12):
        dies_at(world, point, lambda: end_session(entry, world.app.definitions, world.now))
        late = visitor.view("/pricing", world.now - timedelta(hours=2))
        visitor.send(late)  # moves the first view of the page back, so every time of the session is another one
    world.advance(timedelta(hours=1))
    assert sorted(web_log(world, lead)) == [
        ("page_viewed", "/cases/a"), ("page_viewed", "/pricing"), ("web_session", None),
    ]  # fmt: skip


def dies_at(world: QuickWorld, point: int, act: Callable[[], object]) -> None:
    """The process dies before or after one of its writes, or lives if it has fewer."""
    left = point

    def die(label: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Death(label)

    world.table.point = die
    with suppress(Death):
        act()
    world.table.point = lambda label: None


@pytest.mark.parametrize("is_new", [True, False])
def test_a_batch_that_comes_between_read_and_write_is_kept(world: QuickWorld, is_new: bool) -> None:
    one, other = Visitor(world), Visitor(world)
    other.load = "f" * 8
    if not is_new:
        one.send(one.view("/first"))
    between = [other.batch(other.view("/other"))]

    def interrupt(label: str) -> None:
        if between and label.startswith("before"):
            post(world, between.pop())

    world.table.point = interrupt
    one.send(one.view("/one"))
    world.table.point = lambda label: None
    (session,) = world.items("session")
    assert not between
    assert int(session["page_views"]) == (2 if is_new else 3)


def test_two_tabs_at_once_give_one_session_with_both(world: QuickWorld) -> None:
    one, other = Visitor(world), Visitor(world)
    other.load = "f" * 8
    tabs = [(tab, n) for n in range(6) for tab in (one, other)]
    batches = [tab.batch(tab.view(f"/{tab.load}"), tab.view(f"/{tab.load}/{n}")) for tab, n in tabs]
    with ThreadPoolExecutor(8, initializer=world.gateway.use) as pool:
        answers = list(pool.map(lambda batch: answer_or_busy(world, batch), batches * 2))
    for batch, answer in zip(batches * 2, answers, strict=True):
        if answer == 503:
            post(world, batch)
    (session,) = world.items("session")
    assert session["page_views"] == 24


def answer_or_busy(world: QuickWorld, batch: Json) -> int:
    status = int(post(world, batch)["statusCode"])
    assert status in (202, 503)
    return status


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_without_the_consent_that_the_playbook_requires_nothing_is_stored(world: QuickWorld) -> None:
    publish(world, consent="required")
    visitor = Visitor(world)
    assert answered(visitor.send(visitor.view("/")))["dropped"] == {"consent": 1}
    assert not world.items("session")
    assert answered(visitor.send(visitor.view("/"), consent=True))["accepted"] == 1


def test_one_visitor_begins_twenty_sessions_a_day_and_no_more(world: QuickWorld) -> None:
    visitor = Visitor(world)
    statuses = []
    for _ in range(25):
        world.now += MINUTE
        visitor.new_session()
        statuses.append(visitor.send(visitor.view("/"))["statusCode"])
    assert statuses == [202] * 20 + [429] * 5
    world.now += timedelta(days=1)
    visitor.new_session()
    assert visitor.send(visitor.view("/"))["statusCode"] == 202


def test_one_address_may_send_so_many_batches_a_minute_and_others_are_not_held_up(world: QuickWorld) -> None:
    visitor = Visitor(world)
    batch = visitor.batch(visitor.view("/"))
    statuses = Counter(post(world, batch, "198.51.100.7")["statusCode"] for _ in range(PER_MINUTE + 5))
    assert statuses == {202: PER_MINUTE, 429: 5}
    refused = post(world, batch, "198.51.100.7")
    assert refused["headers"]["retry-after"]
    assert post(world, batch, "198.51.100.8")["statusCode"] == 202
    world.now += MINUTE
    assert post(world, batch, "198.51.100.7")["statusCode"] == 202
    assert not [item for item in world.items() if "198.51.100" in json.dumps(item, default=str)]


def test_a_session_of_two_hundred_loaded_pages_takes_no_more(world: QuickWorld) -> None:
    visitor = Visitor(world)
    for number in range(MOST_LOADS + 3):
        visitor.load = f"{number:08x}"
        visitor.number = 0
        answer = answered(post(world, visitor.batch(visitor.view("/")), f"192.0.2.{number % 200}"))
    assert answer == {"accepted": 0, "dropped": {"session_full": 1}, "repeat": False}
    (session,) = world.items("session")
    assert int(session["page_views"]) == MOST_LOADS
    assert len(json.dumps(session, default=str)) < 16_000


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ('{"sent_at": NaN}', {}, 400),
        ("{", {}, 400), ("[]", {}, 400), ("x" * 40_000, {}, 413), ("{}", {"content-type": "text/html"}, 415),
        ("{}", {"content-encoding": "gzip"}, 415), ("{}", {"origin": "https://evil.example"}, 403),
        ("{}", {"origin": "null"}, 403), ("", {}, 400),
    ],
)  # fmt: skip
def test_bad_requests_have_an_answer_and_leave_nothing(
    world: QuickWorld, body: str, headers: Json, status: int
) -> None:
    before = world.items()
    answer = post(world, body, **headers)
    assert answer["statusCode"] == status
    assert set(json.loads(answer["body"])["error"]) == {"code", "message"}
    assert world.items() == before


def test_a_stage_without_tracking_answers_that_there_is_nothing(world: QuickWorld) -> None:
    Definitions().retire("tracking", "default", world.now)
    visitor = Visitor(world)
    assert visitor.send(visitor.view("/"))["statusCode"] == 404


def test_no_log_line_has_an_id_of_a_visitor_an_address_or_a_url(
    world: QuickWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = Visitor(world)
    visitor.send(visitor.view("/canary-path?utm_source=canary"))
    post(world, "canary", "203.0.113.77")
    assert not [word for word in ("canary", visitor.id, "203.0.113.77") if word in capsys.readouterr().out]


# -- the script --------------------------------------------------------------------------------------------------------


def test_the_script_is_served_compressed_and_not_again_while_it_is_the_same(world: QuickWorld) -> None:
    def get(method: str = "GET", **headers: str) -> Json:
        answer: Json = world.call("web_events", world.http_event(f"{method} /sodate.js", {}, headers, None, False))
        return answer

    plain, packed = get(), get(**{"accept-encoding": "gzip, br"})
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
    assert packed["isBase64Encoded"] is True
    assert packed["headers"]["content-encoding"] == "gzip"
    assert "max-age=86400" in plain["headers"]["cache-control"]
    again = get(**{"if-none-match": plain["headers"]["etag"]})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert get("HEAD")["body"] == ""


def test_the_script_is_three_kilobytes_compressed_at_most() -> None:
    assert len(Script().compressed) <= 3_000


# -- conditions --------------------------------------------------------------------------------------------------------


def test_conditions_ask_for_pages_and_custom_events(world: QuickWorld) -> None:
    visitor = Visitor(world)
    lead = world.join(_visitor=visitor.id)
    world.advance(5 * MINUTE)
    visitor.new_session()
    chosen = {"type": "custom", "at": visitor.clock(), "name": "plan-chosen", "fields": {"plan": "pro", "seats": 3}}
    visitor.send(visitor.view("/pricing/pro"), chosen)
    world.advance(timedelta(hours=1))
    log = activities_of(lead)

    def times(text: str) -> int:
        condition = TypeAdapter(Condition).validate_python(parse_one_line(text))
        matches = FactFold([condition]).replay(log).matches
        return sum(len(one.latest) for one in matches.values())

    assert times('did page_viewed(page = "/pricing*")') == 1
    assert times('did page_viewed(product = "norte")') == 1
    assert times('did page_viewed(page = "/cases/*")') == 0
    assert times("did web_event(event = plan-chosen, plan = pro)") == 1
    assert times("did web_event(event = plan-chosen, seats = 3)") == 1
    assert times("did web_event(event = plan-chosen, plan = free)") == 0


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_an_erasure_at_any_moment_of_the_end_leaves_no_activity(world: QuickWorld) -> None:
    make_buckets()
    for moment in range(6):
        visitor = Visitor(world)
        address = f"taro{moment}@example.jp"
        lead = world.join(address, _visitor=visitor.id)
        world.advance(5 * MINUTE)
        visitor.new_session()
        visitor.send(visitor.view("/pricing"), visitor.view("/cases/a"))
        entry = SessionEnd(visitor.id, visitor.session, visitor.started, 0)
        left = [moment]

        def erased(label: str, lead: str = lead, address: str = address, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                world.table.point = lambda label: None
                eraser_of(world).erase(lead, key_of_address(address), "subject-request", "tester")

        world.now += timedelta(hours=1)
        world.table.point = erased
        end_session(entry, world.app.definitions, world.now)
        if left[0] >= 0:  # the end had fewer writes
            left[0] = 0
            erased("after the end")
        kinds = {item["kind"] for item in world.items() if item["pk"] == f"LEAD#{lead}"}
        assert kinds == {"consent"}, f"erased at point {moment}"
        assert lead not in str([item for item in world.items("session")])


def test_a_lead_keeps_its_fifty_newest_visitors(world: QuickWorld) -> None:
    lead = world.join()
    ids = [f"{number:032x}" for number in range(60)]
    for visitor in ids:
        world.now += timedelta(minutes=1)
        identified = VisitorIdentified(visitor, lead, "form:demo", world.now)
        assert identify(identified, world.app.definitions, world.now) == "identified"
    kept = {item["lead_id"]: item["pk"] for item in world.items("visitorlead")}
    assert set(kept) == {lead}
    bound = {item["pk"].removeprefix("VISITOR#") for item in world.items("visitorlead")}
    assert bound == set(ids[-50:])
    alive = [item for item in world.items("leadvisitor") if item["ttl"] > world.now.timestamp()]
    assert {item["sk"].removeprefix("VISITOR#") for item in alive} == bound, "the others end by themselves"
    assert identify(VisitorIdentified(ids[0], lead, "link", world.now), world.app.definitions, world.now)
    assert ids[0] in {item["pk"].removeprefix("VISITOR#") for item in world.items("visitorlead")}
