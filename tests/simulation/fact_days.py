"""Facts and segments through 60 days of disorder: what the stream keeps is what the whole log says.

The production handlers on the simulated world. Activities come late, twice and in any order; the stream reader, the
due lane and the back-fill die; definitions change, and leads and profiles change while their back-fill runs. At random
instants everything comes to rest and is compared with an evaluation from scratch, to the member and to the minute.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sodate.activities.activity import Activity
from sodate.activities.store import activities_of, activity_item
from sodate.conditions.language import Condition
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import Put
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile, load_state, profile_item, state_item
from sodate.playbook.store import ONLY, Definitions, parsed
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.program import Program
from sodate.scenarios.programs import program
from sodate.scenarios.scenario import Scenario
from sodate.scoring.replay_job import begin, status
from sodate.scoring.replay_progress import ReplayOptions
from sodate.scoring.rescore import rules_of
from sodate.scoring.store import load_snapshot
from sodate.segments.segment import SegmentSet
from sodate.segments.store import members

from tests.simulation import random_segments
from tests.simulation.announcements import Announcements
from tests.simulation.fact_world import FactWorld
from tests.simulation.from_scratch import FromScratch
from tests.simulation.playbook import TOPIC
from tests.simulation.random_segments import ACTIVITIES, LINKS, LIST, PAGES, SEMINARS

DAYS = 60
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
#: A due entry of the present is planned so far ahead.
_AHEAD = 4 * _MINUTE
_ZONES = (None, "Asia/Tokyo", "America/New_York", "Pacific/Apia", "Pacific/Pago_Pago")
_OTHERS = ("deal_won", "deal_lost", "sales_accepted", "mail_bounced", "meeting_set")
_MOST_LEADS, _PARTS = 6, 3


#: Never entered; its conditions are asked in the checks.
_BRANCHING = Scenario.model_validate(
    {"id": "branching", "topic": TOPIC, "status": "draft", "entry": [{"manual": True}],
     "steps": [{"id": "over", "end": "asked"}]}
).model_dump(mode="json", by_alias=True)  # fmt: skip
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class FactDays:
    def __init__(self, world: FactWorld) -> None:
        self.world, self.rng = world, world.rng
        self.leads: list[str] = []
        self.found = Result(0)
        self.done = self.jobs = 0
        self.job = ""
        self.library = Definitions(pointer_seconds=-1.0)
        self.library.retire("sequence", "drip", world.now)
        world.now += self.rng.randint(0, 364) * _DAY + self.rng.randint(0, 1439) * _MINUTE
        self.library.publish("sequence", "branching", _BRANCHING, world.now)
        self.segments: list[dict[str, Any]] = []
        #: Of every segment so far.
        self.ever: set[str] = set()
        self.edit_segments()
        self.edit_rules()
        for _ in range(2):
            self.join()
        world.act_meanwhile = self.meanwhile  # type: ignore[method-assign]

    def play(self) -> None:
        end = self.world.now + DAYS * _DAY
        while self.world.now < end:
            self.world.is_rough = True
            self._one(
                (self.activity, 30), (self.contact, 3), (self.profile, 3), (self.join, 1), (self.put_on_list, 2),
                (self.judge, 2), (self.work, 40), (self.wait, 22), (self.edit_segments, 1), (self.edit_rules, 0.4),
                (self.back_fill, 2), (self.check, 4),
            )  # fmt: skip
        self.check()
        self.finish_back_fill()
        self.check()

    def meanwhile(self) -> None:
        self._one((self.activity, 5), (self.contact, 1), (self.profile, 1), (self.work, 2), (self.edit_segments, 0.3))

    def _one(self, *choices: tuple[Any, float]) -> None:
        acts, weights = zip(*choices, strict=True)
        self.rng.choices(acts, weights)[0]()

    # -- what happens --------------------------------------------------------------------------------------------------

    def join(self) -> None:
        """A lead with its consent, in one write."""
        if len(self.leads) == _MOST_LEADS:
            return
        lead = f"lead{len(self.leads)}"
        self.leads.append(lead)
        profile = Profile(
            lead, f"{lead}@example.jp", f"{lead}@example.jp", "ja", self._primary(), created=keys.stamp(self.world.now)
        )
        contact = ContactState(lead, f"key-{lead}", topics={"news": "confirmed"}, zone=self.rng.choice(_ZONES))
        both = [self._new(lead, type_, {"form": "contact"}) for type_ in ("form_submitted", "opt_in_confirmed")]
        items = [profile_item(profile), state_item(contact), *map(activity_item, both)]
        table.commit([Put(item) for item in items])

    def activity(self) -> None:
        """Most are logged at once, some hours or days late."""
        type_ = self.rng.choice((*ACTIVITIES, *ACTIVITIES, *_OTHERS))
        about = {"link": self.rng.choice(LINKS), "page": self.rng.choice(PAGES), "seminar": self.rng.choice(SEMINARS)}
        if type_ in ("mail_opened", "mail_clicked") and self.rng.random() < 0.3:
            about["verdict"] = self.rng.choice(("robot", "unsure"))
        late = timedelta(minutes=self.rng.choice((0, 0, 0, 0, 3, 200, 4000)), milliseconds=self.rng.randint(0, 900))
        lead = self.rng.choice(self.leads)
        table.put(activity_item(self._new(lead, type_, about, max(self.world.now - late, self._joined(lead)))))

    def contact(self) -> None:
        """Consent, a block and the time zone change together with an activity."""
        lead = self.rng.choice(self.leads)
        state = load_state(lead)
        changed, type_ = self.rng.choice(
            [
                (replace(state, topics={"news": "confirmed"}), "opt_in_confirmed"),
                (replace(state, topics={"news": "withdrawn"}), "unsubscribed"),
                (replace(state, blocked=self.rng.choice((None, Block.HARD_BOUNCE))), "contact_changed"),
                (replace(state, zone=self.rng.choice(_ZONES)), "preferences_changed"),
            ]
        )
        table.commit([Put(state_item(changed)), Put(activity_item(self._new(lead, type_, {})))])

    def profile(self) -> None:
        lead = self.rng.choice(self.leads)
        table.put(profile_item(replace(load_profile(lead), primary=self._primary())))

    def put_on_list(self) -> None:
        type_ = self.rng.choice(("segment_added", "segment_removed"))
        table.put(activity_item(self._new(self.rng.choice(self.leads), type_, {"segment": LIST})))

    def judge(self) -> None:
        """A robot's, or not after all; also of an activity that was never logged."""
        lead = self.rng.choice(self.leads)
        logged = [one.key for one in activities_of(lead) if one.type in ACTIVITIES]
        about = {"of": self.rng.choice([*logged, "0" * 16]), "verdict": self.rng.choice(("robot", "human", "unsure"))}
        table.put(activity_item(self._new(lead, "activity_judged", about)))

    def edit_segments(self) -> None:
        self.segments = random_segments.segments(self.rng, self.segments)
        body = SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": self.segments})
        self.library.publish("segments", ONLY, body.model_dump(mode="json"), self.world.now)
        self.ever.update(one["id"] for one in self.segments)

    def edit_rules(self) -> None:
        self.library.publish("rules", ONLY, random_segments.rules(self.rng), self.world.now)

    def back_fill(self) -> None:
        """Its tasks are on the queue from now on; `work` delivers them, some of them twice."""
        self.jobs += 1
        options = ReplayOptions(announce=self.rng.random() < 0.2)
        self.job = f"job{self.jobs}-announce" if options.announce else f"job{self.jobs}"

        def enqueue(messages: list[dict[str, Any]], delay: int) -> None:
            self.world.app.queues.put("replay", messages, delay)

        is_rough, self.world.is_rough = self.world.is_rough, False
        begin(self.library, self.job, _PARTS, self.world.now, enqueue, options)
        self.world.is_rough = is_rough
        self.found.figures["back_fills"] += 1

    def work(self) -> None:
        world = self.world
        self._one(
            (world.stream, 10), (world.deliver_replay, 4), (world.tick, 2), (world.repeat, 1), (world.redrive, 1),
            (world.replays.redrive, 1),
        )  # fmt: skip

    def wait(self) -> None:
        """Due entries come at their minute, or late after an outage of the lane."""
        end = self.world.now + self.rng.choice((1, 10, 60, 300, 1000, 3000)) * _MINUTE
        if self.rng.random() < 0.2:
            self.world.now = end
        while self.world.now < end:
            following = self.world.next_due()
            self.world.now = max(self.world.now + _MINUTE, min(following or end, end))
            self._tick()
        self._tick()

    def _tick(self) -> None:
        self.world.skip_idle_minutes()
        self.world.tick()

    def _new(self, lead: str, type_: str, about: dict[str, Any], at: datetime | None = None) -> Activity:
        self.done += 1
        return Activity(lead, type_, at or self.world.now, f"{self.rng.getrandbits(64):016x}", about)

    def _joined(self, lead: str) -> datetime:
        return datetime.fromisoformat(load_profile(lead).created)

    def _primary(self) -> dict[str, str]:
        renewal = self.world.now + self.rng.randint(-3, 20) * _DAY
        return {
            "prefecture": self.rng.choice(("東京都", "大阪府")),
            "title": self.rng.choice(("部長", "")),
            "employees": self.rng.choice(("", "1,000")),
            "renewal": self.rng.choice(("", f"{renewal:%Y/%m/%d}")),
        }

    @property
    def branching(self) -> Program:
        return program(self.library, "branching", 1)

    # -- what must be true ---------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Everything that was written is delivered, everything due is processed; a back-fill may be half done."""
        world = self.world
        world.is_rough = False
        for _ in range(1_000):
            while world.redrive() or world.stream():
                pass
            following = world.next_due()
            if following is None or following > world.now + _AHEAD:
                return
            world.now = max(world.now + _MINUTE, following)
            self._tick()
        self.found.broken.append(f"{world.now} comes to no rest")

    def finish_back_fill(self) -> None:
        self.back_fill()
        for _ in range(1_000):
            self.world.replays.redrive()
            if not self.world.replays.waiting:
                break
            if not self.world.deliver_replay():
                self.world.now += _MINUTE
        self.rest()
        if status(self.job)["done"] != _PARTS:
            self.found.broken.append(f"{self.job} is not done: {status(self.job)}")
        live = self.library.live("segments").version, self.library.live("rules").version
        for lead in self.leads:
            snapshot = load_snapshot(lead)
            if (snapshot.facts.segments_version, snapshot.rules_version) != live:
                self.found.broken.append(f"{lead} was left on older definitions by {self.job}")

    def check(self) -> None:
        if self.world._inside:
            return
        self.rest()
        listed = {segment: {one.lead_id: one.since for one in members(segment)[0]} for segment in sorted(self.ever)}
        for lead in self.leads:
            where = f"{lead} at {self.world.now:%Y-%m-%d %H:%M}"
            self.found.broken += [f"{where}: {what}" for what in self._differences(lead, listed)]
        self.found.figures["checks"] += 1

    def _differences(self, lead: str, listed: dict[str, dict[str, int]]) -> Iterator[str]:
        """Under the definitions that the lead was last looked at with: newer ones wait for its next activity. A branch
        does not wait: it is asked under the live ones.
        """
        snapshot = load_snapshot(lead)
        stored, kept = snapshot.facts, snapshot.facts.facts
        definitions = parsed(self.library.version("segments", ONLY, stored.segments_version), SegmentSet)
        engine, minute = rules_of(self.library, snapshot.rules_version).engine, int(self.world.now.timestamp()) // 60
        truth = FromScratch(load_profile(lead), load_state(lead), activities_of(lead), definitions, engine, minute)
        if kept.segments.keys() != truth.members:
            yield f"is in {sorted(kept.segments)}, should be in {sorted(truth.members)} (v{stored.segments_version})"
        if {key: [one.first, *one.latest] for key, one in kept.matches.items()} != truth.matches:
            yield f"has the facts {kept.matches}, should have {truth.matches}"
        if kept.added != truth.added or (truth.asks_for_last_activity and kept.seen != truth.seen):
            yield f"was last seen {kept.seen} and added to {kept.added}, not {truth.seen} and {truth.added}"
        if {segment: since[lead] for segment, since in listed.items() if lead in since} != kept.segments:
            yield f"is listed as a member of other segments than {sorted(kept.segments)}"
        live = replace(truth, definitions=parsed(self.library.live("segments"), SegmentSet))
        asked = _CONDITION.validate_python(random_segments.of_today(self.rng, sorted(live.members)))
        branching = LeadNow(truth.contact, self.branching, LeadItems(lead, self.library, self.world.now))
        if branching.holds(asked) != live.holds(asked):
            yield f"a branch answers {branching.holds(asked)} to {asked}"
        score = snapshot.score_state
        engine.settle(score, minute)
        if score != truth.score:
            yield f"has the score {score}, should have {truth.score}"
        self.found.figures.update(leads_compared=1, memberships=len(truth.members), facts=len(truth.matches))


def play(seed: int) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        world = FactWorld(seed, patch)
        days = FactDays(world)
        days.play()
        result = replace(days.found, seed=seed)
        announcements = Announcements(world, days.library)
        result.broken += announcements.broken()
        result.figures.update(
            activities=days.done, versions=days.library.live("segments").version, **announcements.figures
        )
    return result
