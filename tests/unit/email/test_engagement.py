"""The evidence of one email's opens and clicks, as text on its SEND item."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sodate.activities.catalog import ActivityVerdict
from sodate.email.ledger.engagement import MOST_CLICKS, Because, Engagement, Hit, Sign

HUMAN, ROBOT, UNSURE = ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.UNSURE


def hits() -> st.SearchStrategy[Hit]:
    return st.builds(
        Hit,
        kind=st.sampled_from(("o", "c")),
        key=st.integers(0, 40).map(lambda number: f"{number:016x}"),
        at=st.integers(-50, 10**8),
        link=st.sampled_from(("", "a1b2", "c3d4", "ffff")),
        client=st.sampled_from(("", "0001", "beef")),
        signs=st.integers(0, 255).map(Sign),
        verdict=st.sampled_from((None, *ActivityVerdict)),
        because=st.sampled_from((None, *Because)),
    )


@given(st.lists(hits(), max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_and_back_is_the_same_evidence(found: list[Hit]) -> None:
    engagement = Engagement().adding(found)
    assert Engagement.of(engagement.to_text()) == engagement
    assert Engagement.of({"engagement": engagement.to_text()}) == engagement


@given(st.lists(hits(), max_size=80))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_evidence_is_bounded_and_a_repeat_changes_nothing(found: list[Hit]) -> None:
    engagement = Engagement().adding(found)
    assert sum(hit.is_click for hit in engagement.hits) <= MOST_CLICKS
    assert sum(not hit.is_click for hit in engagement.hits) <= 6
    assert len(engagement.to_text()) <= 25 * 50
    assert len({hit.key for hit in engagement.hits}) == len(engagement.hits)
    assert engagement.adding(engagement.hits) == engagement


def click(number: int, verdict: ActivityVerdict, signs: Sign = Sign(0)) -> Hit:  # noqa: B008  immutable
    return Hit("c", f"{number:016x}", number, f"{number:04x}", "beef", signs, verdict, Because.NO_SIGN)


def test_each_verdict_is_read_apart() -> None:
    opened = Hit("o", "a" * 16, 5, verdict=ROBOT, because=Because.APPLE_PREFETCH)
    engagement = Engagement((opened, click(1, HUMAN), click(2, UNSURE)))
    assert (engagement.human_opened, engagement.machine_opened) == (False, True)
    assert (engagement.human_clicked, engagement.machine_clicked, engagement.unsure_clicked) == (True, False, True)
    assert engagement.reasons["a" * 16] is Because.APPLE_PREFETCH


def test_a_click_that_waits_is_nobodys_yet() -> None:
    waiting = Engagement((Hit("c", "a" * 16, 5, "aaaa"),))
    assert not (waiting.human_clicked or waiting.machine_clicked or waiting.unsure_clicked)


def test_a_link_of_ours_and_the_hidden_one_are_no_engagement() -> None:
    engagement = Engagement((click(1, HUMAN, Sign.OWN_LINK), click(2, ROBOT, Sign.HIDDEN_LINK)))
    assert not engagement.human_clicked
    assert not engagement.machine_clicked


def test_a_person_after_a_robot_with_many_clicks_finds_room() -> None:
    engagement = Engagement().adding(click(number, ROBOT) for number in range(50)).adding([click(99, HUMAN)])
    assert engagement.human_clicked
    assert engagement.machine_clicked


def test_an_item_without_evidence_and_an_addition_of_a_newer_release_are_read() -> None:
    assert Engagement.of({}) == Engagement()
    newer = Engagement.of(f"c:{'a' * 16}:12:ab12:beef:200:rz:more")
    assert newer.machine_clicked
    assert newer.reasons == {}
