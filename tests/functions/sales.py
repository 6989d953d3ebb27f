"""Hot leads for the tests of the hand-off: made directly, so that a test says when, who and how often."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sodate.dynamodb import keys, table
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import profile_item, state_item
from sodate.playbook.store import Definitions
from sodate.signals.store import signal_item

from tests.support.world import Json, World

SATO = {"id": "sato", "name": "佐藤 美咲", "email": "sato@example.jp"}
TANAKA = {"id": "tanaka", "name": "田中 健一", "email": "tanaka@example.jp"}
SUZUKI = {"id": "suzuki", "name": "鈴木 翔", "email": "suzuki@example.jp"}
OFFICE = {"from": "09:00", "until": "18:00"}
SLACK = "https://hooks.slack.com/services/T0/B0/x"
TEAMS = "https://prod.example.jp/workflows/y"
REASONS = [{"id": "too-early", "label": "時期尚早"}, {"id": "no-fit", "label": "対象外"}]
FEEDBACK = {"reject_reasons": REASONS, "lost_reasons": [{"id": "price", "label": "価格"}]}


def sales(world: World, *owners: Json, **body: Any) -> None:
    """Publish a `sales` definition."""
    owners = owners or (SATO,)
    body = {"owners": list(owners), "default_owner": owners[0]["id"], "feedback": FEEDBACK, **body}
    Definitions().publish("sales", "default", body, world.now)


def tokyo(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    """A moment in Japan, in UTC; by default of the year in which the worlds begin."""
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)


def lead(world: World, who: str, /, owner: str | None = None, **primary: Any) -> str:
    """A confirmed lead, as it stands in the table."""
    lead_id = f"01LEAD{who.upper():0>20}"
    address = f"{who}@example.jp"
    attributes = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", **primary}
    table.put(
        profile_item(
            Profile(lead_id, address, address, "ja", primary=attributes, owner=owner, created=keys.stamp(world.now))
        )
    )
    table.put(state_item(ContactState(lead_id, f"key-{who}", topics={"product-news": "confirmed"})))
    return lead_id


def rise(world: World, lead_id: str, **facts: Any) -> Json:
    """The signal that a crossing raises; `settle` delivers its event. Returned is that event, to deliver it again."""
    standard = {
        "total": 79,
        "phase": "consider",
        "phase_label": "検討",
        "rules_version": 1,
        "reasons": [{"label": "料金ページのリンクをクリック", "points": 20, "times": 2}],
        "latest": [{"type": "mail_clicked", "at": keys.stamp(world.now), "link": "https://www.example.jp/pricing"}],
    }
    item = signal_item(lead_id, world.now, **{**standard, **facts})
    table.put_new(item)
    return {"detail-type": "LeadBecameHot", "detail": {"lead_id": lead_id, "signal": item.sk}}


def become_hot(world: World, who: str, /, owner: str | None = None, **primary: Any) -> str:
    lead_id = lead(world, who, owner, **primary)
    rise(world, lead_id)
    world.settle()
    return lead_id


def signals(world: World, lead_id: str) -> list[Json]:
    return sorted((s for s in world.items("signal") if s["pk"] == keys.lead(lead_id)), key=lambda one: str(one["sk"]))


def activities(world: World, lead_id: str) -> list[Json]:
    found = [a for a in world.items("activity") if a["pk"] == keys.lead(lead_id)]
    return sorted(found, key=lambda one: str(one["sk"]))


def feedback_link(text: str) -> str:
    return next(word for word in text.split() if "/sales/feedback/" in word)


def answer(world: World, url: str, body: Json | str | None = None, method: str = "POST", **headers: str) -> Json:
    """A visit, a second after what was before."""
    world.now += timedelta(seconds=1)
    token = url.rsplit("/", 1)[-1]
    kind = "application/json" if isinstance(body, dict) else "application/x-www-form-urlencoded"
    text = json.dumps(body) if isinstance(body, dict) else body
    event = world.http_event(
        f"{method} /sales/feedback/{{token}}", {"token": token}, {"content-type": kind, **headers}, text, False
    )
    return world.call("sales_feedback", event)
