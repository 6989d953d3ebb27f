"""Preference centre: topics, frequency, pause, language, time zone and tracking of a lead. One POST is one transaction.

The link proves access to the mailbox, so a topic that was confirmed before and withdrawn on this page may be renewed on
this page. A renewal never undoes an opt-out made elsewhere, a complaint or a bounce: that needs a new opt-in request or
an operator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import Evidence
from sodate.consent.retention import review_later
from sodate.consent.store import ConsentItem, consent_item, consents_of, lift_opt_out, suppression_item
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Transient
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import load_state, preference_change, state_change
from sodate.leads.time_zone import known_time_zone
from sodate.messages import Message
from sodate.web.catalogs import languages

Frequency = Literal["all", "weekly", "monthly"]
FREQUENCIES: tuple[Frequency, ...] = ("all", "weekly", "monthly")
PAUSES = (30, 60, 90)
TRACKING = ("on", "off")
_TRIES = 5


@dataclass(frozen=True)
class PreferenceChanges:
    """Values of one POST. None leaves the setting unchanged; `pause_days` 0 ends a pause.

    `send_id`: the email whose link led to the page; None for a link of an older release.
    """

    shown: frozenset[str] = frozenset()
    ticked: frozenset[str] = frozenset()
    frequency: str | None = None
    pause_days: int | None = None
    language: str | None = None
    time_zone: str | None = None
    tracking: str | None = None
    stop: bool = False
    send_id: str | None = None

    def only_stricter(self) -> "PreferenceChanges":
        """Topics that are not ticked, a pause, no recording, the stop: nothing that could bring an email more."""
        tracking = self.tracking if self.tracking == "off" else None
        return PreferenceChanges(
            shown=self.shown - self.ticked, pause_days=self.pause_days or None, tracking=tracking, stop=self.stop
        )


@dataclass(frozen=True)
class PreferencePlan:
    """Topics to withdraw and to renew. `stops`: block all email; `returns`: lift a block that this page set.

    `is_full_stop`: the lead asked for no email at all, whether it is blocked already or not.
    """

    ended: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    stops: bool = False
    returns: bool = False
    is_full_stop: bool = False


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
        language=one("language") if one("language") in languages() else None,
        time_zone=known_time_zone(one("zone")),
        tracking=one("tracking") if one("tracking") in TRACKING else None,
        stop=one("do") == "stop",
    )


def renewable(state: ContactState, evidence: Sequence[ConsentItem]) -> frozenset[str]:
    """Topics that were confirmed once and whose latest withdrawal was made on this page."""
    if state.blocked not in (None, Block.UNSUBSCRIBED):
        return frozenset()
    if state.blocked == Block.UNSUBSCRIBED and not _stopped_here(evidence):
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


def decide(state: ContactState, evidence: Sequence[ConsentItem], changes: PreferenceChanges) -> PreferencePlan:
    """Decide what the POST changes. `evidence` is in chronological order; it is not needed for a full stop."""
    if changes.stop:
        ended = tuple(sorted(topic for topic, status in state.topics.items() if status != "withdrawn"))
        return PreferencePlan(ended=ended, is_full_stop=True, stops=state.can_be_blocked_by(Block.UNSUBSCRIBED))
    shown = {topic: state.topics[topic] for topic in changes.shown & state.topics.keys()}
    ended = tuple(sorted(t for t, status in shown.items() if status != "withdrawn" and t not in changes.ticked))
    renewed = renewable(state, evidence) & shown.keys() & changes.ticked
    return PreferencePlan(ended, tuple(sorted(renewed)), returns=bool(renewed) and state.blocked == Block.UNSUBSCRIBED)


def change_preferences(lead_id: str, changes: PreferenceChanges, retention: timedelta, now: datetime) -> ContactState:
    """Return the state afterwards. Writes nothing when nothing changes.

    Of a merged lead, what asks for fewer emails holds for the lead that gets them now too.

    Raises: `NotFound` for an erased lead, `Transient` after five lost races.
    """
    for _ in range(_TRIES):
        state = load_state(lead_id)
        stays = lead_that_stays(state)
        try:
            if stays is not None:
                _change(load_state(stays), changes.only_stricter(), retention, now)
            return _change(state, changes, retention, now)
        except ConditionFailed:
            continue  # concurrent opt-out, confirmation or merge: read again
    raise Transient(Message("lead {lead_id} changes too fast; press the button again", lead_id=lead_id))


def _change(state: ContactState, changes: PreferenceChanges, retention: timedelta, now: datetime) -> ContactState:
    """Raises: `ConditionFailed`."""
    lead_id = state.lead_id
    evidence = [] if changes.stop else consents_of(lead_id)  # a full stop does not depend on the history
    plan = decide(state, evidence, changes)
    if changes.stop and not plan.ended and not plan.stops:
        # It opted out before. That is recorded again while an opt-in request or an undo could take it back.
        unsubscribe(OptOut(lead_id, changes.send_id or "preferences", None, "preference_page"), now, retention)
        state = load_state(lead_id)
    after = _preferred(_chosen(state, plan, now), changes, now)
    if after == state:
        return state
    writes: list[Write] = [state_change(state, after, (*plan.ended, *plan.renewed))]
    writes += _evidence(state, evidence, plan, retention, now, changes.send_id)
    if (after.language, after.tracking) != (state.language, state.tracking):
        writes.append(preference_change(after))
    table.commit(writes)
    return load_state(lead_id)


def _chosen(state: ContactState, plan: PreferencePlan, now: datetime) -> ContactState:
    after = state.confirm(plan.renewed)
    if plan.ended or plan.stops:
        after = after.opt_out(plan.ended, keys.stamp(now), of_everything=plan.stops)
    return after.unblock() if plan.returns else after


def _preferred(state: ContactState, changes: PreferenceChanges, now: datetime) -> ContactState:
    after = state.prefer(
        frequency=changes.frequency, language=changes.language, zone=changes.time_zone, tracking=changes.tracking
    )
    if changes.pause_days == 0:
        return after.pause(None)
    span = timedelta(days=changes.pause_days or 0)
    is_kept = changes.pause_days is None or state.is_paused_for(span, now)
    return after if is_kept else after.pause(keys.stamp(now + span))


def _evidence(
    state: ContactState,
    evidence: Sequence[ConsentItem],
    plan: PreferencePlan,
    retention: timedelta,
    now: datetime,
    send_id: str | None,
) -> list[Write]:
    """The activity, and the consent evidence of topics that were withdrawn or renewed."""
    changed = (*plan.ended, *plan.renewed)
    is_opt_out = bool(plan.ended) or plan.stops
    kind = "unsubscribed" if is_opt_out else "preferences_changed"
    key = activity_key(kind, keys.stamp(now))
    about = {"scope": "all" if plan.is_full_stop else ",".join(plan.ended)} if is_opt_out else {}
    if is_opt_out and send_id is not None:
        about["send"] = send_id
    writes: list[Write] = [Put(activity_item(Activity(state.lead_id, kind, now, key, about)))]
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
        writes.append(Put(suppression_item(state.address_key, Block.UNSUBSCRIBED, now)))
    if plan.returns:
        writes.append(lift_opt_out(state.address_key))
    return writes
