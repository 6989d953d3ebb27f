"""An hour of abuse of an open form: 100,000 posts by scripts, beside real people; then the days after.

The real handlers on the simulated world. Four scripts: one mailbox with tags, one with dots, invented addresses that
bounce, and lures (a URL in company and name) to strangers; a part of the posts without a token. Real people post in
between with a token, and a thousand leads consented long before. What must hold: few opt-in emails to one mailbox in a
day, no post lost, marketing email never on hold, no word of a script in an email.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sodate.email.mailing import Mailing
from sodate.email.reputation import rates
from sodate.email.reputation.guards import judge
from sodate.leads.base_mailbox import base_mailbox
from sodate.playbook.store import Definitions

from tests.fakes.queues import Queue
from tests.fakes.table import Item
from tests.simulation.world import SimulatedWorld

POSTS = 100_000
#: What the ceilings of the playbook say when it says nothing.
PER_MAILBOX, PER_FORM, TOKENLESS = 3, 300, 30
LURE = "evil.example"
_MINUTES = 60
_STRANGERS = 2_000


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class Abuse:
    def __init__(self, world: SimulatedWorld, seed: int, posts: int) -> None:
        self.world, self.posts, self.result = world, posts, Result(seed)
        self.rng = world.rng
        self.answers: Counter[int] = Counter()
        self.people: list[str] = []
        self.minutes_on_hold = 0
        self._bodies = 0
        self.token = ""

    def play(self) -> Result:
        for minute in range(_MINUTES):
            self.open_page()
            for number in range(minute * self.posts // _MINUTES, (minute + 1) * self.posts // _MINUTES):
                self.attack(number)
            if minute % 6 == 0:
                self.person(minute)
            self.minute()
        for _ in range(90):
            self.minute()
        self.judge()
        return self.result

    # -- what people and scripts do --------------------------------------------------------------------------------

    def open_page(self) -> None:
        """The token of this minute's page views, two seconds old when it is used."""
        self.world.now -= timedelta(seconds=30)
        event = {"routeKey": "GET /forms/{form_id}", "pathParameters": {"form_id": "double"}, "headers": {}}
        shown = self.world.invoke("form_capture", event)
        assert shown is not None
        self.world.now += timedelta(seconds=30)
        self.token = json.loads(shown["body"])["_token"]

    def attack(self, number: int) -> None:
        kind = number % 4
        dots = "".join(letter + "." * (number >> place & 1) for place, letter in enumerate("victimofdots"))
        email = (
            f"victim+{number}@example.jp",
            f"{dots.rstrip('.')}x+{number}@gmail.com",
            f"bounce@d{number}.example.jp",
            f"stranger{number % _STRANGERS}+{number}@example.co.jp",
        )[kind]
        lure = {"name": f"当選 https://{LURE}/{number}", "title": f"{LURE} 部長"}
        # Half of the script's posts fetch a token as the form's page does; the others do not care.
        self.post(email, {**lure, **({"_token": self.token} if number % 8 < 4 else {})})

    def person(self, number: int) -> None:
        email = f"person{number}@example.jp"
        self.people.append(email)
        self.post(email, {"name": "山田", "_token": self.token})

    def post(self, email: str, more: dict[str, Any]) -> None:
        self._bodies += 1
        body = {"email": email, "agree": True, "_submission_id": f"sim-{self._bodies:08d}", **more}
        route, path = "POST /forms/{form_id}/submissions", {"form_id": "double"}
        self.answers[self.world.http("form_capture", route, path, json.dumps(body))] += 1

    # -- what time does --------------------------------------------------------------------------------------------

    def minute(self) -> None:
        world = self.world
        world._stream_to("event_publisher")
        # What was published is of no interest any more, and the score is no subject of this hour.
        world.table.history.clear()
        world.table.clear_images()
        world._read = dict.fromkeys(world._read, 0)
        world.bus.clear()
        self.drain(world.sends)
        world.fetch_events(all_of_them=True)
        self.drain(world.events)
        world.now += timedelta(minutes=1)
        world.tick()
        self.drain(world.sends)
        world.trace.clear()
        self.minutes_on_hold += self.marketing_is_on_hold()

    def drain(self, queue: Queue) -> None:
        """Ten messages an invocation; what comes back must be none, for nothing fails in this hour."""
        ready = queue.ready()
        late = {id(message) for message in ready}
        queue.waiting = [message for message in queue.waiting if id(message) not in late]
        for start in range(0, len(ready), 10):
            records = [{"messageId": message["id"], "body": message["body"]} for message in ready[start : start + 10]]
            answer = self.world.invoke(queue.function, {"Records": records})
            if answer is None or answer["batchItemFailures"]:
                self.result.broken.append(f"{queue.function} failed: {self.world.trace[-2:]}")

    def marketing_is_on_hold(self) -> bool:
        """With a guard that listens to few emails: an hour's opt-in emails would be enough to hold marketing email."""
        mailing = Mailing.model_validate(Definitions().live("mailing").body)
        guards = mailing.guards.model_copy(update={"at_least": 50})
        return judge(rates.recent(self.world.now), guards).verdict == "pause"

    # -- what must be true -----------------------------------------------------------------------------------------

    def judge(self) -> None:
        world, figures, broken = self.world, self.result.figures, self.result.broken
        opt_ins = [m for m in world.ses.simulator.messages if m.tags["name"] == "opt_in"]
        by_day = Counter((base_mailbox(m.recipient.lower()), m.at.date()) for m in opt_ins)
        by_hour = Counter((m.at.date(), m.at.hour) for m in opt_ins)
        kinds = Counter(item["kind"]["S"] for item in world.table.items.values())
        sent = Counter(i["state"]["S"] for i in world.table.items.values() if i["kind"]["S"] == "send")
        stored = [i for i in world.table.items.values() if i["kind"]["S"] == "submission"]
        figures["abusive_posts"] = self.posts
        figures["abuse_opt_in_emails"] = len(opt_ins)
        figures["abuse_most_opt_in_emails_of_a_mailbox_and_day"] = max(by_day.values(), default=0)
        figures["abuse_most_opt_in_emails_of_a_form_and_hour"] = max(by_hour.values(), default=0)
        figures["abuse_posts_lost"] = self._bodies - len(stored)
        figures["abuse_posts_in_quarantine"] = sum("suspicion" in item for item in stored)
        figures["abuse_minutes_marketing_held"] = self.minutes_on_hold
        figures["abuse_opt_in_emails_waiting"] = sent["planned"]
        figures["abuse_emails_with_a_strangers_words"] = sum(LURE in m.html + m.text + m.subject for m in opt_ins)
        if set(self.answers) - {200, 201}:
            broken.append(f"answers {dict(self.answers)}")
        if max(by_day.values(), default=0) > PER_MAILBOX:
            broken.append(f"{max(by_day.values())} opt-in emails to one mailbox in a day")
        if max(by_hour.values(), default=0) > PER_FORM:
            broken.append(f"{max(by_hour.values())} opt-in emails of one form in an hour")
        for name in ("abuse_posts_lost", "abuse_minutes_marketing_held", "abuse_emails_with_a_strangers_words"):
            if figures[name]:
                broken.append(f"{name}: {figures[name]}")
        if kinds["profile"] > self.posts // 2 + 3 * TOKENLESS + len(self.people):
            broken.append(f"{kinds['profile']} leads: tokenless posts beyond their ceiling became leads")
        silent = [i for i in world.table.items.values() if i["kind"]["S"] == "send" and _is_silent(i)]
        figures["abuse_emails_without_a_reason"] = len(silent)
        if silent:
            broken.append(f"{len(silent)} opt-in emails neither left nor say why")


def _is_silent(send: Item) -> bool:
    return send["state"]["S"] in ("planned", "skipped", "failed", "sending") and "reason" not in send


def play(seed: int, posts: int = POSTS) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        world = SimulatedWorld(seed, patch)
        return Abuse(world, seed, posts).play()
