"""What one email adds to the results of its template: people and robots apart, each email once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.errors import Invalid
from sodate.queries.template_results import Figure, SentEmail, VersionResults, conversion_of, results_of

SENT_AT = datetime(2026, 11, 24, 5, tzinfo=UTC)
NOW = SENT_AT + timedelta(days=60)


def did(type_: str, key: str, hours: float = 1, **about: Any) -> Activity:
    return Activity("lead", type_, SENT_AT + timedelta(hours=hours), key, about)


def click(key: str, link: str = "https://a.example/1", send: str = "s1") -> Activity:
    return did("mail_clicked", key, send=send, link=link)


def robot(of: str, verdict: str = "robot", hours: float = 5) -> Activity:
    return did("activity_judged", f"j-{of}-{hours}", hours, of=of, verdict=verdict)


def counted(*log: Activity, state: str = "delivered", conversion: str | None = None, days: int = 30) -> VersionResults:
    email = SentEmail("s1", 3, state, SENT_AT)
    return results_of(email, log, conversion_of(conversion, days), NOW, lambda url: url)


def people(results: VersionResults) -> set[str]:
    return {figure.value for figure, count in results.people.items() if count}


@pytest.mark.parametrize(
    ("state", "figures"),
    [
        ("sent", {"sent"}),
        ("delayed", {"sent"}),
        ("rejected", {"sent"}),
        ("soft_bounced", {"sent", "soft_bounced"}),
        ("bounced", {"sent", "bounced"}),
        ("delivered", {"sent", "delivered"}),
        ("complained", {"sent", "delivered", "complained"}),
    ],
)
def test_the_state_of_the_ledger_decides_what_became_of_it(state: str, figures: set[str]) -> None:
    assert people(counted(state=state)) == figures


@pytest.mark.parametrize(("state", "is_delivered"), [("sent", True), ("delayed", True), ("bounced", False)])
def test_an_opened_email_was_delivered(state: str, is_delivered: bool) -> None:
    assert (Figure.DELIVERED in counted(did("mail_opened", "o", send="s1"), state=state).people) is is_delivered


def test_an_email_counts_once_however_often_it_is_opened_and_clicked() -> None:
    log = [did("mail_opened", key, send="s1") for key in "ab"] + [
        click("c"),
        click("d"),
        click("e", "https://b.example"),
    ]
    results = counted(*log)
    assert (results.people[Figure.OPENED], results.people[Figure.CLICKED]) == (1, 1)
    assert results.links == {"https://a.example/1": 1, "https://b.example": 1}
    assert not results.robots_only and not results.links_by_robots


def test_what_was_done_on_another_email_does_not_count() -> None:
    log = [click("c", send="s2"), did("mail_opened", "o", send="s2"), did("unsubscribed", "u", send="s2")]
    assert people(counted(*log)) == {"sent", "delivered"}


def test_activities_of_robots_count_apart_unless_a_person_did_the_same() -> None:
    log = [did("mail_opened", "o", send="s1"), click("c"), click("d"), click("e", "https://b.example")]
    results = counted(*log, *(robot(key) for key in "oce"))
    assert people(results) == {"sent", "delivered", "clicked"}
    assert results.robots_only == {Figure.OPENED: 1}
    assert (results.links, results.links_by_robots) == ({"https://a.example/1": 1}, {"https://b.example": 1})


def test_the_last_verdict_on_an_activity_holds() -> None:
    results = counted(click("c"), robot("c"), robot("c", "human", hours=6))
    assert (results.people[Figure.CLICKED], results.robots_only) == (1, Counter())


def test_opting_out_by_the_link_of_the_email_counts() -> None:
    assert Figure.UNSUBSCRIBED in counted(did("unsubscribed", "u", send="s1", scope="news")).people


def test_a_conversion_is_the_activity_within_the_time_after_its_email() -> None:
    demo = "did form_submitted(form = demo)"
    in_time = did("form_submitted", "f", 24 * 7 - 1, form="demo")
    assert Figure.CONVERTED in counted(in_time, conversion=demo, days=7).people
    for other in (
        did("form_submitted", "f", 24 * 7, form="demo"),
        did("form_submitted", "f", -1, form="demo"),
        did("form_submitted", "f", form="materials"),
        did("meeting_set", "m"),
    ):
        assert Figure.CONVERTED not in counted(other, conversion=demo, days=7).people
    by_robot = counted(in_time, robot("f", hours=24 * 8), conversion=demo, days=7)
    assert (by_robot.people[Figure.CONVERTED], by_robot.robots_only[Figure.CONVERTED]) == (0, 1)


def test_without_a_condition_a_meeting_is_the_conversion() -> None:
    assert Figure.CONVERTED in counted(did("meeting_set", "m")).people


def test_an_email_whose_time_is_not_over_is_still_open() -> None:
    assert Figure.STILL_OPEN in counted(days=61).people
    assert Figure.STILL_OPEN not in counted(days=60).people


def test_results_are_sums() -> None:
    total = VersionResults()
    for _ in range(2):
        total += counted(click("c"), did("mail_opened", "o", send="s1"), robot("o"))
    assert (total.people[Figure.CLICKED], total.robots_only[Figure.OPENED]) == (2, 2)
    assert total.links == {"https://a.example/1": 2}


@pytest.mark.parametrize(
    "text", ["did form_submitted(", "score >= 5", "did mail_opened", "did mail_clicked 2 times", "did a and did b"]
)
def test_a_conversion_that_is_no_single_activity_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="write one activity"):
        conversion_of(text, 30)
