"""The key decides when two reports are one fact: too narrow and repeats count twice, too wide and facts are lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sodate.email.events.event import EmailEvent

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CLICK = EmailEvent("Click", "m1", AT, ("taro@example.jp",), link="https://www.example.jp/pricing")
BOUNCE = EmailEvent("Bounce", "m1", AT, ("taro@example.jp",), feedback_id="f1")


def test_two_clicks_on_one_link_are_two_facts() -> None:
    assert replace(CLICK, at=AT + timedelta(seconds=1)).key != CLICK.key


def test_two_recipients_two_emails_two_types_two_links_are_two_facts() -> None:
    others = [
        replace(CLICK, recipients=("hanako@example.jp",)),
        replace(CLICK, message_id="m2"),
        replace(CLICK, type="Open"),
        replace(CLICK, link="https://www.example.jp/cases"),
    ]
    assert len({CLICK.key, *(other.key for other in others)}) == 5


def test_one_bounce_reported_at_two_times_is_one_fact() -> None:
    assert replace(BOUNCE, at=AT + timedelta(seconds=1)).key == BOUNCE.key
    assert replace(BOUNCE, feedback_id="f2").key != BOUNCE.key
