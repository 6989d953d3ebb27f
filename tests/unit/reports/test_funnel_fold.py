"""The funnel of groups of leads: the same stages as the counters, each lead where it belongs, and where leads left."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.kpis.contribution import NOW
from sodate.kpis.funnel import stages_of
from sodate.kpis.funnel_counts import counts_of_score
from sodate.kpis.period import Period, day_of
from sodate.reports.funnel_fold import (
    Dimension,
    FunnelFold,
    FunnelLead,
    Touchpoint,
    Wanted,
    groups_of,
    last_touchpoint,
)

TOKYO = "Asia/Tokyo"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
NOW_AT = datetime(2026, 11, 30, 3, tzinfo=UTC)
MANAGERS, TEST = (Dimension.SEGMENT, "managers"), (Dimension.SEGMENT, "test")


def minute(day: int, hour: int = 3, month: int = 11) -> int:
    return int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp()) // 60


def did(type_: str, day: int, key: str = "", **about: object) -> Activity:
    return Activity("lead", type_, datetime(2026, 11, day, 3, tzinfo=UTC), key or f"{type_}{day}", about)


minutes = st.integers(minute(20, month=10), minute(10, month=12))
leads = st.lists(st.lists(minutes, min_size=1, max_size=5).map(sorted), max_size=8)


@given(leads, st.sampled_from([TOKYO, "America/New_York", "UTC"]))
def test_the_fold_over_all_leads_gives_what_the_counters_give(found: list[list[int]], zone: str) -> None:
    whole, first, second = (FunnelFold(Wanted(NOVEMBER, zone)) for _ in range(3))
    counters: Counter[str] = Counter()
    for number, stages in enumerate(found):
        whole.count(FunnelLead(stages))
        (first if number % 2 else second).count(FunnelLead(stages))
        image = {"state_json": json.dumps({"f": stages}), "stage": "lead", "phase": "interest"}
        for part in counts_of_score(image):
            if part.hour != NOW and date.fromisoformat(day_of(part.hour, zone)) in NOVEMBER:
                counters.update(part.counts)
    first.merge(second)
    assert whole.stages() == first.stages() == stages_of(counters)


def test_a_lead_counts_in_each_of_its_segments_and_who_is_in_none_has_a_row() -> None:
    fold = FunnelFold(Wanted(NOVEMBER, TOKYO, by=(Dimension.SEGMENT, Dimension.OWNER)))
    fold.count(FunnelLead([minute(2), minute(3)], {MANAGERS, TEST, (Dimension.OWNER, "sato")}))
    fold.count(FunnelLead([minute(4)], {MANAGERS}))
    fold.count(FunnelLead([minute(5)], ()))
    fold.count(FunnelLead([minute(5, month=9)], {MANAGERS}))
    assert fold.stages()[0].reached == 3
    assert fold.ids(Dimension.SEGMENT) == ["managers", "", "test"]
    assert [one.reached for one in fold.stages(MANAGERS)] == [2, 1, 0, 0, 0]
    assert [one.reached for one in fold.stages((Dimension.OWNER, ""))] == [2, 0, 0, 0, 0]


def test_only_leads_of_the_subject_count_and_are_divided() -> None:
    fold = FunnelFold(Wanted(NOVEMBER, TOKYO, MANAGERS, (Dimension.FORM,)))
    fold.count(FunnelLead([minute(2)], {MANAGERS, (Dimension.FORM, "demo")}))
    fold.count(FunnelLead([minute(2)], {TEST, (Dimension.FORM, "contact")}))
    assert fold.stages()[0].reached == 1
    assert fold.ids(Dimension.FORM) == ["demo"]


def test_the_last_minute_of_a_day_in_tokyo_is_not_the_next_day() -> None:
    fold = FunnelFold(Wanted(NOVEMBER, TOKYO))
    fold.count(FunnelLead([minute(30, 14)]))
    fold.count(FunnelLead([minute(30, 15)]))
    assert fold.stages()[0].reached == 1


def test_visitors_of_a_campaign_are_distinct_ones() -> None:
    autumn = (Dimension.CAMPAIGN, "autumn")
    fold, other = FunnelFold(Wanted(NOVEMBER, TOKYO, autumn)), FunnelFold(Wanted(NOVEMBER, TOKYO, autumn))
    fold.count_visitor("a", [autumn])
    fold.count_visitor("b", [(Dimension.CAMPAIGN, "spring")])
    other.count_visitor("a", [autumn])
    other.count_visitor("c", [autumn])
    fold.merge(other)
    assert fold.visitors[None] == {"a", "c"}


def test_the_groups_of_a_lead_are_its_origin_its_segments_now_its_owner_and_its_campaign() -> None:
    origin = {"form": "demo", "source": "google", "campaign": "autumn-2026"}
    assert groups_of(origin, ["managers"], None, "autumn") == {
        (Dimension.FORM, "demo"), (Dimension.SOURCE, "google"), MANAGERS, (Dimension.CAMPAIGN, "autumn"),
    }  # fmt: skip


# -- where leads left --------------------------------------------------------------------------------------------------

SILENT = Wanted(NOVEMBER, TOKYO, silent_since=NOW_AT - timedelta(days=14))


def left(*found: FunnelLead) -> list[tuple[str, str, int]]:
    fold = FunnelFold(SILENT)
    for one in found:
        fold.count(one)
    return [(point.name, point.stage, point.leads) for point in fold.points("en")]


def test_a_lead_of_the_period_that_went_no_further_left_after_its_last_touchpoint() -> None:
    gone = last_touchpoint([did("mail_clicked", 2, link="https://example.jp/a"), did("form_submitted", 5, form="demo")])
    came, hot = [minute(2)], [minute(2), minute(3)]
    assert left(FunnelLead(came, (), gone), FunnelLead(hot, (), gone), FunnelLead(hot, (), gone)) == [
        ("sent a form: demo", "mql", 2),
        ("sent a form: demo", "lead", 1),
    ]


def test_who_was_won_who_is_active_and_who_came_before_the_period_has_not_left() -> None:
    gone, active = Touchpoint("form_submitted", "demo", NOW_AT - timedelta(days=15)), did("mail_clicked", 20)
    assert left(FunnelLead([minute(2)] * 5, (), gone)) == []
    assert left(FunnelLead([minute(2)], (), last_touchpoint([active]))) == []
    assert left(FunnelLead([minute(2, month=9)], (), gone)) == []
    assert left(FunnelLead([minute(2)])) == []


def test_what_a_robot_did_is_no_touchpoint_and_what_a_playbook_declares_is_one() -> None:
    verdict = Activity("lead", "activity_judged", NOW_AT, "v", {"of": "k", "verdict": "robot"})
    log = [did("demo_booked", 4, product="x"), did("mail_clicked", 6, "k", link="https://example.jp/a"), verdict]
    found = last_touchpoint(log)
    assert found is not None and (found.type, found.at.day) == ("demo_booked", 4)
    assert last_touchpoint([did("demo_booked", 4, _passive=1)]) is None
