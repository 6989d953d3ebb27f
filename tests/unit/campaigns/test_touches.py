"""Which activities are touches of which campaigns, and what becomes of a membership."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.campaigns.campaign import Campaign
from sodate.campaigns.member import MemberStatus, membership_of
from sodate.campaigns.touch import Channel, known_at, touch_of, touches_in

from tests.support.campaigning import activity, campaign, day

AUTUMN = campaign("autumn", conversion={"activity": "form_submitted", "form": "demo"}, conversion_within_days=7)
JUDGED = "activity_judged"


@pytest.mark.parametrize(
    ("sources", "type_", "about"),
    [
        ({"forms": ["demo"]}, "form_submitted", {"form": "demo"}),
        ({"utm": [{"source": "google", "medium": "cpc"}]}, "web_session", {"source": "Google", "medium": "CPC"}),
        ({"utm": [{"term": "リード*"}]}, "form_submitted", {"term": "ﾘｰﾄﾞ育成"}),
        ({"utm": [{"referrer": "*.partner.example"}]}, "form_submitted", {"referrer": "www.partner.example"}),
        ({"click_ids": ["yclid"]}, "form_submitted", {"click": "yclid"}),
        ({"broadcasts": ["news"]}, "mail_clicked", {"broadcast": "news"}),
        ({"scenarios": ["welcome"]}, "mail_clicked", {"sequence": "welcome"}),
        ({"activities": [{"activity": "seminar_attended", "seminar": "s1"}]}, "seminar_attended", {"seminar": "s1"}),
        ({"imports": ["fair2026"]}, "card_exchanged", {"source": "fair2026"}),
    ],
)
def test_each_source_makes_its_activity_a_touch(sources: dict[str, Any], type_: str, about: dict[str, str]) -> None:
    live = campaign(sources=sources)
    touched = touch_of(activity("k", day(1), type_, **about), [live])
    assert touched is not None and touched.campaigns == ("autumn",)
    other = touch_of(activity("k", day(1), "call_made", **dict.fromkeys(about, "another")), [live])
    assert other is None or not other.campaigns


def test_opens_direct_visits_and_what_others_did_are_no_touches() -> None:
    live = campaign(sources={"broadcasts": ["news"], "forms": ["demo"]})
    for one in (
        activity("a", day(1), "mail_opened", broadcast="news"),
        activity("b", day(1), "form_submitted", form="newsletter"),
        activity("c", day(1), "page_viewed", page="/"),
        activity("d", day(1), "unsubscribed"),
        activity("e", day(1), "form_submitted", form="newsletter", referrer="www.example.jp"),
    ):
        assert touch_of(one, [live]) is None


def test_a_robots_click_is_no_touch_until_a_person_says_that_it_was_human() -> None:
    live = campaign(sources={"broadcasts": ["news"]})
    log = [
        activity("a", day(1), "mail_clicked", broadcast="news"),
        activity("j", day(2), JUDGED, of="a", verdict="robot"),
    ]
    assert touches_in(log, [live]) == []
    log.append(activity("h", day(3), JUDGED, of="a", verdict="human"))
    assert [one.key for one in touches_in(log, [live])] == ["a"]


def test_a_visit_in_which_the_form_was_posted_is_one_touch() -> None:
    post = activity("p", day(1.5), form="demo", campaign="autumn")
    visit = activity("v", day(2), "web_session", form="demo", campaign="autumn", started=int(day(1).timestamp()))
    assert [one.key for one in touches_in([post, visit], [AUTUMN])] == ["p"]
    unmarked = activity("p", day(1.5), form="demo")
    assert [one.key for one in touches_in([unmarked, visit], [AUTUMN])] == ["v"]
    later = activity("w", day(3), "web_session", form="demo", campaign="autumn", started=int(day(2.5).timestamp()))
    assert [one.key for one in touches_in([post, later], [AUTUMN])] == ["p", "w"]


def test_the_period_of_a_campaign_is_in_days_of_the_sender() -> None:
    live, about = campaign(), {"campaign": "autumn-1"}
    assert touch_of(activity("a", day(0), **about), [live]).campaigns  # type: ignore[union-attr]
    assert not touch_of(activity("a", day(-0.001), **about), [live]).campaigns  # type: ignore[union-attr]
    assert not touch_of(activity("a", day(92), **about), [live]).campaigns  # type: ignore[union-attr]


def test_the_channel_of_a_touch() -> None:
    def channel(type_: str = "form_submitted", **about: str) -> Channel:
        found = touch_of(activity("a", day(1), type_, **about), [campaign(sources={"broadcasts": ["n"]})])
        assert found is not None
        return found.channel

    assert channel(medium="cpc", source="google") is Channel.PAID
    assert channel(click="gclid") is Channel.PAID
    assert channel("mail_clicked", broadcast="n") is Channel.EMAIL
    assert channel(referrer="www.google.co.jp") is Channel.ORGANIC
    assert channel(referrer="t.co") is Channel.SOCIAL
    assert channel(source="partner") is Channel.REFERRAL
    assert channel("web_session", referrer="partner.example") is Channel.REFERRAL
    assert touch_of(activity("a", day(1), referrer="notgoogle.com"), []) is None


# -- membership --------------------------------------------------------------------------------------------------------


def test_a_conversion_counts_within_its_window_after_a_touch_only() -> None:
    touch, within = activity("t", day(1), campaign="autumn"), activity("c", day(8), form="demo")
    assert membership_of([touch, within], AUTUMN).status is MemberStatus.CONVERTED  # type: ignore[union-attr]
    late = activity("c", day(8.01), form="demo")
    assert membership_of([touch, late], AUTUMN).status is MemberStatus.RESPONDED  # type: ignore[union-attr]
    before = activity("c", day(0.5), form="demo")
    assert membership_of([before, touch], AUTUMN).status is MemberStatus.RESPONDED  # type: ignore[union-attr]
    assert membership_of([within], AUTUMN) is None


def test_the_touch_itself_may_be_the_conversion() -> None:
    found = membership_of([activity("c", day(1), form="demo", campaign="autumn")], AUTUMN)
    assert found is not None and found.status is MemberStatus.CONVERTED and found.converted == "c"


def test_who_is_aimed_at_is_targeted_before_any_touch() -> None:
    live = campaign(targets={"segments": ["managers"], "scenarios": ["invitation"]})
    for one in (
        activity("a", day(-3), "segment_entered", segment="managers"),
        activity("a", day(-3), "scenario_entered", scenario="invitation"),
    ):
        assert membership_of([one], live).status is MemberStatus.TARGETED  # type: ignore[union-attr]


# -- as of -------------------------------------------------------------------------------------------------------------

facts = st.lists(
    st.builds(
        activity,
        key=st.text("abcdef", min_size=1, max_size=3),
        at=st.integers(0, 100).map(lambda number: day(number / 4)),
        recorded=st.integers(0, 160).map(lambda number: day(number / 4)),
        campaign=st.sampled_from(["autumn", "other", ""]),
        form=st.sampled_from(["demo", "newsletter"]),
    ),
    max_size=10,
    unique_by=lambda one: one.position,  # a repeat is equal to the first
)


@settings(deadline=None)
@given(log=facts, later=facts, moment=st.integers(1, 120), data=st.data())
def test_what_is_recorded_later_changes_nothing_of_an_earlier_day(
    log: list[Activity], later: list[Activity], moment: int, data: st.DataObject
) -> None:
    as_of = day(moment / 4)
    appended = [activity(f"z{one.key}", one.at, recorded=max(day(moment / 4), one.at), **one.about) for one in later]
    judged = [activity(f"j{one.key}", as_of, JUDGED, of=one.key, verdict="robot") for one in log[:2]]
    everything = data.draw(st.permutations([*log, *appended, *judged]))
    then, today = known_at(log, as_of), known_at(everything, as_of)
    assert touches_in(then, [AUTUMN]) == touches_in(today, [AUTUMN])
    assert membership_of(then, AUTUMN) == membership_of(today, AUTUMN)


# -- the file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"until": "2026-09-01"}, "until"),
        ({"sources": {}}, "sources"),
        ({"sources": {"utm": [{}]}}, "at least one"),
        ({"sources": {"utm": [{"campaign": "a*b*c*d*e"}]}}, "three"),
        ({"sources": {"activities": [{"activity": "mail_opened"}]}}, "open"),
        ({"conversion": {"activity": "mail_opened"}}, "open"),
        ({"costs": [{"amount": 100}]}, "on"),
        ({"costs": [{"amount": 100, "on": "2026-10-01", "from": "2026-10-01"}]}, "either"),
        ({"costs": [{"per_lead": 100, "on": "2026-10-01"}]}, "amount"),
        ({"costs": [{"amount": "1.5", "on": "2026-10-01"}]}, "digits"),
        ({"currency": "YEN"}, "ISO 4217"),
    ],
)
def test_a_campaign_that_cannot_be_meant_is_refused(change: dict[str, Any], word: str) -> None:
    body = {"id": "a", "from": "2026-10-01", "until": "2026-12-31", "sources": {"forms": ["demo"]}, **change}
    with pytest.raises(ValueError, match=word):
        Campaign.model_validate(body)
