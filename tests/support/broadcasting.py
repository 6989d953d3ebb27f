"""A broadcast, its template, and members of its segment, put into the table in use without forms and scoring."""

from datetime import datetime
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.broadcasts.approve import approve
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.run import Run
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import encode
from sodate.facts.lead_facts import LeadFacts, dumped
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import profile_item, state_item
from sodate.playbook.store import Definitions
from sodate.scoring.store import ScoreItem
from sodate.segments.store import member_write
from sodate_cli import test_sends

from tests.support.world import PUBLIC_URL, World

TEMPLATE: dict[str, Any] = {
    "id": "news",
    "purpose": "marketing",
    "topic": "news",
    "subject": "News for {{ lead.name | default: 'you' }}",
    "html": '<a href="https://example.jp/cases">news</a><a href="{{ unsubscribe_url }}">stop</a>',
    "text": "news {{ unsubscribe_url }}",
}
BROADCAST: dict[str, Any] = {
    "id": "monthly",
    "status": "released",
    "topic": "news",
    "template": "news",
    "segment": "readers",
    "exclude": ["partners"],
    "once": "2026-11-24T14:00",
}


def publish(now: datetime, topic: str = "news", **changes: Any) -> None:
    """Applied by `editor`. A change of None removes the key."""
    definitions = Definitions()
    template = {**TEMPLATE, "topic": topic}
    definitions.publish("template", "news", template, now, applied_by="editor")
    body = {name: value for name, value in {**BROADCAST, "topic": topic, **changes}.items() if value is not None}
    stored = Broadcast.model_validate(body).model_dump(mode="json")
    definitions.publish("broadcast", body["id"], stored, now, applied_by="editor")


def publish_approved(now: datetime, topic: str = "news", **changes: Any) -> str:
    """Returns the occurrence that is planned."""
    publish(now, topic, **changes)
    return approve(Definitions(), changes.get("id", "monthly"), "approver", now).occurrence


def add_member(name: str, *, topic: str = "news", segments: tuple[str, ...] = ("readers",), **state: Any) -> str:
    """Returns the lead id, which is `name`. `state`: attributes of the contact state."""
    address = f"{name}@example.jp"
    profile = Profile(name, address, address, "ja")
    contact = ContactState(name, f"key-{name}", **{"topics": {topic: "confirmed"}, **state})
    listed = [member_write(name, segment, 1) for segment in segments]
    items = [profile_item(profile), state_item(contact), _score(name, segments), *(write.item for write in listed)]
    table.put_many([encode(item) for item in items])
    return name


def put_in(lead_id: str, *segments: str) -> None:
    """Exactly these segments."""
    table.put(_score(lead_id, segments))
    for segment in ("readers", "partners"):
        table.commit([member_write(lead_id, segment, 1 if segment in segments else None)])


def _score(lead_id: str, segments: tuple[str, ...]) -> ScoreItem:
    facts = dumped(LeadFacts(segments=dict.fromkeys(segments, 1)))
    return ScoreItem(
        keys.lead(lead_id), keys.SCORE, state_json="{}", at="2026-11-24T00:00:00.000Z", total=0, totals={}, hot=False,
        rank="C3", phase="new", stage="lead", rules_version=1, facts_json=facts, segments_version=1, version=1,
    )  # fmt: skip


def click(lead_id: str, run: Run, at: datetime, number: int = 0) -> Activity:
    """A click on the email of the run, as `email.events` logs it."""
    about = {"send": run.send_id(lead_id), "template": "news", "link": f"https://example.jp/{number}"}
    activity = Activity(lead_id, "mail_clicked", at, activity_key(lead_id, run.occurrence, str(number)), about)
    table.put(activity_item(activity))
    return activity


def send_tests_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test sends of commands reach the world's SES."""
    of_stage = {"ConfigurationSet": "sodate-test", "ApiUrl": PUBLIC_URL}
    monkeypatch.setattr(test_sends, "now", lambda _: world.now)
    monkeypatch.setattr(test_sends, "ses_client", lambda _: world.ses)
    monkeypatch.setattr(test_sends, "outputs", lambda _: of_stage)
    monkeypatch.setattr(test_sends.time, "sleep", lambda _: None)
