"""Something happened to a lead: fold it into the score, and write what changed, once.

What is newer than all that was folded is folded on top. Anything else (a repeat, a late event, a changed profile, new
rules, a correction) folds the whole log again, which is the truth and gives the same however often (docs/scoring.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of, latest_activities
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.playbook.store import ONLY, Definitions, Stored, parsed
from sodate.scheduling import store as due
from sodate.scoring.fold import Fold, Late
from sodate.scoring.memory import Memory
from sodate.scoring.rules import RuleSet
from sodate.scoring.signals import signal_item
from sodate.scoring.store import Held, as_write, held_now, moment, put_score, score_raw

_TRIES = 5
_LATEST = 5


@dataclass(frozen=True)
class Rescored:
    lead_id: str
    changed: bool
    became_hot: bool = False


@dataclass(frozen=True)
class Rules:
    version: int
    fold: Fold

    @property
    def rules(self) -> RuleSet:
        return self.fold.rules


def live_rules(definitions: Definitions) -> Rules:
    return _rules(definitions.live("rules"))


def rules_of(definitions: Definitions, version: int) -> Rules:
    return _rules(definitions.version("rules", ONLY, version))


def _rules(stored: Stored) -> Rules:
    return Rules(stored.version, prepared(parsed(stored, RuleSet)))


@lru_cache(maxsize=8)
def prepared(rules: RuleSet) -> Fold:
    return Fold(rules)


def rescore(
    lead_id: str,
    rules: Rules,
    now: datetime,
    news: Sequence[Activity] | None = None,
    *,
    lately: Held | None = None,
    tell: bool = True,
) -> Rescored:
    """`news`: what was logged since; None: the profile changed too, or nobody knows.

    `lately`: its SCORE item as it was a moment ago; if it changed since, the write is refused and it is read again.
    `tell`: whoever becomes hot is a signal for sales. New rules are applied without.

    Raises `Transient` when five other writers were faster.
    """
    for _ in range(_TRIES):
        held, lately = lately or held_now(lead_id), None
        if held.rules_version > rules.version:  # this process has not heard of the new rules yet; versions only grow
            rules = rules_of(Definitions(), held.rules_version)
        try:
            memory = _folded(lead_id, held, rules, now, news)
        except NotFound:
            return Rescored(lead_id, changed=False)  # erased while the record waited
        if memory is None:
            return Rescored(lead_id, changed=False)
        try:
            _write(lead_id, held, memory, rules, now, tell=tell)
        except ConditionFailed:
            continue
        return Rescored(lead_id, changed=True, became_hot=memory.hot and not held.hot)
    raise Transient(f"lead {lead_id} is being scored by somebody else")


def reevaluate(lead_id: str, rules: Rules, now: datetime) -> Rescored:
    """A due entry came up: time alone may have changed the lead's class. An entry that was put off says nothing."""
    held = held_now(lead_id)
    if held.turns_at is None or held.turns_at * 60 > now.timestamp():
        return Rescored(lead_id, changed=False)
    return rescore(lead_id, rules, now, news=(), lately=held)


def _folded(lead_id: str, held: Held, rules: Rules, now: datetime, news: Sequence[Activity] | None) -> Memory | None:
    """None: nothing to write."""
    if not held.version or news is None or held.rules_version != rules.version:
        return _replayed(lead_id, held, rules, now)
    memory, matter = held.remembered, [one for one in news if rules.fold.matters(one)]
    if not news:
        rules.fold.settle(memory, int(now.timestamp()) // 60)
        return memory
    try:
        for activity in sorted(matter, key=lambda one: one.position):
            rules.fold.add(memory, activity)
    except Late:
        return _replayed(lead_id, held, rules, now, news)
    return memory if matter else None


def _replayed(
    lead_id: str, held: Held, rules: Rules, now: datetime, news: Iterable[Activity] | None = None
) -> Memory | None:
    memory = replayed(lead_id, rules, now, news)
    if not held.version or held.rules_version != rules.version:
        return memory
    before = held.remembered
    rules.fold.settle(before, memory.now)
    return None if memory == before else memory


def replayed(lead_id: str, rules: Rules, now: datetime, news: Iterable[Activity] | None = None) -> Memory:
    """Raises `NotFound` for a lead that does not exist (any more), and `Invalid` for a log that cannot be read."""
    profile = load_profile(lead_id)
    return rules.fold.replay(profile, [*_log(lead_id), *(news or ())], now)


def _log(lead_id: str) -> list[Activity]:
    """Raises `Invalid` for an item that cannot be read: it must not hold up the shard until the stream forgets it."""
    try:
        return activities_of(lead_id)
    except (TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error


def _write(lead_id: str, held: Held, memory: Memory, rules: Rules, now: datetime, *, tell: bool) -> None:
    turns_at = _plan_turn(lead_id, held, memory, rules, now)
    raw = score_raw(
        lead_id, memory, rules.fold, rules_version=rules.version, version=held.version + 1, turns_at=turns_at
    )
    if tell and memory.hot and not held.hot:
        signal = _signal(load_profile(lead_id), memory, rules, now)
        transaction.commit([as_write(raw, held.version), transaction.put_new(signal)])
    else:
        put_score(raw, held.version)


def _plan_turn(lead_id: str, held: Held, memory: Memory, rules: Rules, now: datetime) -> int | None:
    """The due entry first: a crash after it leaves one entry too many, which says nothing when it comes up.

    An entry that is set stays where it is while the turn only moves away from it: when it comes up, it moves on.
    """
    minute = int(now.timestamp()) // 60
    set_for = held.turns_at
    turn = rules.fold.next_turn(memory)
    if turn is None:
        return set_for if set_for is not None and set_for > minute else None
    if set_for is not None and minute < set_for <= turn:
        return set_for
    due.plan(moment(turn), due.DECAY, "decay", lead_id, {"v": 1, "what": "decay", "lead": lead_id}, now)
    return turn


def _signal(profile: Profile, memory: Memory, rules: Rules, now: datetime) -> TableItem:
    set_, view = rules.rules, rules.fold.view(memory, memory.now)
    lines = sorted(view.lines, key=lambda line: -abs(line.points))
    told = [(set_.rules[line.rule], line) for line in lines if line.points]
    return signal_item(
        profile.lead_id,
        now,
        total=view.total,
        phase=set_.phases[memory.phase].id,
        phase_label=set_.phases[memory.phase].label,
        rules_version=rules.version,
        reasons=[
            {"label": rule.label, "points": line.points, "times": line.times, "category": rule.category}
            for rule, line in told
        ],
        latest=[_as_fact(activity) for activity in latest_activities(profile.lead_id, _LATEST)],
        owner=profile.owner,
    )


def _as_fact(activity: Activity) -> dict[str, object]:
    return {"type": activity.type, "at": keys.stamp(activity.at), **activity.about}
