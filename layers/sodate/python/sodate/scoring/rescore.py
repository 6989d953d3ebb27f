"""Something happened to a lead: fold its log again and write what changed, once.

The whole log is read, so a redelivered or late stream record can never count twice (ADR 0003). The write is conditional
on the version the fold started from; whoever loses folds again.
"""

from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.lead import Profile, State
from sodate.leads.store import StateItem, load_profile, load_state, state_key, totals_map
from sodate.playbook.store import Definitions
from sodate.scoring.fold import Score, score
from sodate.scoring.rules import RuleSet
from sodate.scoring.signals import signal_item
from sodate.table import keys, transaction
from sodate.table.base import ConditionFailed
from sodate.table.transaction import Update, Write

_TRIES = 5


@dataclass(frozen=True)
class Rescored:
    lead_id: str
    changed: bool
    became_hot: bool = False


@dataclass(frozen=True)
class Rules:
    version: int
    rules: RuleSet


def live_rules(definitions: Definitions) -> Rules:
    stored = definitions.live("rules")
    return Rules(stored.version, RuleSet.model_validate(stored.body))


def rescore(lead_id: str, rules: Rules, now: datetime) -> Rescored:
    """Raises `Transient` when five other writers were faster."""
    for _ in range(_TRIES):
        try:
            state, profile = load_state(lead_id), load_profile(lead_id)
        except NotFound:
            return Rescored(lead_id, changed=False)  # erased while the record waited
        log = _log(lead_id)
        new = score(profile, log, rules.rules, was_hot=state.hot)
        if _unchanged(state, new, rules):
            return Rescored(lead_id, changed=False)
        try:
            transaction.commit(_writes(state, profile, new, log, rules, now))
        except ConditionFailed:
            continue
        return Rescored(lead_id, changed=True, became_hot=new.hot and not state.hot)
    raise Transient(f"lead {lead_id} is being scored by somebody else")


def _log(lead_id: str) -> list[Activity]:
    """Raises `Invalid` for an item that cannot be read: it must not hold up the shard until the stream forgets it."""
    try:
        return activities_of(lead_id)
    except (TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error


def _unchanged(state: State, new: Score, rules: Rules) -> bool:
    return (state.totals, state.phase, state.hot, state.rules_version) == (
        new.totals,
        new.phase,
        new.hot,
        rules.version,
    )


def _writes(
    state: State, profile: Profile, new: Score, log: list[Activity], rules: Rules, now: datetime
) -> list[Write]:
    actions = [
        StateItem.totals.set(totals_map(new.totals)),
        StateItem.phase.set(new.phase),
        StateItem.hot.set(new.hot),
        StateItem.rules_version.set(rules.version),
        StateItem.version.set(state.version + 1),
    ]
    writes: list[Write] = [Update(state_key(state.lead_id), actions, StateItem.version == state.version)]
    if new.hot and not state.hot:
        signal = signal_item(
            state.lead_id,
            now,
            total=new.totals.total,
            phase=new.phase,
            phase_label=next(phase.label for phase in rules.rules.phases if phase.id == new.phase),
            rules_version=rules.version,
            reasons=[{"label": r.label, "points": r.total, "times": r.times} for r in new.reasons],
            latest=[_as_fact(activity) for activity in log[-5:][::-1]],
            owner=profile.owner,
        )
        writes.append(transaction.put_new(signal))
    return writes


def _as_fact(activity: Activity) -> dict[str, object]:
    return {"type": activity.type, "at": keys.stamp(activity.at), **activity.about}
