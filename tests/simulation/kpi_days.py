"""Counters on bad days: random changes of counted items, and a stream that repeats, shuffles and dies.

Emails with opens and clicks of people and robots, verdicts that change, opt-outs and replies, funnels, merges and their
reversal, erasures; visits of the website that grow batch by batch, are nobody's, and then a lead's. Records come in any
order across leads, five in a hundred twice, in batches of any size; the process dies between any two writes of
`event_publisher` and `kpi_rollup`; now and then two rollups run at once. At the end the counters equal a scan and what
the test itself noted of erased items, and sketches of visitors equal the visitors whom the sessions named.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from moto import mock_aws
from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityVerdict
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, kpi_keys, tracking_keys
from sodate.dynamodb.item import encode, plain, row
from sodate.email.ledger.engagement import Because, Engagement, Hit
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem
from sodate.kpis import store
from sodate.kpis.contribution import ERASED, NOW, contributions
from sodate.kpis.counted import COUNTED
from sodate.kpis.period import day_of
from sodate.kpis.sketch import EMPTY
from sodate.kpis.verify import verify
from sodate.kpis.web_counts import visitor_of
from sodate.leads.contact_state import name_of
from sodate.scheduling import store as due
from sodate.scoring.score_state import ScoreState, dumped
from sodate.scoring.store import ScoreItem
from sodate.tracking.session import Arrival, PageFigures, Session
from sodate.tracking.store import newest_visits, put_visit
from sodate.tracking.visit import Visit

from tests.functions.quick import QuickWorld
from tests.support.crashes import Death
from tests.support.world import is_for_the_publisher, removed, stream_record

Json = dict[str, Any]
Key = tuple[str, str]
_MINUTE = timedelta(minutes=1)
_SENT = [state for state, rank in RANK.items() if rank >= RANK["sent"]]
_TYPES = ("form_submitted", "document_downloaded", "call_made", "meeting_set", "goal_reached", "sales_accepted")


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class KpiDays:
    def __init__(self, world: QuickWorld, seed: int) -> None:
        self.world, self.result = world, Result(seed)
        self.rng = Random(f"kpi days {seed}")  # noqa: S311
        self.storage = world.table.table(world.gateway.name)
        self.leads = [f"L{number}" for number in range(self.rng.randint(3, 12))]
        self.visitors = [f"{number:032x}" for number in range(self.rng.randint(2, 30))]
        self.copied: dict[str, list[Key]] = {}
        self.erased: Counter[tuple[str, str, str]] = Counter()
        self.sent_ever = 0
        self.begin = len(self.storage.history)
        self.times: list[Any] = [world.now] * self.begin
        self.pending: list[int] = []
        self.delivered: list[int] = []
        self.is_rough = False
        self._inside = False
        world.table.point = self._point

    # -- what happens to the items -------------------------------------------------------------------------------------

    def act(self) -> None:
        lead = self.rng.choice(self.leads)
        actions = (self.email, self.change_email, self.change_email, self.engage, self.engage, self.activity,
                   self.judge, self.opt_out, self.score, self.score, self.visit, self.visit, self.bind)  # fmt: skip
        self.rng.choice(actions)(lead)
        if self.rng.random() < 0.03:
            self.erase(lead)
        if self.rng.random() < 0.05:
            self.merge(lead)
        self._note_times()

    def _put(self, item: Json) -> None:
        self.storage.change((item["pk"]["S"], item["sk"]["S"]), item, None)

    def _of(self, lead: str, prefix: str) -> list[Key]:
        return [key for key in self.storage.keys_in(keys.lead(lead)) if key[1].startswith(prefix)]

    def _some(self, lead: str, prefix: str) -> Json | None:
        found = self._of(lead, prefix)
        return dict(self.storage.items[self.rng.choice(found)]) if found else None

    def email(self, lead: str) -> None:
        state = self.rng.choice(["planned", "sent", "sent", "sent", "failed", "skipped"])
        source: Json = self.rng.choice(
            [
                {"sequence": name_of("welcome", self.rng.choice((None, "k"))), "sequence_version": 2, "step": 1},
                {"broadcast": "news", "run": "20261124T1400", "variant": self.rng.choice((None, "a", "b"))},
                {},
            ]
        )
        item = row(
            SendItem, keys.lead(lead), keys.send(f"{self.rng.getrandbits(64):016x}"),
            purpose=self.rng.choice(("marketing", "marketing", "transactional")), name="step", state=state,
            rank=RANK[state], template=self.rng.choice(("t1", "t2")), template_version=self.rng.choice((None, 1, 2)),
            planned_at=keys.stamp(self.world.now), sent_at=keys.stamp(self.world.now) if state == "sent" else None,
            **source,
        )  # fmt: skip
        self.sent_ever += state == "sent"
        self._put(item)

    def change_email(self, lead: str) -> None:
        item = self._some(lead, keys.SENDS)
        if item is None:
            return
        before = RANK[item["state"]["S"]]
        state = self.rng.choice(_SENT)
        if RANK[state] <= before:
            return
        self.sent_ever += before < RANK["sent"]
        self._put(item | {"state": {"S": state}, "rank": {"N": str(RANK[state])}})

    def engage(self, lead: str) -> None:
        """An open or click more, or another verdict on one."""
        item = self._some(lead, keys.SENDS)
        if item is None:
            return
        seen = Engagement.of(plain({"M": item}))
        verdict = self.rng.choice((ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.UNSURE))
        if seen.hits and self.rng.random() < 0.4:
            seen = seen.with_verdicts([self.rng.choice(seen.hits).judged(verdict, Because.OPERATOR)])
        else:
            kind = self.rng.choice(("o", "c"))
            seen = seen.adding([Hit(kind, f"{self.rng.getrandbits(32):x}", 5, verdict=verdict, because=Because.BURST)])  # type: ignore[arg-type]
        self._put(item | {"engagement": {"S": seen.to_text()}})

    def activity(self, lead: str) -> None:
        about = {"form": self.rng.choice(("f1", "f2")), "scenario": "welcome", "outcome": "reached"}
        type_ = self.rng.choice(_TYPES)
        new = Activity(lead, type_, self.world.now, f"{self.rng.getrandbits(64):016x}", about)
        self._put(encode(activity_item(new)))

    def judge(self, lead: str) -> None:
        item = self._some(lead, keys.ACTIVITIES)
        if item is None:
            return
        verdict = self.rng.choice((ActivityVerdict.HUMAN, ActivityVerdict.ROBOT)).value
        about = {"of": item["key"]["S"], "at": item["at"]["S"], "verdict": verdict}
        key = f"{self.rng.getrandbits(64):016x}"
        self._put(encode(activity_item(Activity(lead, "activity_judged", self.world.now, key, about))))

    def opt_out(self, lead: str) -> None:
        item = self._some(lead, keys.SENDS)
        if item is None:
            return
        type_ = self.rng.choice(("unsubscribed", "email_replied"))
        about = {"send": item["sk"]["S"].removeprefix(keys.SENDS), "scope": "all"}
        new = Activity(lead, type_, self.world.now, f"{self.rng.getrandbits(64):016x}", about)
        self._put(encode(activity_item(new)))

    def score(self, lead: str) -> None:
        minute = int(self.world.now.timestamp()) // 60
        came = minute - self.rng.randint(0, 90 * 1440)
        state = ScoreState(reached=[came], origin={"form": "f1", "campaign": self.rng.choice(("c1", "c2"))})
        for stage in range(1, self.rng.randint(1, 5)):
            state.reach(stage, came + stage * self.rng.randint(1, 9000))
        for number in range(self.rng.randint(0, 4)):
            state.enter(number % 4, minute - 10 + number, "time")
        phase, stage_name = self.rng.choice(("aware", "deciding")), self.rng.choice(("lead", "mql", "sql"))
        old = self.storage.items.get((keys.lead(lead), keys.SCORE), {})
        item = row(
            ScoreItem, keys.lead(lead), keys.SCORE, state_json=dumped(state), at="x", total=1, totals={}, hot=False,
            rank="C3", phase=phase, stage=stage_name, rules_version=1, version=self.rng.getrandbits(30),
        )  # fmt: skip
        self._put(item | {name: old[name] for name in ("merged_into",) if name in old})

    def visit(self, _: str) -> None:
        """A session of a visitor begins, or gets one batch more, late ones too. Some turn out to be robots."""
        visitor = self.rng.choice(self.visitors)
        known = newest_visits(visitor, 100)
        if known and self.rng.random() < 0.7:
            visit = self.rng.choice(known)
        else:
            new = Session(self.world.now, self.world.now)
            visit = Visit(visitor, f"{self.rng.getrandbits(64):016x}", self.world.now, new, returning=bool(known))
        one = visit.session
        page = f"/{self.rng.choice('abc')}"
        grown = replace(
            one,
            first_at=one.first_at - timedelta(minutes=self.rng.choice((0, 0, 0, 90))),
            last_at=self.world.now,
            page_views=one.page_views + self.rng.randint(1, 4),
            dwell_s=one.dwell_s + self.rng.randint(0, 90),
            scroll_max=max(one.scroll_max, self.rng.randint(0, 100)),
            pages={**one.pages, page: PageFigures(1, 9, 50, 1)},
            agent=ActivityVerdict.ROBOT if self.rng.random() < 0.1 else one.agent,
            arrival=one.arrival or self._arrival(),
        )
        self._store(replace(visit, session=grown))
        self.result.figures["batches"] += 1

    def _store(self, visit: Visit) -> None:
        """By another process than those that die."""
        self._inside = True
        put_visit(visit, timedelta(days=90))
        self._inside = False

    def _arrival(self) -> Arrival:
        utm = self.rng.choice(((), (("source", "google"), ("campaign", "autumn")), (("source", "mail"),)))
        return Arrival(not utm, 0, "/a", utm, "")

    def bind(self, lead: str) -> None:
        """The visitor turns out to be a lead, perhaps by a form: its anonymous sessions are the lead's."""
        form = self.rng.choice((None, "f1"))
        for visit in newest_visits(self.rng.choice(self.visitors), 100):
            if visit.lead_id is None:
                self._store(replace(visit, lead_id=lead, form=form))
                self.result.figures["bound"] += 1

    def _sessions_of(self, lead: str) -> list[Key]:
        return [key for key, item in self.storage.items.items()
                if key[1].startswith(tracking_keys.SESSIONS) and item.get("lead_id") == {"S": lead}]  # fmt: skip

    def erase(self, lead: str) -> None:
        for key in [*self._of(lead, ""), *self._sessions_of(lead)]:
            for part in contributions(COUNTED, plain({"M": self.storage.items[key]})):
                for scope in part.scopes if part.hour != NOW else ():
                    for name, count in part.counts.items():
                        self.erased[scope, part.hour, name] += count
            self.storage.change(key, None, None)
        self.copied.pop(lead, None)
        self.result.figures["erased"] += 1

    def merge(self, lead: str) -> None:
        """`lead` is merged into another one by copies of its activities, or that is undone."""
        score = self.storage.items.get((keys.lead(lead), keys.SCORE))
        if lead in self.copied:
            for key in self.copied.pop(lead):
                if key in self.storage.items:
                    self.storage.change(key, None, None)
            if score is not None:
                self._put({name: value for name, value in score.items() if name != "merged_into"})
            self.result.figures["unmerged"] += 1
            return
        other = keys.lead(self.rng.choice(self.leads))
        self.copied[lead] = []
        for key in self._of(lead, keys.ACTIVITIES):
            item = self.storage.items[key]
            copy = item | {"pk": {"S": other}, "sk": {"S": f"{key[1]}c"}, "copied_from": {"S": key[0]}}
            self._put(copy)
            self.copied[lead].append((other, f"{key[1]}c"))
        if score is not None:
            self._put(score | {"merged_into": {"S": other}})
        self.result.figures["merged"] += 1

    # -- what AWS does -------------------------------------------------------------------------------------------------

    def _note_times(self) -> None:
        self.times += [self.world.now] * (len(self.storage.history) - len(self.times))

    def _point(self, label: str) -> None:
        """Before and after each write of a function."""
        if not self.is_rough or self._inside:
            return
        if self.rng.random() < 0.004:
            self.result.figures["crashes"] += 1
            raise Death(label)
        if self.rng.random() < 0.01:
            self._inside, app = True, self.world.app
            self.world.new_process()
            self.result.figures["rollups_at_once"] += 1
            self.world.call("kpi_rollup", {})
            self.world.app, self._inside = app, False

    def _call(self, function: str, event: Json) -> bool:
        """False: the process died, or a part of the batch failed."""
        try:
            answer = self.world.call(function, event)
        except Death:
            self.world.new_process()
            return False
        finally:
            self._note_times()
        return not answer.get("batchItemFailures")

    def _record(self, number: int) -> Json | None:
        _, old, new = self.storage.history[number]
        at = self.times[number]
        record = removed(old, number, at) if new is None and old else stream_record(new or {}, old, number, at)
        kind = (new or old or {})["kind"]["S"]
        return record if kind in COUNTED and is_for_the_publisher(record) else None

    def stream(self, *, everything: bool = False) -> None:
        known = self.begin + len(self.pending) + len(self.delivered)
        self.pending += range(known, len(self.storage.history))
        while self.pending:
            window = self.pending[: self.rng.randint(1, 80)]
            batch = self.rng.sample(window, self.rng.randint(1, len(window)))
            again = [number for number in self.delivered[-400:] if self.rng.random() < 0.05]
            records = [record for number in [*batch, *again] if (record := self._record(number))]
            self.rng.shuffle(records)
            self.result.figures.update(records=len(records), repeated=len(again))
            if not records or self._call("event_publisher", {"Records": records}):
                taken = set(batch)
                self.pending = [number for number in self.pending if number not in taken]
                self.delivered += batch
            if not everything and self.rng.random() < 0.5:
                return

    def play(self) -> Result:
        self.is_rough = True
        for _ in range(self.rng.randint(30, 90)):
            for _ in range(self.rng.choice((0, 1, 3, 15))):
                self.act()
            self.world.now += timedelta(seconds=self.rng.choice((1, 20, 60, 180, 3600)))
            if self.rng.random() < 0.7:
                self.stream()
            if self.rng.random() < 0.8:
                self._call("kpi_rollup", {})
        self.is_rough = False
        self.rest()
        self.result.broken += self.differences()
        self.result.figures["rounds"] = store.load_rounds().number
        return self.result

    def rest(self) -> None:
        for _ in range(100):
            self.stream(everything=True)
            self._call("kpi_rollup", {})
            self.world.now += _MINUTE
            buckets = [pk for pk, _ in self.storage.items if pk.startswith(keys.DUE)]
            ahead = due.next_unread(buckets, self.world.now - _MINUTE)
            if len(self.storage.history) == self.begin + len(self.delivered) and ahead is None:
                return
            if ahead is not None and ahead > self.world.now + timedelta(minutes=30):
                return
        self.result.broken.append("comes to no rest")

    # -- what must be true ---------------------------------------------------------------------------------------------

    def differences(self) -> Iterator[str]:
        found = verify()
        self.result.figures["totals_compared"] = found.compared
        yield from (str(one) for one in found.differences[:5])
        yield from self._visitors()
        truth = Counter(self.erased)
        for item in self.storage.items.values():
            for part in contributions(COUNTED, plain({"M": item})):
                for scope in part.scopes:
                    truth.update({(scope, part.hour, name): count for name, count in part.counts.items()})
        counted = Counter(dict(self._counted()))
        for key in truth.keys() | counted.keys():
            if truth[key] != counted[key]:
                yield f"{key}: counted {counted[key]}, in truth {truth[key]}"
        emails = sum(count for (scope, _, name), count in counted.items()
                     if name == "email_sent" and scope in ("all", "purpose:transactional"))  # fmt: skip
        if emails != self.sent_ever:
            yield f"{emails} emails counted, {self.sent_ever} sent"

    def _visitors(self) -> Iterator[str]:
        """So few are exact in a sketch: each visitor whom any state of a session named, of each day and month."""
        truth: dict[tuple[str, str], set[str]] = {}
        zone = store.load_rounds().zone or "UTC"
        for _, _, new in self.storage.history[self.begin :]:
            who = visitor_of(plain({"M": new})) if new and new["kind"]["S"] == "session" else None
            for scope in who[0] if who else ():
                day = day_of(who[1], zone)  # type: ignore[index]
                for period in (day, day[:7]):
                    truth.setdefault((scope, period), set()).add(who[2])  # type: ignore[index]
        for (scope, period), whole in truth.items():
            sketch = store.visitors_between(scope, period, period).get(period, EMPTY)
            self.result.figures["visitors_compared"] += 1
            if sketch.count != len(whole):
                yield f"{scope} {period}: {sketch.count} visitors, in truth {len(whole)}"

    def _counted(self) -> Iterator[tuple[tuple[str, str, str], int]]:
        for (pk, sk), item in self.storage.items.items():
            if pk.startswith(kpi_keys.TOTALS) and sk.startswith(kpi_keys.HOURS):
                for name, count in store.counts_of(item).items():
                    if not name.startswith(ERASED):
                        yield (kpi_keys.scope_of(pk), kpi_keys.period_of(sk), name), count


def play(seed: int) -> Result:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        limits = Random(f"limits {seed}")  # noqa: S311
        patch.setattr("sodate.kpis.fold.FULL_ITEMS", limits.choice((1, 3, 2_000)))
        patch.setattr("sodate.kpis.fold.FULL_BYTES", limits.choice((500, 30_000)))
        return KpiDays(QuickWorld(patch), seed).play()
