"""Facts and membership kept by the stream equal an evaluation from scratch, in any order, at any time.

Random leads, activities, orders, batches, redeliveries, changes of the profile and of the definitions, and passage of
time; the real use cases on the memory table, whose due entries are processed as they come.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Table
from sodate.facts.evaluation import LeadView, Sources
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile, load_state, profile_item, state_item
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import ScoreDecay
from sodate.scoring.scored import LeadScore
from sodate.scoring.store import load_snapshot
from sodate.segments.due_entry import SegmentReview
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, after_decay, after_time, refresh
from sodate.segments.segment import SegmentSet
from sodate.segments.store import members

from tests.fakes.table import MemoryTable
from tests.unit.scoring.test_scoring_engine import rule_set

START = datetime(2026, 11, 24, tzinfo=UTC)
LEAD = "01LEAD"
TYPES = ("form_submitted", "mail_opened", "mail_clicked", "page_viewed", "mail_bounced", "sales_accepted", "deal_lost")
SEGMENTS: list[dict[str, Any]] = [
    {"id": "tokyo", "when": {"all": [{"attribute": "primary.prefecture", "equals": "東京都"},
     {"score": "total", "category": "crm", "at_least": 20}]}},
    {"id": "warm", "when": {"score": "behaviour", "at_least": 10, "less_than": 40}},
    {"id": "top", "when": {"rank": ["A1", "A2", "B1"]}},
    {"id": "deciding", "when": {"phase": ["consider", "decide"]}},
    {"id": "readers", "when": {"activity": "page_viewed", "times": 2, "within_days": 2}},
    {"id": "clicked-not-viewed", "when": {"all": [{"activity": "mail_clicked"}, {"not": {"activity": "page_viewed"}}]}},
    {"id": "new", "when": {"activity": "form_submitted", "first_within_days": 3}},
    {"id": "asleep", "when": {"inactive_for_days": 3}},
    {"id": "renewal", "when": {"attribute": "primary.renewal", "in_days": {"at_least": 0, "less_than": 7}}},
    {"id": "listed", "when": None},
    {"id": "customers", "when": {"stage": ["customer", "sql", "lost"]}},
    {"id": "agreed", "when": {"all": [{"consent": "news"}, {"blocked": False}]}},
    {"id": "target", "when": {"all": [{"segment": "readers"}, {"not": {"segment": "asleep"}}, {"segment": "agreed"}]}},
    {"id": "half", "when": {"bucket": "half", "less_than": 50}},
]  # fmt: skip


@dataclass
class Story:
    """One random story of one lead."""

    seed: int
    now: datetime = START
    arrived: list[Activity] = field(default_factory=list)
    unread: list[Activity] = field(default_factory=list)
    profile_changed: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311  repeatable, not secret
        self.table = MemoryTable()
        Table("t", self.table).use()
        self.definitions = Definitions(pointer_seconds=-1.0)
        self.definitions.publish("rules", "default", rule_set().model_dump(mode="json"), self.now)
        # Few segments: the due entry of one would otherwise bring the others up to date too.
        self.segments = SEGMENTS if self.seed % 2 else self.rng.sample(SEGMENTS[:12], 3)
        self.publish(self.segments)
        self.profile = Profile(LEAD, "a@example.jp", "a@example.jp", "ja", created=keys.stamp(START))
        self.contact = ContactState(LEAD, "key", topics={"news": "pending"}, zone=self.rng.choice((None, "Asia/Tokyo")))
        self.put_profile()
        table.put_row(encode(state_item(self.contact)))

    def publish(self, segments: list[dict[str, Any]]) -> None:
        body = SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": segments})
        self.definitions.publish("segments", "default", body.model_dump(mode="json"), self.now)

    def put_profile(self) -> None:
        primary = {
            "prefecture": self.rng.choice(("東京都", "大阪府")),
            "title": self.rng.choice(("部長", "")),
            "employees": self.rng.choice(("", "1,000")),
            "renewal": self.rng.choice(("", f"{(self.now + timedelta(days=self.rng.randint(0, 12))):%Y/%m/%d}")),
        }
        self.profile = Profile(**{**vars(self.profile), "primary": primary})
        table.put_row(encode(profile_item(self.profile)))
        self.profile_changed = True

    # -- what happens --------------------------------------------------------------------------------------------------

    def act(self) -> None:
        often = (self.happen, self.happen, self.happen, self.deliver, self.deliver, self.pass_time, self.pass_time)
        seldom = (self.change_profile, self.consent, self.put_on_list, self.edit, self.judge)
        self.rng.choice((*often, *seldom))()

    def happen(self) -> None:
        """Most activities arrive at once, some hours late."""
        at = self.now - timedelta(minutes=self.rng.choice((0, 0, 0, 5, 60, 2000)))
        about = {"link": self.rng.choice(("", "https://x.jp/pricing")), "page": self.rng.choice(("/demo/a", "/blog"))}
        if self.rng.random() < 0.2:
            about["verdict"] = self.rng.choice(("robot", "unsure"))
        self.log(self.rng.choice(TYPES), about, at)

    def log(self, type_: str, about: dict[str, Any], at: datetime | None = None) -> None:
        activity = Activity(LEAD, type_, at or self.now, f"{self.rng.getrandbits(64):016x}", about)
        table.put(activity_item(activity))
        self.arrived.append(activity)
        self.unread.append(activity)

    def judge(self) -> None:
        of = self.rng.choice(self.arrived).key if self.arrived else "0" * 16
        self.log("activity_judged", {"of": of, "verdict": self.rng.choice(("robot", "human", "unsure"))})

    def put_on_list(self) -> None:
        self.log(self.rng.choice(("segment_added", "segment_removed")), {"segment": "listed"})

    def consent(self) -> None:
        state = self.rng.choice(("confirmed", "withdrawn"))
        self.contact = ContactState(**{**vars(load_state(LEAD)), "topics": {"news": state}})
        table.put_row(encode(state_item(self.contact)))
        self.log("opt_in_confirmed" if state == "confirmed" else "unsubscribed", {})

    def change_profile(self) -> None:
        self.put_profile()

    def edit(self) -> None:
        """Other definitions: some are gone, some ask for something else."""
        needed = {"readers", "asleep", "agreed"} & {one["id"] for one in self.segments if len(self.segments) > 3}
        kept = [one for one in self.segments if one["id"] in needed or self.rng.random() < 0.8]
        edited = [self._edited(one) for one in kept]
        self.publish(edited)
        refresh(LEAD, Live.of(self.definitions), Occasion(), self.now)  # the back-fill

    def _edited(self, segment: dict[str, Any]) -> dict[str, Any]:
        if segment["id"] == "readers" and self.rng.random() < 0.5:
            return {"id": "readers", "when": {"activity": "page_viewed", "times": 2, "page": "/demo*"}}
        return segment

    def pass_time(self) -> None:
        """Due entries are processed at their minute, which is where the answer changes."""
        self.pass_until(self.now + timedelta(minutes=self.rng.choice((1, 30, 600, 1440, 9000))))

    def pass_until(self, end: datetime) -> None:
        while (entry := self.next_due(end)) is not None:
            self.now = max(self.now, entry[0])
            self.done.add(entry[1])
            self.process(json.loads(entry[2]))
        self.now = end

    done: set[str] = field(default_factory=set)

    def next_due(self, end: datetime) -> tuple[datetime, str, str] | None:
        found = []
        for pk, sk in self.table.items:
            if pk.startswith(keys.DUE) and f"{pk} {sk}" not in self.done:
                item = self.table.items[pk, sk]
                found.append((keys.minute_start(keys.due_minute_of(pk)), f"{pk} {sk}", item["message"]["S"]))
        first = min(found, default=None)
        return first if first is not None and first[0] <= end else None

    def process(self, message: dict[str, Any]) -> None:
        live = Live.of(self.definitions)
        if message["what"] == SegmentReview.what:
            after_time(SegmentReview.parse(message).lead_id, live, self.now)
        else:
            after_decay(ScoreDecay.parse(message).lead_id, live, self.now)

    def deliver(self) -> None:
        """What the stream has, in batches; some of them twice, some of them with what was delivered before."""
        left, self.unread = self.unread, []
        changed, self.profile_changed = self.profile_changed, False
        while left or changed:
            size = self.rng.randint(1, 4)
            batch, left = left[:size], left[size:]
            for _ in range(self.rng.choice((1, 1, 2))):
                self.now += timedelta(milliseconds=1)  # two invocations never see the same clock
                refresh(LEAD, Live.of(self.definitions), Occasion(batch, profile_changed=changed), self.now)
            changed = False
        if self.arrived and self.rng.random() < 0.2:
            again = [self.rng.choice(self.arrived)]
            refresh(LEAD, Live.of(self.definitions), Occasion(again), self.now)

    # -- what must be true ---------------------------------------------------------------------------------------------

    def check(self) -> None:
        """After everything was delivered; a due entry may be some minutes late, because its bucket is not open yet."""
        self.deliver()
        self.pass_until(self.now + timedelta(minutes=4))
        kept = load_snapshot(LEAD).facts
        assert set(kept.facts.segments) == self.from_scratch(), f"seed {self.seed} at {self.now}"
        for segment in SEGMENTS:
            listed = {member.lead_id for member in members(segment["id"])[0]}
            assert listed == ({LEAD} if segment["id"] in kept.facts.segments else set()), segment["id"]

    def from_scratch(self) -> set[str]:
        live = Live.of(self.definitions)
        assert live.rules is not None
        assert live.segments is not None
        log = activities_of(LEAD)
        profile, engine = load_profile(LEAD), live.rules.engine
        scored = LeadScore(engine, engine.replay(profile, log, self.now))
        facts = live.segments.fold.replay(log)
        sources = Sources(lambda: profile, lambda: load_state(LEAD), lambda: scored)
        minute = int(self.now.timestamp()) // 60
        view = LeadView(LEAD, facts, (), minute, sources, "Asia/Tokyo", "JP")
        return set(live.segments.decide(view, None).members)


def stories(count: int) -> Iterator[int]:
    yield from range(count)


@pytest.mark.parametrize("block", range(10))
def test_kept_membership_equals_an_evaluation_from_scratch(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        story = Story(seed)
        for _ in range(40):
            story.act()
            if story.rng.random() < 0.2:
                story.check()
        story.check()
