"""Figures of the whole system: what emails, activities and scores come to in the counters."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityVerdict
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb import keys, kpi_keys, table
from sodate.dynamodb.item import TableItem, row
from sodate.dynamodb.table import Delete
from sodate.kpis import store
from sodate.kpis.period import parse_period
from sodate.kpis.read import read, visitors
from sodate.kpis.verify import verify
from sodate.scoring.correct import judge
from sodate.tracking.store import SessionItem

from tests.functions.quick import QuickWorld

TARO = "taro@example.jp"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def total(scope: str) -> dict[str, int]:
    """All hours of a scope together."""
    found: dict[str, int] = {}
    hours = store.totals_between(scope, kpi_keys.HOURS, kpi_keys.HOURS + "~")
    for counts in hours.values():
        for name, count in counts.items():
            found[name] = found.get(name, 0) + count
    return found


def rest(world: QuickWorld) -> None:
    world.settle()
    world.advance(timedelta(minutes=6))
    assert verify().differences == []


def test_counters_equal_a_count_from_scratch_after_days_of_a_lead(world: QuickWorld) -> None:
    world.join()
    world.advance(timedelta(days=10))
    world.visit(world.unsubscribe_url(world.mails_to(TARO)[-1]), "POST", "List-Unsubscribe=One-Click", **FORM)
    rest(world)
    found = total("all")
    assert found["email_sent"] == found["email_delivered"] == len(world.mails_to(TARO)) - 1
    assert found["email_unsubscribed"] == found["did_unsubscribed"] == found["did_form_submitted"] == 1
    assert found["reached_lead"] == found["cohort_lead"] == found["leads"] == 1
    assert total("form:request-materials")["did_form_submitted"] == 1
    assert total("purpose:transactional")["email_sent"] == 1
    assert verify().compared > 20


@pytest.mark.parametrize("way", ["one_click", "preferences"])
def test_an_opt_out_counts_in_the_hour_of_the_email_that_brought_it(world: QuickWorld, way: str) -> None:
    world.join()
    world.advance(timedelta(days=3))
    email = world.mails_to(TARO)[-1]
    send = email.tags["send_id"]
    world.advance(timedelta(hours=5))
    if way == "one_click":
        world.visit(world.unsubscribe_url(email), "POST", "List-Unsubscribe=One-Click", **FORM)
    else:
        world.visit(world.link(email, "/preferences/"), "POST", "do=stop", **FORM)
    rest(world)
    (item,) = [one for one in world.items("send") if one["sk"] == f"SEND#{send}"]
    assert item["unsubscribed_at"]
    hour = store.totals_between(
        "all", kpi_keys.hour_total(item["sent_at"][:13]), kpi_keys.hour_total(item["sent_at"][:13])
    )
    assert hour[item["sent_at"][:13]]["email_unsubscribed"] == 1
    assert total(f"template:{item['template']}")["email_unsubscribed"] == 1


def session(visitor: str, number: int, at: datetime, **given: Any) -> None:
    figures: dict[str, Any] = {
        "page_views": 3, "dwell_s": 90, "scroll_max": 60, "bounced": 0, "is_return": 0, "downloads": 0, "ctas": 0,
        "verdict": "human", "source": "google", "medium": "cpc", "version": 1, "folded": {}, "last_at": "x",
    }  # fmt: skip
    item = row(
        SessionItem, f"VISITOR#{visitor}", f"SESSION#{number}", visitor=visitor, session=str(number),
        started_at=keys.stamp(at), **(figures | given),
    )  # fmt: skip
    table.put_row(item)


def test_sessions_count_with_their_distinct_visitors_and_robots_apart(world: QuickWorld) -> None:
    began = world.now
    for number in range(6):
        session(f"v{number % 4}", number, began, bounced=int(number == 0), is_return=int(number > 3))
    session("scanner", 9, began, verdict="robot")
    rest(world)
    session("v0", 0, began, page_views=5)
    rest(world)
    november = parse_period("2026-11")
    found = read("source:google", november)
    assert visitors("all", november) == visitors("source:google", parse_period("2026-11-24")) == 4
    assert {name: found.counts[name] for name in ("sessions", "page_views", "robot_sessions", "return_sessions")} == {
        "sessions": 6, "page_views": 20, "robot_sessions": 1, "return_sessions": 2,
    }  # fmt: skip
    assert found.counts["bounces"] == 0
    assert visitors("all", parse_period("2026-12")) == 0


def test_an_erased_lead_leaves_its_figures(world: QuickWorld) -> None:
    lead = world.join()
    world.advance(timedelta(days=3))
    rest(world)
    before = total("all")
    for key in [key for key in world.table.items if key[0] == f"LEAD#{lead}"]:
        table.commit([Delete(TableItem(*key))])
    rest(world)
    after = total("all")
    lasting = {name for name in before if not name.startswith(("in_", "leads", "stay"))}
    assert {name: after[name] for name in lasting} == {name: before[name] for name in lasting}
    assert after["leads"] == 0
    assert verify().items == 0


def test_a_verdict_on_an_activity_corrects_its_counts_as_often_as_it_changes(world: QuickWorld) -> None:
    lead = world.join()
    activity = Activity(lead, "document_downloaded", world.now, "d1", {"form": "x"})
    table.put(activity_item(activity))
    rest(world)
    assert total("form:x")["did_document_downloaded"] == 1
    for verdict, people in ((ActivityVerdict.ROBOT, 0), (ActivityVerdict.HUMAN, 1), (ActivityVerdict.ROBOT, 0)):
        world.now += timedelta(minutes=1)
        judge(lead, "d1", verdict, world.now)
        rest(world)
        assert total("form:x")["did_document_downloaded"] == people
        assert total("form:x").get("robot_document_downloaded", 0) == 1 - people


def test_a_verdict_that_the_stream_delivers_late_does_not_win(world: QuickWorld) -> None:
    lead = world.join()
    table.put(activity_item(Activity(lead, "document_downloaded", world.now, "d1", {})))
    judge(lead, "d1", ActivityVerdict.ROBOT, world.now + timedelta(seconds=1))
    judge(lead, "d1", ActivityVerdict.HUMAN, world.now + timedelta(seconds=2))
    records = world.stream_records()
    world.call("event_publisher", {"Records": records[::-1]})
    world.call("event_publisher", {"Records": records})
    rest(world)
    assert [one.key for one in activities_of(lead) if one.type == "document_downloaded"] == ["d1"]
    assert total("all")["did_document_downloaded"] == 1


def test_counting_goes_on_when_publishing_fails_and_the_other_way_round(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.join()
    rest(world)
    table.put(activity_item(Activity(lead, "document_downloaded", world.now, "d1", {})))
    table.put(activity_item(Activity(lead, "segment_entered", world.now, "s1", {"segment": "x"})))
    records = world.stream_records()
    real = world.app.aws.client

    def without_a_bus(service: str) -> Any:
        if service == "events":
            raise OSError("no bus")
        return real(service)

    with monkeypatch.context() as patch:
        patch.setattr(world.app.aws, "client", without_a_bus)
        assert world.call("event_publisher", {"Records": records})["batchItemFailures"]
    rest(world)
    assert total("all")["did_document_downloaded"] == 1
    world.call("event_publisher", {"Records": records})
    rest(world)
    assert total("all")["did_document_downloaded"] == 1
    assert any(event["DetailType"] == "SegmentEntered" for event in world.bus)
