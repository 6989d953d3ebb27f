"""A visitor of a website in a test: batches as the beacon sends them, and the playbook's `tracking.yaml`."""

import json
from datetime import datetime, timedelta
from typing import Any

from sodate.playbook.store import Definitions
from sodate.tracking.definition import Tracking

from tests.support.world import World

Json = dict[str, Any]
SITE = "https://www.example.jp"
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
TRACKING: Json = {
    "origins": [SITE],
    "consent": "not_required",
    "pages": [
        {"id": "pricing", "path": "/pricing*", "product": "norte"},
        {"id": "cases", "path": "/cases/*"},
    ],
    "downloads": [{"id": "white-paper", "path": "/files/*.pdf", "product": "norte"}],
    "ctas": [{"id": "header-demo"}],
    "events": [
        {
            "id": "plan-chosen",
            "fields": [{"name": "plan", "values": ["free", "pro"]}, {"name": "seats", "type": "number"}],
        },
    ],
}


def publish(world: World, **changes: Any) -> None:
    body = Tracking.model_validate({**TRACKING, **changes}).model_dump(mode="json")
    Definitions().publish("tracking", "default", body, world.now)


class Visitor:
    """One browser. `skew`: how far its clock is ahead."""

    def __init__(self, world: World, number: int = 1, skew: timedelta = timedelta()) -> None:
        self.world, self.skew = world, skew
        self.id, self.number = f"{number:032x}", 0
        self.load = f"{number:08x}"
        self.new_session()

    def new_session(self) -> None:
        self.started = self.world.now
        self.session = f"{int(self.started.timestamp()):016x}"

    def clock(self, at: datetime | None = None) -> int:
        return int(((at or self.world.now) + self.skew).timestamp() * 1000)

    def view(self, path: str, at: datetime | None = None, **more: Any) -> Json:
        return {"type": "page_view", "at": self.clock(at), "url": f"{SITE}{path}", **more}

    def batch(self, *events: Json, **changes: Any) -> Json:
        self.number += 1
        return {
            "v": 1, "visitor": self.id, "session": self.session, "started": self.clock(self.started), "load": self.load,
            "n": self.number, "sent_at": self.clock(), "consent": False, "events": list(events), **changes,
        }  # fmt: skip

    def send(self, *events: Json, **changes: Any) -> Json:
        return post(self.world, self.batch(*events, **changes))


def post(world: World, batch: Json | str, address: str = "192.0.2.1", **headers: str) -> Json:
    body = batch if isinstance(batch, str) else json.dumps(batch)
    given = {"content-type": "text/plain", "origin": SITE, "user-agent": AGENT, **headers}
    event = world.http_event("POST /events", {}, given, body, False)
    event["requestContext"] = {"http": {"sourceIp": address}}
    answer: Json = world.call("web_events", event)
    return answer


def answered(answer: Json) -> Json:
    assert answer["statusCode"] == 202, answer
    return dict(json.loads(answer["body"]))
