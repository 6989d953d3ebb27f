"""Scenarios through crashes, repeats, late streams, pauses, migrations, webhooks that fail, re-entry and opt-outs.

The real handlers on the simulated world, for some days. Afterwards calm: everybody has gone through, and no email was
sent twice, from a paused scenario, or after a goal, an exit or an opt-out. DynamoDB's own order of the writes to STATE
is the judge.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import ActivityItem, activity_item
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import encode, values
from sodate.email.ledger.states import StepRef
from sodate.leads.contact_state import ContactState, Enrollment, Visit, id_of, key_of
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, load_state, profile_item, profile_key, state_item, to_state
from sodate.playbook.store import Definitions
from sodate.scenarios.admission import may_enter
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.enter_by_schedule import plan_schedules
from sodate.scenarios.program import Program
from sodate.scenarios.programs import program
from sodate.scenarios.scenario import Scenario
from sodate.segments.store import member_write

from tests.simulation.date_entries import DateEntries
from tests.simulation.migrations import Migrations, twice, variant
from tests.simulation.occurrences import ENTRIES as OCCURRENCES
from tests.simulation.occurrences import SEGMENT, Occurrences
from tests.simulation.playbook import CAPS, TOPIC
from tests.simulation.webhook_posts import STEPS as WEBHOOKS
from tests.simulation.webhook_posts import WebhookPosts
from tests.simulation.world import SimulatedWorld

_MINUTE = timedelta(minutes=1)
#: A sender reads whether a scenario is paused when its invocation begins.
_INVOCATION = timedelta(minutes=3)
_TYPES = ("seminar_registered", "seminar_attended", "mail_clicked", "page_viewed", "meeting_set")
_SEMINARS = ("spring", "autumn")
_MAX_ATTEMPTS = 20


def _scenario(name: str, activity: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"id": name, "topic": TOPIC, "status": "published", "entry": [{"on": {"activity": activity}}]}
    body = Scenario.model_validate({**head, **more, "steps": steps})
    return body.model_dump(mode="json", by_alias=True)


def _send(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "send": "mail", "valid_hours": 48, **more}


RENEWAL = "secondary.renewal"
DATE_ENTRY = {"date": RENEWAL, "at": "12:00"}
DAILY = "daily"

#: With a goal, with a key, a short one in a circle that may be entered again, one by a date, and one by a schedule with
#: webhooks.
SCENARIOS = (
    _scenario(
        "welcome", "page_viewed", _send("a"),
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"hours": 20}, "on_timeout": "b"},
        {"id": "tag", "set": [{"add_tag": "clicked"}], "then": "end"},
        _send("b"), {"id": "w", "wait": {"hours": 5}}, _send("c"),
        goals=[{"id": "meeting", "on": {"feedback": ["meeting_set"]}}],
    ),
    _scenario(
        "seminar", "seminar_registered",
        {"id": "arm", "split": [{"id": "x", "weight": 1, "then": "a"}, {"id": "y", "weight": 1, "then": "w"}]},
        _send("a", then="w"), {"id": "w", "wait": {"hours": 9}}, _send("b"),
        key="seminar", re_entry={"allow": "after_exit"},
        exits=[{"id": "attended", "on": {"activity": "seminar_attended", "same_key": "seminar"}}],
    ),
    _scenario(
        "again", "mail_clicked", _send("a"), {"id": "w", "wait": {"hours": 3}},
        {"id": "more", "branch": [{"when": {"activity": "mail_clicked", "times": 4}, "then": "end"}], "otherwise": "b"},
        _send("b"), re_entry={"allow": "always"},
    ),
    _scenario(
        "renewal", "deal_won", _send("a"), {"id": "w", "wait": {"hours": 3}}, _send("b"),
        entry=[DATE_ENTRY], re_entry={"allow": "always"},
    ),
    _scenario(
        DAILY, "deal_won", *WEBHOOKS[:2], {"id": "w", "wait": {"hours": 1}}, WEBHOOKS[2],
        {"id": "rest", "wait": {"hours": 1}}, {"id": "tag", "set": [{"add_tag": "daily"}]},
        entry=list(OCCURRENCES), re_entry={"allow": "always"},
    ),
)  # fmt: skip
#: They have the step that versions rename.
MIGRATED = ("welcome", "seminar", "again", "renewal")


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class ScenarioDays:
    def __init__(self, world: SimulatedWorld) -> None:
        self.world, self.rng = world, world.rng
        self.leads = [f"lead{number}" for number in range(4)]
        self.dates: dict[tuple[str, date], list[datetime]] = defaultdict(list)
        self.last_dates: dict[str, date] = {}
        self.paused: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        self.done = 0
        self.webhooks, self.migrations = WebhookPosts(world), Migrations(world, self.leads)
        #: Migrations that died, to be run again.
        self.killed: list[str] = []
        world.app.definitions.retire("sequence", "drip", world.now)
        for body in SCENARIOS:
            world.app.definitions.publish("sequence", body["id"], body, world.now)
        for name in self.leads:
            contact = ContactState(name, f"key-{name}", topics={TOPIC: "confirmed"})
            profile = Profile(name, f"{name}@example.jp", f"{name}@example.jp", "ja", primary={"title": "部長"})
            table.put_many([encode(profile_item(profile)), encode(state_item(contact))])
            table.commit([member_write(name, SEGMENT, int(world.now.timestamp()) // 60)])
        plan_schedules(world.app.definitions, world.now)
        world.act_meanwhile = self.meanwhile  # type: ignore[method-assign]

    def play(self, actions: int) -> None:
        self.world.is_rough = True
        for _ in range(actions):
            self._one(
                (self.activity, 8), (self.opt_out, 1), (self.change_status, 2), (self.new_version, 2),
                (self.migrate, 5), (self.renew, 3), (self.repeat, 3), (self.work, 30), (self.wait, 25),
            )  # fmt: skip
        self.calm_down()

    def meanwhile(self) -> None:
        self._one(
            (self.activity, 4), (self.renew, 1), (self.opt_out, 1), (self.change_status, 1), (self.migrate, 0.5),
            (self.work, 2),
        )  # fmt: skip

    def _one(self, *choices: tuple[Any, float]) -> None:
        acts, weights = zip(*choices, strict=True)
        self.rng.choices(acts, weights)[0]()

    # -- what happens --------------------------------------------------------------------------------------------------

    def activity(self) -> None:
        self.done += 1
        lead, type_ = self.rng.choice(self.leads), self.rng.choice(_TYPES)
        about = {"seminar": self.rng.choice(_SEMINARS)} if type_.startswith("seminar") else {}
        at = self.world.now - timedelta(seconds=self.rng.randint(0, 40))
        table.put(activity_item(Activity(lead, type_, at, activity_key("sim", str(self.done)), about)))

    def renew(self) -> None:
        self._renews(self.rng.choice(self.leads), self.rng.randint(-1, 2))

    def _renews(self, lead: str, days: int) -> None:
        day = (self.world.now + timedelta(hours=9, days=days)).date()
        self.dates[lead, day].append(self.world.now)
        self.last_dates[lead] = day
        table.update(profile_key(lead), [ProfileItem.secondary["renewal"].set(day.isoformat())])

    def opt_out(self) -> None:
        lead = self.rng.choice(self.leads[:2])
        unsubscribe(OptOut(lead, f"out-{lead}", None, "one_click"), self.world.now)

    def change_status(self) -> None:
        body = self.rng.choice(SCENARIOS)
        is_running = not self.paused[body["id"]] or self.paused[body["id"]][-1][1] is not None
        self._publish({**body, "status": self.rng.choice(("paused", "draft")) if is_running else "published"})

    def new_version(self) -> None:
        self._other_version(self.rng.choice(SCENARIOS))

    def _other_version(self, body: dict[str, Any]) -> None:
        if not self.paused[body["id"]] or self.paused[body["id"]][-1][1] is not None:
            other = body if body["id"] == DAILY else variant(body, self.rng.randrange(4))
            self._publish({**other, "title": f"version of {self.world.now}"})

    def migrate(self) -> None:
        """Mostly after a new version; one that died is run again some time."""
        scenario = self.killed.pop() if self.killed else self.rng.choice(MIGRATED)
        if self.rng.random() < 0.7:
            self._other_version(next(body for body in SCENARIOS if body["id"] == scenario))
        if not self.migrations.run(scenario):
            self.killed.append(scenario)

    def _publish(self, body: dict[str, Any]) -> None:
        self.world.app.definitions.publish("sequence", body["id"], body, self.world.now)
        spans = self.paused[body["id"]]
        if body["status"] != "published":
            spans.append((self.world.now, None))
        elif spans and spans[-1][1] is None:
            spans[-1] = (spans[-1][0], self.world.now)

    def repeat(self) -> None:
        if self.rng.random() < 0.3:
            self.world.rewind_stream(self.rng.randint(1, 300))
        elif self.world.sends.done:
            self.world.sends.send(self.rng.choice(self.world.sends.done))

    def work(self) -> None:
        self.rng.choice((self.world.stream, self.world.sends.deliver, self.world.ses_events))()

    def wait(self) -> None:
        self.world.now += self.rng.choice((1, 1, 2, 5, 30, 120)) * _MINUTE
        self.world.skip_idle_minutes()
        self.world.tick()

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        world = self.world
        world.is_rough = False
        for body in SCENARIOS:
            if self.paused[body["id"]] and self.paused[body["id"]][-1][1] is None:
                self._publish(body)
        while self.killed:
            self.migrate()
        self.calm_from = world.now
        for lead in self.leads:
            self._renews(lead, 3)
        end = world.now + timedelta(days=20)
        while world.now < end:
            self._settle()
            following = world.next_due()
            world.now = max(world.now + _MINUTE, min(following or end, end))
            world.skip_idle_minutes()
            world.tick()
        self._settle()

    def _settle(self) -> None:
        world = self.world
        for queue in (world.sends, world.events):
            queue.redrive()
        for _ in range(2_000):
            world.fetch_events(all_of_them=True)
            if not any((world.stream(), world.sends.deliver(), world.events.deliver())):
                if not world.sends.waiting and not world.events.waiting:
                    return
                world.now += timedelta(seconds=30)


@dataclass(frozen=True)
class Move:
    """STATE before an enrollment moved."""

    lead_id: str
    name: str
    before: Enrollment
    state: ContactState

    @property
    def send_ids(self) -> Iterator[str]:
        one = self.before
        for attempt in range(1, _MAX_ATTEMPTS):
            yield StepRef(self.lead_id, self.name, one.version, one.step, one.id, attempt, one.visit).send_id


def play(seed: int, actions: int = 150) -> Result:
    result = Result(seed)
    with pytest.MonkeyPatch.context() as patch:
        world = SimulatedWorld(seed, patch)
        days = ScenarioDays(world)
        days.play(actions)
        judge(result, days)
    return result


def judge(result: Result, days: ScenarioDays) -> None:
    messages = [message for message in days.world.ses.simulator.messages if message.tags.get("sequence")]
    entered = _entered(days.world)
    moves, result.broken = _moves(days.world)
    result.broken += _too_early(messages, moves)
    result.broken += [*_without_claim(messages, moves), *_while_paused(messages, days), *_over_caps(messages)]
    entered_by_date = DateEntries(days.world, days.dates, DATE_ENTRY)
    result.broken += [*entered_by_date.wrong(), *entered_by_date.missed(days.last_dates)]
    occurrences = Occurrences(days.world, DAILY, days.leads, days.calm_from)
    result.broken += [*twice(messages, moves, entered), *days.migrations.broken]
    result.broken += [*days.webhooks.broken(), *occurrences.broken()]
    enrollments = [(lead, *each) for lead in days.leads for each in load_state(lead).enrollments.items()]
    result.broken += [
        f"{lead} is still at step {one.step} of {name}" for lead, name, one in enrollments if not one.is_complete
    ]
    result.figures.update(
        emails=len(messages),
        ended_early=sum(one.ended is not None for _, _, one in enrollments),
        entries=sum(entered.values()),
        keyed=sum(key_of(name) is not None for _, name, _ in enrollments),
        **occurrences.figures,
        **days.webhooks.figures,
        **days.migrations.figures,
    )


def _without_claim(messages: list[Any], moves: dict[str, Move]) -> Iterator[str]:
    for send_id, times in Counter(message.tags["send_id"] for message in messages).items():
        if times > 1:
            yield f"{send_id} was sent {times} times"
        if send_id not in moves:
            yield f"{send_id} was sent without a claim"
        elif moves[send_id].state.permanent_rejection(TOPIC) is not None:
            yield f"{send_id} was claimed after an opt-out"


def _while_paused(messages: list[Any], days: ScenarioDays) -> Iterator[str]:
    for message in messages:
        for begin, end in days.paused[message.tags["sequence"]]:
            if begin + _INVOCATION < message.at and (end is None or message.at < end):
                yield f"{message.tags['send_id']} was sent while {message.tags['sequence']} was not running"


def _moves(world: SimulatedWorld) -> tuple[dict[str, Move], list[str]]:
    """By send id: every move of an enrollment to a higher visit; and what moved after its end."""
    moves, broken = dict[str, Move](), list[str]()
    for (_, sk), old, new in world.table.history:
        if sk != keys.STATE or old is None or new is None:
            continue
        before, after = to_state(old), to_state(new)
        for name, now in after.enrollments.items():
            was = before.enrollments.get(name)
            if (
                was is not None
                and was.id != now.id
                and not may_enter(_program(name, was), was, datetime.fromisoformat(now.since))
            ):
                broken.append(f"{before.lead_id} entered {name} again")
            if was is None or was.id != now.id or _number(now) <= _number(was):
                continue
            if was.ended is not None:
                broken.append(f"{before.lead_id} moved in {name} after {was.ended}")
            move = Move(before.lead_id, name, was, before)
            moves.update(dict.fromkeys(move.send_ids, move))
    return moves, broken


def _too_early(messages: list[Any], moves: dict[str, Move]) -> Iterator[str]:
    """A wait counts from the beginning of the visit."""
    for message in messages:
        move = moves.get(message.tags["send_id"])
        if move is not None and move.before.visit is not None:
            compiled = _program(move.name, move.before)
            at = due_by_time(compiled, move.before.step, move.before.visit.began, None, None)
            if at is not None and message.at < at:
                yield f"{message.tags['send_id']} was sent {at - message.at} too early"


def _program(name: str, enrollment: Enrollment) -> Program:
    return program(Definitions(), name, enrollment.version)


def _number(enrollment: Enrollment) -> int:
    return (enrollment.visit or Visit(0, 0)).number


def _entered(world: SimulatedWorld) -> Counter[tuple[str, str]]:
    """Enrollments by lead and scenario, whatever their key."""
    rows = [row for row in world.table.items.values() if row.get("type", {}).get("S") == "scenario_entered"]
    items = [values(ActivityItem, row) for row in rows]
    return Counter((keys.lead_id_of(one["pk"]), id_of(one["about"]["scenario"])) for one in items)


def _over_caps(messages: list[Any]) -> Iterator[str]:
    """A claim precedes its message by less than an invocation."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for message in messages:
        times[message.tags["lead_id"]].append(message.at)
    for lead, each in times.items():
        each.sort()
        for span, most in CAPS:
            for first, last in zip(each, each[most:], strict=False):
                if last - first < span - _INVOCATION:
                    yield f"{lead} got {most + 1} emails within {last - first}"
