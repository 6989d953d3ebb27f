"""Robots' opens and clicks: recorded with their verdict, and nothing follows from them."""

from datetime import timedelta
from typing import Any

import pytest
from ses_simulator import robots
from ses_simulator.envelopes import sqs_event_of
from ses_simulator.message import Message
from sodate.activities.catalog import ActivityVerdict
from sodate.email.ledger.engagement import Because, Engagement
from sodate.scoring.correct import judge

from tests.functions.quick import QuickWorld
from tests.support.world import Json

LATER = timedelta(minutes=30)


@pytest.fixture
def mail(world: QuickWorld) -> Message:
    """A step mail that was delivered half an hour ago."""
    world.join()
    world.advance(timedelta(days=1))
    found: Message = world.mails_to("taro@example.jp")[-1]
    world.now += LATER
    return found


def page_of(mail: Message, number: int = 0) -> str:
    return [link for link in mail.links if "mail.example.jp" not in link][number]


def send(world: QuickWorld, mail: Message) -> Json:
    (found,) = [i for i in world.items("send") if i["sk"] == f"SEND#{mail.tags['send_id']}"]
    return found


def clicks(world: QuickWorld) -> list[Json]:
    return [item for item in world.items("activity") if item["type"] == "mail_clicked"]


def scored(world: QuickWorld, mail: Message) -> Any:
    return world.score(mail.tags["lead_id"])


def test_a_persons_first_click_counts_after_ten_seconds_and_not_before(world: QuickWorld, mail: Message) -> None:
    before, clicked_at = scored(world, mail), world.now
    world.ses.simulator.click(mail.message_id, page_of(mail))
    while world.deliver_once():
        pass
    assert clicks(world) == []
    assert scored(world, mail) == before
    assert not Engagement.of(send(world, mail)).human_clicked
    world.settle()
    assert world.now - clicked_at == timedelta(seconds=10)
    assert [click["about"].get("verdict") for click in clicks(world)] == [None]
    assert Engagement.of(send(world, mail)).human_clicked
    assert scored(world, mail) != before


def test_a_gateway_that_follows_every_link_changes_no_score(world: QuickWorld, mail: Message) -> None:
    before = scored(world, mail)
    robots.scan(world.ses.simulator, mail.message_id, after=LATER)
    world.settle()
    assert clicks(world)
    assert {click["about"]["verdict"] for click in clicks(world)} == {"robot"}
    assert {click["about"]["because"] for click in clicks(world)} <= {"burst", "sweep", "same_client"}
    assert scored(world, mail) == before
    engagement = Engagement.of(send(world, mail))
    assert (engagement.machine_clicked, engagement.human_clicked) == (True, False)


def test_a_person_who_clicks_after_the_gateway_counts(world: QuickWorld, mail: Message) -> None:
    robots.scan(world.ses.simulator, mail.message_id, after=LATER)
    world.settle()
    world.now += timedelta(minutes=20)
    before = scored(world, mail)
    world.ses.simulator.click(mail.message_id, page_of(mail))
    world.settle()
    engagement = Engagement.of(send(world, mail))
    assert (engagement.machine_clicked, engagement.human_clicked) == (True, True)
    assert scored(world, mail) != before


def test_neighbours_that_show_late_correct_what_counted(world: QuickWorld, mail: Message) -> None:
    """A click counted as a person's; then the same client follows all the other links."""
    before = scored(world, mail)["totals"]
    first = mail.links[0]
    world.ses.simulator.click(mail.message_id, first, address=robots.SCANNER_ADDRESS)
    world.settle()
    robots.scan(world.ses.simulator, mail.message_id, after=world.now - mail.at)
    world.settle()
    assert [i["about"]["because"] for i in world.items("activity") if i["type"] == "activity_judged"] == ["same_client"]
    assert not Engagement.of(send(world, mail)).human_clicked
    assert scored(world, mail)["totals"] == before


def test_apples_prefetch_is_a_machines_open_and_gmails_proxy_a_persons(world: QuickWorld, mail: Message) -> None:
    robots.prefetch(world.ses.simulator, mail.message_id)
    world.settle()
    engagement = Engagement.of(send(world, mail))
    assert (engagement.machine_opened, engagement.human_opened) == (True, False)
    robots.open_in_gmail(world.ses.simulator, mail.message_id)
    world.settle()
    engagement = Engagement.of(send(world, mail))
    assert (engagement.machine_opened, engagement.human_opened) == (True, True)
    opened = [item["about"] for item in world.items("activity") if item["type"] == "mail_opened"]
    assert [about.get("because") for about in opened] == ["apple_prefetch", None]


def test_what_an_operator_says_stays_and_is_stored_with_the_email(world: QuickWorld, mail: Message) -> None:
    lead_id = mail.tags["lead_id"]
    world.ses.simulator.click(mail.message_id, page_of(mail))
    world.settle()
    before = scored(world, mail)["totals"]
    (click,) = clicks(world)
    judge(lead_id, click["key"], ActivityVerdict.ROBOT, world.now)
    world.settle()
    engagement = Engagement.of(send(world, mail))
    assert (engagement.human_clicked, engagement.machine_clicked) == (False, True)
    assert engagement.reasons[click["key"]] is Because.OPERATOR
    assert scored(world, mail)["totals"] != before
    world.now += timedelta(seconds=1)
    judge(lead_id, click["key"], ActivityVerdict.HUMAN, world.now)
    world.settle()
    robots.scan(world.ses.simulator, mail.message_id, after=world.now - mail.at)
    world.settle()
    assert Engagement.of(send(world, mail)).human_clicked, "the classifier does not overrule a person"
    assert scored(world, mail)["totals"] == before


def test_of_two_opens_of_people_one_stays_when_the_first_was_a_robots(world: QuickWorld, mail: Message) -> None:
    for _ in range(3):
        world.now += timedelta(minutes=1)
        world.ses.simulator.open(mail.message_id)
        world.settle()
    opened = sorted(
        (item for item in world.items("activity") if item["type"] == "mail_opened"), key=lambda item: item["sk"]
    )
    for item in opened[:2]:
        world.now += timedelta(seconds=1)
        judge(mail.tags["lead_id"], item["key"], ActivityVerdict.ROBOT, world.now)
    assert Engagement.of(send(world, mail)).human_opened
    judge(mail.tags["lead_id"], opened[2]["key"], ActivityVerdict.ROBOT, world.now + timedelta(seconds=1))
    assert not Engagement.of(send(world, mail)).human_opened


def test_a_crash_between_the_evidence_and_the_second_delivery_loses_no_click(
    world: QuickWorld, mail: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = world.app.queues

    def fails(body: str, delay_seconds: int) -> None:
        raise OSError("the process died")

    monkeypatch.setattr(queues, "deliver_event_again", fails)
    world.ses.simulator.click(mail.message_id, page_of(mail))
    world.settle()
    assert clicks(world) == []
    world.now += timedelta(minutes=3)
    world.settle()
    assert len(clicks(world)) == 1


def test_a_click_of_a_backlog_waits_once_for_its_neighbours(world: QuickWorld, mail: Message) -> None:
    """After an outage the clicks of one burst may come in any batches."""
    before = scored(world, mail)
    robots.scan(world.ses.simulator, mail.message_id, after=LATER)
    backlog = world.ses.simulator.take_events(all_of_them=True)
    world.now += timedelta(hours=5)
    for event in backlog:
        world.call("email_events", sqs_event_of([event], world.now))
    world.settle()
    assert {click["about"].get("verdict") for click in clicks(world)} == {"robot"}
    assert scored(world, mail) == before
    world.ses.simulator.click(mail.message_id, page_of(mail))
    world.now += timedelta(hours=2)
    seen = world.now
    world.settle()
    assert world.now - seen == timedelta(seconds=10)
    assert [click["about"].get("verdict") for click in clicks(world)].count(None) == 1


def test_every_click_of_a_batch_of_a_backlog_waits(world: QuickWorld, mail: Message) -> None:
    """The rest of a slow sweep is in another batch: the second click is judged no earlier than the first."""
    world.ses.simulator.click(mail.message_id, page_of(mail))
    world.now += timedelta(seconds=20)
    world.ses.simulator.click(mail.message_id, page_of(mail, 1))
    backlog = world.ses.simulator.take_events(all_of_them=True)
    world.now += timedelta(hours=5)
    world.call("email_events", sqs_event_of(backlog, world.now))
    assert (clicks(world), len(world.waiting)) == ([], 2)
    world.settle()
    assert len(clicks(world)) == 2
