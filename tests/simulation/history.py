"""One seeded history: people, faults and crashes for a few days; then calm, and everything must have been settled."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from ses_simulator import robots
from ses_simulator.message import Message

from tests.simulation.cloud import Reports
from tests.simulation.fault_profile import REDRIVES, WAITS
from tests.simulation.invariants import Found, look, unseen_claims
from tests.simulation.world import PUBLIC_URL, SimulatedWorld

_PEOPLE = (
    "taro", "hanako", "jiro", "yuki", "sora", "bounce+a", "complaint+b", "ooto+c", "late-bounce+d", "mailbox-full+e",
    "not-spam+f",
)  # fmt: skip
#: What is asked of the preference centre; one line of a form each.
PREFERENCE_CHANGES = (
    "pause=30", "pause=30", "pause=0", "frequency=weekly", "frequency=weekly", "frequency=all", "zone=America/New_York",
    "do=stop", "shown=news", "shown=news&topic=news", "shown=news&topic=news",
)  # fmt: skip
_RATES = (1.0, 14.0, 50.0, 1000.0)


@dataclass
class Result:
    seed: int
    broken: list[str]
    figures: Counter[str] = field(default_factory=Counter)
    fingerprint: str = ""
    trace: list[str] = field(default_factory=list)


def play(seed: int, actions: int = 60) -> Result:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return History(seed, SimulatedWorld(seed, monkeypatch)).play(actions)


class History:
    def __init__(self, seed: int, world: SimulatedWorld) -> None:
        self.seed, self.world, self.rng = seed, world, world.rng
        self.people = self.rng.sample(_PEOPLE, 4)
        self.accepted: dict[str, str] = {}
        self.refused_links: list[str] = []
        self.unseen: list[str] = []
        self.posts = 0
        world.act_meanwhile = self.meanwhile  # type: ignore[method-assign]

    def play(self, actions: int) -> Result:
        if self.rng.random() < 0.6:  # several people at the same step are a batch
            for person in self.people:
                self.post_as(person, "single", agree=True)
        self.world.is_rough = True
        for _ in range(actions):
            self._one(
                (self.post, 5), (self.confirm, 6), (self.leave, 2), (self.prefer, 3), (self.feedback, 5),
                (self.work, 40), (self.wait, 22), (self.change_account, 2), (self.rotate, 1), (self.redrive, 1),
            )  # fmt: skip
        self.calm_down()
        return self.result()

    def meanwhile(self) -> None:
        self._one(
            (self.leave, 6), (self.prefer, 3), (self.feedback, 3), (self.confirm, 2), (self.post, 1), (self.work, 3)
        )

    def _one(self, *choices: tuple[Any, int]) -> None:
        acts, weights = zip(*choices, strict=True)
        self.rng.choices(acts, weights)[0]()

    # -- what people do --------------------------------------------------------------------------------------------

    def post(self) -> None:
        self.post_as(self.rng.choice(self.people), self.rng.choice(("double", "double", "single")))

    def post_as(self, person: str, form: str, *, agree: bool | None = None) -> None:
        self.posts += 1
        name = f"post-{self.seed}-{self.posts:04d}"
        agrees = self.rng.random() < 0.9 if agree is None else agree
        body: dict[str, Any] = {"email": f"{person}@example.jp", "name": person, "agree": agrees}
        body["_submission_id"] = name
        if self.rng.random() < 0.5:
            body["title"] = "部長"
        for _ in range(self.rng.randint(1, 3)):
            route, path = "POST /forms/{form_id}/submissions", {"form_id": form}
            if self.world.http("form_capture", route, path, json.dumps(body)) in (200, 201):
                self.accepted[name] = person

    def confirm(self) -> None:
        which = self.rng.randrange(6)
        for _ in range(self.rng.choice((1, 1, 2))):
            self.confirm_by(which)

    def confirm_by(self, which: int) -> None:
        """Press the button behind one of the latest opt-in links, counted from the last."""
        found = self._links("opt-in")[::-1][:6]
        if found:
            kind, path = "application/x-www-form-urlencoded", {"token": found[which % len(found)][1]}
            self.world.http("consent_pages", "POST /opt-in/{token}", path, None, kind)

    def leave(self) -> None:
        which, body = self.rng.randrange(6), self.rng.choice(("List-Unsubscribe=One-Click", "scope=topic", "scope=all"))
        for _ in range(self.rng.choice((1, 1, 2))):
            self.leave_as(which, body)

    def leave_as(self, which: int, body: str) -> None:
        found = self._links("unsubscribe")[::-1][:6]
        if found:
            lead_id, token = found[which % len(found)]
            if self.world.press("unsubscribe", token, lead_id, body) == 400:
                self.refused_links.append(token)

    def prefer(self) -> None:
        self.prefer_as(self.rng.randrange(6), self.rng.choice(PREFERENCE_CHANGES))

    def prefer_as(self, which: int, body: str) -> None:
        found = self._links("preferences")[::-1][:6]
        if found:
            lead_id, token = found[which % len(found)]
            self.world.press("preferences", token, lead_id, body)

    def _links(self, page: str) -> list[tuple[str, str]]:
        """(lead id, token) of every such link in a mail, the latest last; whatever key signed it."""
        begin = f"{PUBLIC_URL}/{page}/"
        return [
            (mail.tags["lead_id"], link.removeprefix(begin))
            for mail in self.world.ses.simulator.messages
            for link in mail.links
            if link.startswith(begin)
        ]

    def feedback(self) -> None:
        what = self.rng.choice(
            ("open", "open", "click", "click", "scan", "scan", "prefetch", "bounce", "soft", "complain", "praise")
        )
        self.feedback_on(self.rng.randrange(8), what)

    def feedback_on(self, which: int, what: str) -> None:
        """What a reader or a mailbox does with one of the latest mails, counted from the last."""
        simulator = self.world.ses.simulator
        latest = [mail for mail in simulator.messages[::-1] if "send_id" in mail.tags][:8]  # nobody reads a probe
        if latest:
            self._react(latest[which % len(latest)], what, which)

    def _react(self, mail: Message, what: str, which: int) -> None:
        simulator = self.world.ses.simulator
        match what:
            case "open":
                simulator.open(mail.message_id)
            case "click" if mail.links:
                simulator.click(mail.message_id, mail.links[which % len(mail.links)])
            case "scan" | "prefetch":
                self._robot(mail, what, which)
            case "bounce":
                simulator.bounce(mail.message_id)
            case "soft":
                simulator.bounce(mail.message_id, "Transient", "General")
            case "complain":
                simulator.complain(mail.message_id)
            case "praise":
                simulator.complain(mail.message_id, "not-spam")

    def _robot(self, mail: Message, what: str, which: int) -> None:
        simulator = self.world.ses.simulator
        if what == "prefetch":
            robots.prefetch(simulator, mail.message_id)
            return
        within = timedelta(seconds=1 + 20 * (which % 3))
        robots.scan(simulator, mail.message_id, after=self.world.now - mail.at, within=within)

    # -- what AWS does ---------------------------------------------------------------------------------------------

    def work(self) -> None:
        world = self.world
        self._one(
            (world.stream, 4), (world.sends.deliver, 4), (world.ses_events, 3), (world.hand_over, 1), (world.tick, 1)
        )  # fmt: skip

    def wait(self) -> None:
        self.pass_time(self.rng.choice(WAITS), outage=self.rng.random() < 0.4)

    def pass_time(self, seconds: float, *, outage: bool) -> None:
        """The dispatcher runs at every minute that has something due; in an outage only at the end, and catches up."""
        world = self.world
        end = world.now + timedelta(seconds=seconds)
        for _ in range(0 if outage else 12):
            minute = world.next_due()
            if minute is None or _next_tick(world.now, minute) >= end:
                break
            self._be_at(_next_tick(world.now, minute))
            world.skip_idle_minutes()
            world.tick()
        if (minute := world.next_due()) is not None and minute < end:
            world.dispatcher_outages.append((minute, end))
        self._be_at(max(world.now, end))
        world.skip_idle_minutes()
        world.tick()

    def _be_at(self, moment: datetime) -> None:
        """Where SES reports in time, every report has been dealt with by then, unless it is younger than an hour."""
        world = self.world
        while world.ses.reports is Reports.TIMELY and world.now < moment:
            world.now = min(moment, world.now + timedelta(hours=1))
            world.fetch_events()
            for _ in range(50):
                world.events.redrive()
                for message in world.events.waiting:
                    message["at"] = world.now
                if not world.events.deliver():
                    break
        world.now = moment

    def change_account(self) -> None:
        account, rng = self.world.ses.simulator.account, self.rng
        match rng.choice(("good", "good", "pause", "suspend", "rate", "quota")):
            case "good":
                self.mend_account()
            case "pause":
                account.sending_enabled = False
            case "suspend":
                account.suspended = True
            case "rate":
                account.max_send_rate = rng.choice(_RATES)
            case "quota":
                account.max_24_hour_send = self.world.ses.simulator.sent_last_24_hours() + rng.choice((0, 1, 50_000))

    def mend_account(self) -> None:
        account = self.world.ses.simulator.account
        account.sending_enabled, account.suspended, account.max_24_hour_send = True, False, 50_000
        account.max_send_rate = self.rng.choice(_RATES)

    def rotate(self) -> None:
        self.world.rotate_keys()

    def redrive(self) -> None:
        for queue in (self.world.sends, self.world.events):
            queue.redrive(self.world.now - self.rng.choice(REDRIVES))

    # -- and then --------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """No more faults: whatever was left lying about must find its end by itself, and by redrives, late ones too."""
        world = self.world
        world.is_rough = False
        self.mend_account()
        for wait in (timedelta(), *REDRIVES):
            is_at_rest = self._rest(world.now + wait)
            self.unseen = self.unseen or unseen_claims(world)  # before anybody looks at the dead letters
            if not is_at_rest:
                world.trace.append("never came to rest")
                return
            for queue in (world.sends, world.events):
                queue.redrive()
        if not self._rest(world.now):
            world.trace.append("never came to rest")

    def _rest(self, until: datetime) -> bool:
        """Work and wait until nothing is left to do, and at least until then."""
        world = self.world
        for _ in range(400):
            for queue in (world.sends, world.events):
                for message in queue.waiting:
                    message["at"] = world.now
            for _ in range(200):  # a bug may keep it busy for ever
                if not self._all_of_it():
                    break
            minute = world.next_due()
            if minute is None and not world.sends.waiting and not world.events.waiting:
                world.now = max(world.now, until)
                return True
            self._be_at(_next_tick(world.now, minute) if minute else world.now + timedelta(minutes=5))
            world.skip_idle_minutes()
            world.tick()
        return False

    def _all_of_it(self) -> bool:
        world = self.world
        return any((world.stream(), world.sends.deliver(), world.ses_events(all_of_them=True), world.hand_over()))

    def result(self) -> Result:
        world = self.world
        found: Found = look(world, self.accepted)
        if world.trace[-1] == "never came to rest":
            found.broken.append("never came to rest")
        found.broken += [f"buried: {entry['why']}" for entry in world.dead_letters]
        found.broken += self.unseen
        found.broken += [f"a link of ours was refused: {token[-20:]}" for token in self.refused_links]
        state = [
            world.trace, sorted(world.table.items), [(m.recipient, dict(m.tags)) for m in world.ses.simulator.messages],
            sorted((key, json.dumps(item, sort_keys=True)) for key, item in world.table.items.items()),
        ]  # fmt: skip
        fingerprint = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return Result(self.seed, found.broken, found.figures, fingerprint, world.trace)


def _next_tick(now: datetime, due: datetime) -> datetime:
    """There is one tick a minute: what the last one left over waits for the next."""
    return due if due > now else now + timedelta(minutes=1)
