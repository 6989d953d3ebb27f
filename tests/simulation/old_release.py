"""A newer command line applies playbooks while the functions are of this release: today's code plays the old one.

The same history is played twice, once with definitions of the next release arriving at random moments. To this
release they must be as if they had not been applied, or as today's: the same emails, scores and answers in both.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from sodate.playbook.store import Definitions, DefinitionUnreadable, Kind, Stored
from sodate.runtime.readers import must_read
from sodate.scenarios.programs import is_scenario

from tests.functions.quick import QuickWorld, quick_world
from tests.support.world import Json

KINDS: tuple[Kind, ...] = ("template", "mailing", "sales", "rules", "sequence", "form")
_ONE_CLICK = {"content-type": "application/x-www-form-urlencoded"}
#: In a condition or a trigger a key more narrows what it says, so there an unknown one is no mere addition.
_CONDITIONS = ("when", "needs", "falls_back_when", "on", "wait_for")
#: Mappings by a name that the marketer chose: another key is another entry.
_BY_NAME = ("recycle", "removed_steps", "languages", "variables", "activity_labels")


def with_unknown_keys(value: Any, *, by_name: bool = False) -> Any:
    """What this release can read: whatever it does not know is an addition."""
    if isinstance(value, list):
        return [with_unknown_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {
        key: inner if key in _CONDITIONS else with_unknown_keys(inner, by_name=key in _BY_NAME)
        for key, inner in value.items()
    }
    return known if by_name else {"of_the_next_release": {"deep": [1]}, **known, "and_another": "x"}


def _first_rule(body: Json, when: Json) -> None:
    body["rules"][0]["when"] = when


#: What this release cannot read.
UNREADABLE: dict[str, tuple[Kind, Callable[[Json], object]]] = {
    "a form with another kind of field": ("form", lambda body: body["fields"][0].update(type="signature")),
    "a sequence with another kind of delay": ("sequence", lambda body: body["steps"][0].update(delay={"months": 1})),
    "a sequence that begins otherwise": ("sequence", lambda body: body.update(start={"on": "segment_entered"})),
    "another frequency cap": ("mailing", lambda body: body.update(caps=[{"per": "quarter", "at_most": 2}])),
    "another operator": ("rules", lambda body: _first_rule(body, {"segment": "big"})),
    "a condition that another key narrows": (
        "rules", lambda body: _first_rule(body, {"activity": "form_submitted", "by_device": "phone"}),
    ),
    "an activity that nobody declares": ("rules", lambda body: _first_rule(body, {"activity": "demo_watched"})),
    "another answer of sales": ("sales", lambda body: body.update(channels={"mail": False, "line": "x"})),
    "another filter": ("template", lambda body: body.update(text=body["text"] + "{{ 1 | money }}")),
    "another tag": ("template", lambda body: body.update(html=body["html"] + "{% raffle %}")),
    "another merge field": ("template", lambda body: body.update(subject="{{ campaign.name }}")),
}  # fmt: skip


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class Mixed:
    """`applies`: playbooks of the next release arrive; without, this is what must come out."""

    def __init__(self, world: QuickWorld, seed: int, *, applies: bool) -> None:
        self.world, self.applies = world, applies
        self.rng, self.newer = Random(seed), Random(f"newer {seed}")  # noqa: S311
        self.originals = [stored for kind in KINDS for stored in Definitions().all_live(kind)]
        self.readable: dict[tuple[str, str], Stored] = {}
        self.unreadable = set[tuple[str, str]]()
        self.reported = list[DefinitionUnreadable]()
        self.applied = 0
        self.answers: list[tuple[str, int]] = []

    def play(self) -> None:
        for begin in (self.post, self.post, self.post, self.confirm):
            begin()
            self.world.settle()
        for _ in range(self.rng.randint(6, 14)):
            if self.applies and self.newer.random() < 0.6:
                self.apply_of_the_next_release()
            self.rng.choice(
                (self.post, self.post, self.confirm, self.confirm, self.click, self.wait, self.wait, self.leave)
            )()
            self.world.settle()
        self.world.advance(timedelta(days=10))

    def apply_of_the_next_release(self) -> None:
        """Additions to some definitions, and now and then something that this release cannot read; later mended."""
        self.applied += 1
        for stored in self.newer.sample(self.originals, k=3):
            Definitions().publish(stored.kind, stored.id, with_unknown_keys(stored.body), self.world.now)
            self.unreadable.discard((stored.kind, stored.id))
        if self.newer.random() < 0.5:
            kind, change = UNREADABLE[self.newer.choice(sorted(UNREADABLE))]
            for stored in [one for one in self.originals if one.kind == kind and not is_scenario(one.body)]:
                body = deepcopy(stored.body)
                change(body)
                Definitions().publish(kind, stored.id, body, self.world.now)
                self.unreadable.add((kind, stored.id))

    def report(self, error: DefinitionUnreadable) -> None:
        """Only what cannot be read may be reported: an addition is no trouble."""
        if not any(f"{kind} '{name}'" in str(error) for kind, name in self.unreadable):
            self.answers.append((f"reported although it can be read: {error}", 0))
        self.reported.append(error)

    @property
    def marketing(self) -> list[Any]:
        """In an order that no random id decides: both histories must do the same."""
        sent = [one for one in self.world.ses.simulator.messages if one.tags["purpose"] == "marketing"]
        return sorted(sent, key=lambda one: (one.recipient, one.tags["step"]))

    # -- what people do --------------------------------------------------------------------------------------------

    def post(self) -> None:
        person = self.rng.randrange(3)
        body = {"email": f"p{person}@example.jp", "name": "山田", "company": "例示", "title": "部長", "agree": True}
        self.world.now += timedelta(minutes=30)
        self.answers.append(("post", self.world.post(body)["statusCode"]))

    def confirm(self) -> None:
        for mail in sorted(self.world.ses.simulator.messages, key=lambda one: one.recipient):
            for link in [link for link in mail.links if "/opt-in/" in link]:
                self.answers.append(("confirm", self.world.visit(link, "POST")["statusCode"]))

    def click(self) -> None:
        for mail in self.marketing:
            self.world.ses.simulator.open(mail.message_id)
            for link in [link for link in mail.links if "/pricing" in link][:1]:
                self.world.ses.simulator.click(mail.message_id, link)
            self.world.now += timedelta(minutes=3)

    def wait(self) -> None:
        self.world.advance(timedelta(days=self.rng.randint(1, 5)))

    def leave(self) -> None:
        mails = self.marketing
        if mails and self.rng.random() < 0.7:
            url = self.rng.choice(mails).unsubscribe_url
            answer = self.world.visit(url, "POST", "List-Unsubscribe=One-Click", **_ONE_CLICK)
            self.answers.append(("one-click", answer["statusCode"]))

    # -- what came of it -------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> dict[str, Any]:
        world = self.world
        addresses = {item["pk"]: item["address"] for item in world.items("profile")}
        return {
            "answers": self.answers,
            "mails": Counter((m.recipient, m.tags.get("step"), m.subject) for m in world.ses.simulator.messages),
            "scores": {addresses[one["pk"]]: (one["total"], one["hot"]) for one in world.items("score")},
            "blocked": {addresses[one["pk"]]: one.get("blocked") for one in world.items("state")},
            "sends": Counter((addresses[one["pk"]], one["state"]) for one in world.items("send")),
            "topics": {addresses[one["pk"]]: one.get("topics") for one in world.items("state")},
            # Evidence is of the words of one form version, so other versions make other items: `topics` compares them.
            "events": Counter(e["DetailType"] for e in world.bus if e["DetailType"] != "ConsentChanged"),
            "dead": world.dead_letters(),
        }


def _play_one(seed: int, *, applies: bool) -> tuple[Mixed, dict[str, Any]]:
    with redirect_stdout(StringIO()), pytest.MonkeyPatch.context() as patch, quick_world(patch) as world:
        mixed = Mixed(world, seed, applies=applies)
        world.app.definitions = Definitions(reads=must_read, on_unreadable=mixed.report, pointer_seconds=-1.0)
        mixed.play()
        return mixed, mixed.outcome


def play(seed: int) -> Result:
    result = Result(seed)
    try:
        _, expected = _play_one(seed, applies=False)
        mixed, found = _play_one(seed, applies=True)
    except Exception as error:  # noqa: BLE001  a function that does not answer is what is looked for
        result.broken.append(f"a function did not answer: {error!r}")
        return result
    result.broken += [f"{what}: {found[what]} instead of {expected[what]}"[:600] for what in found
                      if found[what] != expected[what]]  # fmt: skip
    result.figures["next_release_applied"] += mixed.applied
    result.figures["next_release_unreadable"] += len(mixed.reported)
    result.figures["next_release_mails"] += sum(found["mails"].values())
    result.figures["next_release_one_clicks"] += sum(what == "one-click" for what, _ in mixed.answers)
    return result
