"""The labelled shapes through the whole system: what a robot does begins, advances and hands over nothing."""

from datetime import timedelta
from typing import Any

import pytest
from ses_simulator import events
from ses_simulator.message import Message
from sodate.leads.store import load_state
from sodate.scenarios.scenario import Scenario

from benchmarks.robot_shapes import ROBOT, Event, Labelled, emails
from tests.functions.quick import QuickWorld

TOPIC = "product-news"
FIRST, SECOND = "materials-1-first-steps", "materials-2-case-study"
#: Of these nothing but the hidden link can tell one from a person (docs/robots.md).
_LIKE_A_PERSON = "first link only"


@pytest.fixture
def waiting(world: QuickWorld) -> QuickWorld:
    """Each lead gets an email; who clicks gets another one, and sales is told."""
    for stored in world.app.definitions.all_live("sequence"):
        world.app.definitions.retire("sequence", stored.id, world.now)
    steps: list[Any] = [
        {"id": "first", "send": FIRST},
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 20}, "on_timeout": "end"},
        {"id": "signalled", "signal": "clicked"},
        {"id": "second", "send": SECOND},
    ]
    head = {"id": "nurture", "topic": TOPIC, "status": "published", "entry": [{"opt_in_confirmed": []}]}
    body = Scenario.model_validate({**head, "steps": steps}).model_dump(mode="json", by_alias=True)
    world.app.definitions.publish("sequence", "nurture", body, world.now)
    return world


def play(world: QuickWorld, mail: Message, email: Labelled, only: str | None) -> None:
    """Each event at its own time; links by number, the last two are ours."""
    pages = [link for link in mail.links if "mail.example.jp" not in link]
    own = [link for link in mail.links if "mail.example.jp" in link]
    for event in email.events:
        if only is not None and event.by != only:
            continue
        at = mail.at + timedelta(seconds=event.at)
        world.now = max(world.now, at)
        if event.link is None:
            made = events.opened(mail, at, event.agent, event.address)
        else:
            made = events.clicked(mail, at, _link(event, email, pages, own), event.agent, event.address)
        world.ses.simulator.publish(mail, made)
        world.deliver_once()
    world.settle()


def _link(event: Event, email: Labelled, pages: list[str], own: list[str]) -> str:
    assert event.link is not None
    ours = event.link - (email.links - 2)
    return own[ours % len(own)] if ours >= 0 and own else f"{pages[0]}?page={event.link}"


def _shapes() -> dict[str, Labelled]:
    """One email of each shape of a robot."""
    found: dict[str, Labelled] = {}
    for email in emails(600, 11):
        for event in email.events:
            if event.by == ROBOT and event.link is not None and event.shape != _LIKE_A_PERSON:
                found.setdefault(event.shape, email)
    return found


def test_no_shape_of_a_robot_ends_a_wait_or_tells_sales_and_a_person_does(waiting: QuickWorld) -> None:
    world, shapes = waiting, _shapes()
    assert len(shapes) >= 8
    leads = {shape: world.join(f"lead{number}@example.jp") for number, shape in enumerate(shapes)}
    person = world.join("person@example.jp")
    world.advance(timedelta(hours=1))
    signals = len(world.items("signal"))
    for number, (shape, email) in enumerate(shapes.items()):
        mail = world.mails_to(f"lead{number}@example.jp")[-1]
        assert mail.tags["lead_id"] == leads[shape]
        play(world, mail, email, ROBOT)
    world.advance(timedelta(days=1))
    assert {shape: load_state(lead).enrollments["nurture"].step for shape, lead in leads.items()} == dict.fromkeys(
        leads, 1
    )
    assert len(world.items("signal")) == signals
    mail = world.mails_to("person@example.jp")[-1]
    world.ses.simulator.click(mail.message_id, mail.links[0])
    world.settle()
    world.advance(timedelta(days=1))
    assert load_state(person).enrollments["nurture"].step > 1
    assert len(world.items("signal")) == signals + 1
