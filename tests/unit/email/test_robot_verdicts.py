"""Verdicts on clicks: from the evidence of one email. And what a single event shows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sodate.activities.catalog import ActivityVerdict
from sodate.email.events.automated import is_automated
from sodate.email.events.event import Client, EmailEvent
from sodate.email.events.signs import hit_of, signs_of
from sodate.email.events.verdicts import MINUTE, PATIENCE, SECOND, Prior, Waiting, verdict_of_open, verdicts_on
from sodate.email.ledger.engagement import NO_SIGNS, Because, Engagement, Hit, Sign

HUMAN, ROBOT, UNSURE = ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.UNSURE
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/146.0.0.0 Safari/537.36"
HOUR = 60 * MINUTE


def click(seconds: float, link: str = "a", client: str = "c1", signs: Sign = NO_SIGNS, key: str = "") -> Hit:
    """`seconds` after two hours: long after gateways have looked."""
    at = 2 * HOUR + int(seconds * SECOND)
    return Hit("c", key or f"{at}{link}{client}", at, link, client, signs)


def final(
    hits: list[Hit], prior: Prior | None = None, rules: Waiting | None = None
) -> dict[str, ActivityVerdict | None]:
    """Verdicts after all time, each click asked for in turn."""
    engagement = Engagement(tuple(hits))
    for hit in hits:
        answer = verdicts_on(engagement, hit.key, 10**7, rules or Waiting(), lambda: prior or Prior())
        engagement = answer.engagement
    return {hit.key: hit.verdict for hit in engagement.hits}


ROBOTS = {
    "two links within a second": [click(0, "a"), click(0.8, "b")],
    "three within three seconds": [click(0, "a"), click(1.4, "b"), click(2.9, "c")],
    "five within fifteen": [click(n * 3.5, link) for n, link in enumerate("abcde")],
    "a walk over eight links in a minute": [click(n * 7.5, link) for n, link in enumerate("abcdefgh")],
    "our own two links and something to read": [
        click(0, "a"), click(20, "u", signs=Sign.OWN_LINK), click(40, "p", signs=Sign.OWN_LINK)
    ],
    "links of a fleet, each from another machine": [click(n / 100, link, f"c{n}") for n, link in enumerate("abcd")],
    "HEAD": [click(0, signs=Sign.HEAD)],
    "an HTTP library": [click(0, signs=Sign.ROBOT_AGENT)],
    "a filter's network": [click(0, signs=Sign.SCANNER_NETWORK)],
    "SES says so": [click(0, signs=Sign.SES_SAYS_ROBOT)],
    "around the hidden link": [click(0, "a", "c1"), click(9, "h", "c2", Sign.HIDDEN_LINK), click(18, "b", "c3")],
    "the client of a burst, minutes later": [click(0, "a"), click(0.5, "b"), click(300, "c")],
    "within two seconds of sending": [Hit("c", "k", 2 * SECOND, "a", "c1")],
}  # fmt: skip
PEOPLE = {
    "one click": [click(0)],
    "a double click": [click(0, "a"), click(0.3, "a", key="again")],
    "several links over minutes": [click(n * 25, link) for n, link in enumerate("abcd")],
    "two tabs": [click(0, "a"), click(1.5, "b")],
    "phone and desktop": [click(0, "a", "c1"), click(40, "a", "c2")],
    "reads and leaves": [click(0, "a"), click(30, "u", signs=Sign.OWN_LINK)],
}


@pytest.mark.parametrize("hits", ROBOTS.values(), ids=ROBOTS)
def test_a_robot_is_known_by_what_it_is_or_how_it_clicks(hits: list[Hit]) -> None:
    assert set(final(hits).values()) == {ROBOT}


@pytest.mark.parametrize("hits", PEOPLE.values(), ids=PEOPLE)
def test_a_person_is_taken_for_one(hits: list[Hit]) -> None:
    counting = {hit.key for hit in hits if hit.counts}
    assert {verdict for key, verdict in final(hits).items() if key in counting} == {HUMAN}


def test_a_person_beside_a_burst_belongs_to_no_burst() -> None:
    burst = [click(n / 10, link, "gateway") for n, link in enumerate("abcdefgh")]
    verdicts = final([*burst, person := click(40, "b", "person")])
    assert verdicts.pop(person.key) is HUMAN
    assert set(verdicts.values()) == {ROBOT}


def test_who_looks_at_what_was_just_clicked_is_no_second_person() -> None:
    verdicts = final([click(0, "a", "person", key="first"), click(12, "a", "gateway", key="second")])
    assert verdicts == {"first": HUMAN, "second": ROBOT}


def test_a_click_waits_ten_seconds_longer_after_sending_and_longest_in_company() -> None:
    def ready(hits: list[Hit]) -> int | None:
        at = verdicts_on(Engagement(tuple(hits)), hits[0].key, hits[0].at, Waiting(), Prior).ready_at
        return None if at is None else at - hits[0].at

    early = Hit("c", "k", MINUTE, "a", "c1")
    assert ready([click(0)]) == 10 * SECOND
    assert ready([early]) == 30 * SECOND
    assert ready([click(0, "a"), click(8, "b")]) == PATIENCE
    assert ready([click(0, signs=Sign.HEAD)]) is None, "a robot need not wait"


def test_where_gateways_look_at_every_email_an_early_click_is_no_persons() -> None:
    early = Hit("c", "k", 2 * MINUTE, "a", "c1")
    late = click(0)
    assert final([early], Prior(40, 39)) == {"k": ROBOT}
    assert final([early], Prior(40, 30)) == {"k": UNSURE}
    assert final([early], Prior(40, 30), Waiting(unsure_counts=True)) == {"k": HUMAN}
    assert final([early], Prior(9, 9)) == {"k": HUMAN}, "too few emails to tell"
    assert final([late], Prior(40, 40)) == {late.key: HUMAN}
    burst = [Hit("c", f"g{n}", MINUTE + n, f"l{n}", "gateway") for n in range(4)]
    assert final([*burst, early], Prior(40, 40))["k"] is HUMAN, "the gateway has looked already"


@st.composite
def evidence(draw: st.DrawFn) -> list[Hit]:
    count = draw(st.integers(1, 12))
    return [
        Hit(
            "c",
            f"{number:016x}",
            draw(st.integers(0, 5 * MINUTE)),
            draw(st.sampled_from("abcdefgh")),
            draw(st.sampled_from(("c1", "c2", "c3"))),
            draw(st.sampled_from((NO_SIGNS, NO_SIGNS, NO_SIGNS, Sign.OWN_LINK, Sign.HEAD, Sign.HIDDEN_LINK))),
        )
        for number in range(count)
    ]


@given(evidence(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_more_evidence_never_turns_a_robot_into_a_person(hits: list[Hit], rng: Any) -> None:
    """Robots are judged on arrival, people when asked; a verdict only moves towards the robot, and says so."""
    order = list(hits)
    rng.shuffle(order)
    engagement = Engagement()
    for hit in order:
        was = {one.key: one.verdict for one in engagement.hits}
        answer = verdicts_on(engagement.adding([hit]), hit.key, 10**7, Waiting(), Prior)
        engagement = answer.engagement
        now = {one.key: one.verdict for one in engagement.hits}
        moved = {key for key, verdict in was.items() if verdict is not None and now[key] is not verdict}
        assert all(now[key] is ROBOT for key in moved)
        assert moved == {one.key for one in answer.corrected}
        assert all(now[key] is ROBOT for key, verdict in was.items() if verdict is ROBOT)


@given(evidence())
@settings(deadline=None)
def test_robots_are_the_same_in_any_order(hits: list[Hit]) -> None:
    at_once = verdicts_on(Engagement().adding(hits), "", 0, Waiting(), Prior).engagement
    backwards = verdicts_on(Engagement().adding(reversed(hits)), "", 0, Waiting(), Prior).engagement
    assert at_once == backwards


def test_an_operators_verdict_is_never_overruled() -> None:
    cleared = click(0, "a").judged(HUMAN, Because.OPERATOR)
    verdicts = final([cleared, click(0.2, "b"), click(0.4, "c")])
    assert verdicts.pop(cleared.key) is HUMAN
    assert set(verdicts.values()) == {ROBOT}


def test_whom_an_operator_cleared_makes_no_robot_of_the_next_click() -> None:
    cleared = click(0, "a").judged(HUMAN, Because.OPERATOR)
    assert set(final([cleared, click(200, "b")]).values()) == {HUMAN}


def test_whom_an_operator_found_to_be_a_robot_is_one_with_the_next_click() -> None:
    caught = click(0, "a").judged(ROBOT, Because.OPERATOR)
    assert set(final([caught, click(200, "b")]).values()) == {ROBOT}


AGENTS = {
    "": Sign.ROBOT_AGENT,
    "python-requests/2.32": Sign.ROBOT_AGENT,
    "facebookexternalhit/1.1;line-poker/1.0": Sign.ROBOT_AGENT,
    "Mozilla/5.0": Sign.ROBOT_AGENT,
    BROWSER: NO_SIGNS,
    "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) Chrome/120.0 Mobile": NO_SIGNS,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_click_shows_what_its_user_agent_says(agent: str) -> None:
    assert signs_of(Client("192.0.2.1", agent), "https://www.example.jp/") == AGENTS[agent]


@pytest.mark.parametrize(
    ("address", "expected"),
    [("40.94.89.21", True), ("104.47.1.1", True), ("2a01:111:f400::1", True), ("192.0.2.1", False), ("", False),
     ("not an address", False), ("40.94.89.21, 192.0.2.1", False)],
)  # fmt: skip
def test_the_network_of_a_filter_is_known(address: str, expected: bool) -> None:
    assert bool(signs_of(Client(address, BROWSER), "https://x.example/") & Sign.SCANNER_NETWORK) is expected


@pytest.mark.parametrize(
    ("agent", "verdict", "because"),
    [
        ("Mozilla/5.0", ROBOT, Because.APPLE_PREFETCH),
        ("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", HUMAN, Because.IMAGE_PROXY),
        (BROWSER, HUMAN, Because.NO_SIGN),
        ("curl/8.5", ROBOT, Because.USER_AGENT),
    ],
)
def test_opens(agent: str, verdict: ActivityVerdict, because: Because) -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    event = EmailEvent("Open", "m1", at + timedelta(minutes=1), ("a@example.jp",), client=Client("192.0.2.1", agent))
    hit = verdict_of_open(hit_of(event, at))
    assert (hit.verdict, hit.because) == (verdict, because)


FLAGS: list[tuple[dict[str, Any], bool]] = [
    ({}, False),
    ({"userAgent": "a bot", "link": "https://x.example/automated=true"}, False),
    ({"isAutomated": True}, True),
    ({"automatedInteraction": "true"}, True),
    ({"automated": "YES"}, True),
    ({"isBot": True}, True),
    ({"botDetected": "true"}, True),
    ({"machineGenerated": True}, True),
    ({"interactionType": "AUTOMATED"}, True),
    ({"clickType": "bot"}, True),
    ({"automatedInteraction": {"detected": True, "confidence": "HIGH"}}, True),
    ({"engagement": {"isMachine": True}}, True),
    ({"isAutomated": False}, False),
    ({"isBot": "false"}, False),
    ({"interactionType": "HUMAN"}, False),
    ({"botDetected": "NOT_BOT"}, False),
    ({"automatedInteraction": {"detected": False}}, False),
    ({"automated": None}, False),
]


@pytest.mark.parametrize(("more", "expected"), FLAGS)
def test_every_plausible_mark_of_ses_is_understood(more: dict[str, Any], expected: bool) -> None:
    body = {"ipAddress": "192.0.2.1", "timestamp": "2026-11-27T00:00:00.000Z", "userAgent": BROWSER, **more}
    assert is_automated(body) is expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=20) | st.integers(),
        lambda inner: st.dictionaries(st.text(max_size=12), inner, max_size=4) | st.lists(inner, max_size=3),
        max_leaves=8,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_body_is_read_without_an_error(body: Any) -> None:
    assert is_automated({"open": body}) in (True, False)
