"""Preference centre: topics, frequency, pause, language and time zone of a lead. One POST is one transaction.

The link proves access to the mailbox, so a topic that was confirmed before and withdrawn on this page may be renewed on
this page. A renewal never undoes an opt-out made elsewhere, a complaint or a bounce: that needs a new opt-in request or
an operator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import MENDABLE, UNSUBSCRIBED, Evidence
from sodate.consent.retention import review_later
from sodate.consent.store import ConsentItem, SuppressionItem, consent_item, consents_of, suppression_item
from sodate.consent.unsubscribe import unsubscribe
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Delete, Put, Update, Write
from sodate.errors import Transient
from sodate.leads.lead import State
from sodate.leads.store import ProfileItem, StateItem, as_it_was, load_state, profile_key, state_key
from sodate.leads.time_zone import known_time_zone

Frequency = Literal["all", "weekly", "monthly"]
FREQUENCIES: tuple[Frequency, ...] = ("all", "weekly", "monthly")
PAUSES = (30, 60, 90)
LANGUAGES = ("ja", "en")
_TRIES = 5


@dataclass(frozen=True)
class PreferenceChanges:
    """Values of one POST. None leaves the setting unchanged; `pause_days` 0 ends a pause."""

    shown: frozenset[str] = frozenset()
    ticked: frozenset[str] = frozenset()
    frequency: str | None = None
    pause_days: int | None = None
    language: str | None = None
    time_zone: str | None = None
    stop: bool = False


@dataclass(frozen=True)
class PreferencePlan:
    """Topics to withdraw and to renew. `stops`: block all email; `returns`: lift a block that this page set."""

    ended: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    stops: bool = False
    returns: bool = False


def read_preference_changes(fields: Mapping[str, Sequence[str]]) -> PreferenceChanges:
    """Read known fields with known values; ignore everything else."""

    def one(name: str) -> str:
        values = fields.get(name, ())
        return values[0] if len(values) == 1 else ""

    pause = one("pause")
    return PreferenceChanges(
        shown=frozenset(fields.get("shown", ())),
        ticked=frozenset(fields.get("topic", ())),
        frequency=one("frequency") if one("frequency") in FREQUENCIES else None,
        pause_days=int(pause) if pause in {"0", *map(str, PAUSES)} else None,
        language=one("language") if one("language") in LANGUAGES else None,
        time_zone=known_time_zone(one("zone")),
        stop=one("do") == "stop",
    )


def renewable(state: State, evidence: Sequence[ConsentItem]) -> frozenset[str]:
    """Topics that were confirmed once and whose latest withdrawal was made on this page."""
    if state.blocked not in (None, UNSUBSCRIBED):
        return frozenset()
    if state.blocked == UNSUBSCRIBED and not _stopped_here(evidence):
        return frozenset()
    confirmed = {topic for item in evidence if item.action == "confirmed" for topic in item.topics}
    last = {topic: item.method for item in evidence if item.action == "withdrawn" for topic in item.topics}
    return frozenset(
        topic
        for topic, status in state.topics.items()
        if status == "withdrawn" and topic in confirmed and last.get(topic) == "preference_page"
    )


def _stopped_here(evidence: Sequence[ConsentItem]) -> bool:
    """True when the latest withdrawal was made on this page. `evidence` is in chronological order."""
    withdrawals = [item.method for item in evidence if item.action == "withdrawn"]
    return bool(withdrawals) and withdrawals[-1] == "preference_page"


def decide(state: State, evidence: Sequence[ConsentItem], changes: PreferenceChanges) -> PreferencePlan:
    """Decide what the POST changes. `evidence` is in chronological order; it is not needed for a full stop."""
    if changes.stop:
        ended = tuple(sorted(topic for topic, status in state.topics.items() if status != "withdrawn"))
        return PreferencePlan(ended=ended, stops=state.blocked in MENDABLE)
    shown = {topic: state.topics[topic] for topic in changes.shown & state.topics.keys()}
    ended = tuple(sorted(t for t, status in shown.items() if status != "withdrawn" and t not in changes.ticked))
    renewed = renewable(state, evidence) & shown.keys() & changes.ticked
    return PreferencePlan(ended, tuple(sorted(renewed)), returns=bool(renewed) and state.blocked == UNSUBSCRIBED)


def change_preferences(lead_id: str, changes: PreferenceChanges, retention: timedelta, now: datetime) -> State:
    """Return the state afterwards. Writes nothing when nothing changes.

    Raises: `NotFound` for an erased lead, `Transient` after five lost races.
    """
    for _ in range(_TRIES):
        state = load_state(lead_id)
        evidence = [] if changes.stop else consents_of(lead_id)  # a full stop does not depend on the history
        plan = decide(state, evidence, changes)
        actions = [*_topics(plan, now), *_settings(state, changes, now)]
        if not actions:
            if changes.stop:  # already opted out; recorded again only while an opt-in request is pending
                unsubscribe(lead_id, "preferences", "", "all", "preference_page", now, retention)
            return state
        try:
            transaction.commit(_writes(state, evidence, plan, changes, actions, retention, now))
        except ConditionFailed:
            continue  # concurrent opt-out or confirmation: read again
        return load_state(lead_id)
    raise Transient(f"lead {lead_id} changes too fast; press the button again")


def _topics(plan: PreferencePlan, now: datetime) -> list[Action]:
    actions: list[Action] = [StateItem.topics[topic].set("withdrawn") for topic in plan.ended]
    actions += [StateItem.topics[topic].set("confirmed") for topic in plan.renewed]
    if plan.ended or plan.stops:
        actions.append(StateItem.opted_out_at.set(keys.stamp(now)))
    if plan.stops:
        actions.append(StateItem.blocked.set(UNSUBSCRIBED))
    if plan.returns:
        actions.append(StateItem.blocked.remove())
    return actions


def _settings(state: State, changes: PreferenceChanges, now: datetime) -> list[Action]:
    actions: list[Action] = []
    wanted = None if changes.frequency == "all" else changes.frequency
    if changes.frequency is not None and wanted != state.frequency:
        actions.append(StateItem.frequency.set(wanted) if wanted else StateItem.frequency.remove())
    if changes.pause_days == 0 and state.pause_until is not None:
        actions.append(StateItem.pause_until.remove())
    if changes.pause_days and _pause_changes(state, changes.pause_days, now):
        actions.append(StateItem.pause_until.set(keys.stamp(now + timedelta(days=changes.pause_days))))
    if changes.language is not None and changes.language != state.language:
        actions.append(StateItem.language.set(changes.language))
    if changes.time_zone is not None and changes.time_zone != state.zone:
        actions.append(StateItem.zone.set(changes.time_zone))
    return actions


def _pause_changes(state: State, days: int, now: datetime) -> bool:
    """False for a difference below one day, so that a page submitted twice sets one pause."""
    current = datetime.fromisoformat(state.pause_until) if state.pause_until else now
    return abs(current - now - timedelta(days=days)) >= timedelta(days=1)


def _writes(
    state: State,
    evidence: Sequence[ConsentItem],
    plan: PreferencePlan,
    changes: PreferenceChanges,
    actions: list[Action],
    retention: timedelta,
    now: datetime,
) -> list[Write]:
    changed = (*plan.ended, *plan.renewed)
    is_opt_out = bool(plan.ended) or plan.stops
    kind = "unsubscribed" if is_opt_out else "preferences_changed"
    key = activity_key(kind, keys.stamp(now))
    about = {"scope": "all" if changes.stop else ",".join(plan.ended)} if is_opt_out else {}
    writes: list[Write] = [
        Update(state_key(state.lead_id), actions, as_it_was(state, changed)),
        Put(activity_item(Activity(state.lead_id, kind, now, key, about))),
    ]
    if is_opt_out:
        topics = plan.ended or tuple(sorted(state.topics))
        withdrawn = Evidence(state.lead_id, now, "withdrawn", "preference_page", topics)
        writes.append(Put(consent_item(withdrawn, activity_key(key, "withdrawn"), now + retention)))
    if plan.renewed:
        previous = next(
            e.sk for e in reversed(evidence) if e.action == "confirmed" and set(plan.renewed) & set(e.topics)
        )
        confirmed = Evidence(state.lead_id, now, "confirmed", "preference_page", plan.renewed, reference=previous)
        writes.append(Put(consent_item(confirmed, activity_key(key, "confirmed"))))
    if changed or plan.stops:
        writes.append(review_later(state.lead_id, retention, now))
    if plan.stops:
        writes.append(Put(suppression_item(state.address_key, UNSUBSCRIBED, now)))
    if plan.returns:
        lifted = SuppressionItem(keys.suppression(state.address_key), keys.ENTRY)
        writes.append(Delete(lifted, SuppressionItem.reason == UNSUBSCRIBED))
    if changes.language is not None and changes.language != state.language:
        profile_actions = [ProfileItem.language.set(changes.language)]
        writes.append(Update(profile_key(state.lead_id), profile_actions, ProfileItem.created.exists()))
    return writes
