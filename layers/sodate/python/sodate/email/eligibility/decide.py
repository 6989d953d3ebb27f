"""What becomes of a request that may not be sent now: skipped, deferred, or left to whoever has claimed it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sodate.dynamodb import keys
from sodate.email.eligibility.caps import Limit, cap_reached
from sodate.email.eligibility.hours import open_from
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, StepPosition


@dataclass(frozen=True)
class Skip:
    """Never sent; what follows in the source goes on."""

    reason: str


@dataclass(frozen=True)
class Defer:
    reason: str
    until: datetime


@dataclass(frozen=True)
class Ended:
    """Never sent, and nothing follows: the lead was erased, or the source has ended for it."""

    reason: str


@dataclass(frozen=True)
class AlreadyClaimed:
    """An earlier delivery of the message has the claim, or this one has it and its response was lost: the client then
    repeats the write, and the repetition fails. The sweeper finds out which.
    """


@dataclass(frozen=True)
class WaitsForEarlier:
    """An earlier email of the source comes first, and plans this one again before its own claim."""


Decision = Skip | Defer | Ended | AlreadyClaimed | WaitsForEarlier


@dataclass(frozen=True)
class Rules:
    """What the playbook says about one topic: open hours and frequency caps."""

    topic: str
    mailing: Mailing
    limits: Sequence[Limit]
    ended: str
    """Reason code when the source has ended for the lead."""
    skips_over_cap: bool = False
    """An email over a frequency cap is skipped at once, not deferred."""
    _opens: dict[tuple[datetime, str | None], datetime] = field(default_factory=dict)

    def opens(self, at: datetime, time_zone: str | None) -> datetime:
        """`at`, or when the closed hours around it end; most leads of a batch have the same time zone."""
        key = at, time_zone
        if key not in self._opens:
            self._opens[key] = open_from(at, time_zone, self.mailing)
        return self._opens[key]


def before_claim(
    lead_id: str, valid_until: datetime, time_zone: str | None, rules: Rules, now: datetime
) -> Skip | Defer | None:
    """None: the email may be claimed."""
    if rules.mailing.is_kept_out(lead_id):
        return Skip(Reason.GLOBAL_HOLDOUT)
    if now > valid_until:
        return Skip(Reason.EXPIRED)
    opens = rules.opens(now, time_zone)
    return Defer(Reason.CLOSED_HOURS, opens) if opens > now else None


def waits(source: str, now: datetime) -> Defer:
    """For the email of another source, which goes first; decided again in two minutes."""
    return Defer(f"{Reason.PRECEDENCE}:{source}", now)


def after_rejection(
    state: ContactState | None, position: StepPosition, valid_until: datetime, rules: Rules, now: datetime
) -> Decision:
    """`state`: the one that rejected the claim; None: the lead does not exist. `position` is ignored then."""
    if state is None:
        return Ended(Reason.LEAD_ERASED)
    match position:
        case "gone":
            return Ended(rules.ended)
        case "ahead":
            return AlreadyClaimed()
        case "behind":
            return WaitsForEarlier()
        case "here":
            return not_now(state, valid_until, rules, now)


def may_claim(state: ContactState, topic: str, limits: Sequence[Limit], now: datetime) -> bool:
    """What the condition of a claim says about the lead: nothing forbids the email, no pause, no cap is reached."""
    is_paused = state.pause_until is not None and state.pause_until > keys.stamp(now)
    is_rejected = state.permanent_rejection(topic) is not None
    return not (is_rejected or is_paused or cap_reached(limits, state, topic, now))


def not_now(state: ContactState, valid_until: datetime, rules: Rules, now: datetime) -> Skip | Defer:
    """Deferred until pause, caps and closed hours end; skipped when that is too late or something forbids it."""
    never = state.permanent_rejection(rules.topic)
    if never:
        return Skip(never)
    reason: str
    cap = cap_reached(rules.limits, state, rules.topic, now)
    if cap is not None and rules.skips_over_cap:
        return Skip(cap[0])
    reason, free = cap or (Reason.CHANGED_MEANWHILE, now)
    paused = datetime.fromisoformat(state.pause_until) if state.pause_until else now
    if paused > max(now, free):
        reason, free = Reason.PAUSED, paused
    if free > now:
        free = rules.opens(free, state.zone)
    return Skip(reason) if free > valid_until else Defer(reason, free)
