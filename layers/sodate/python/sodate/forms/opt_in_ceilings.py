"""Decides before each opt-in email whether it may be sent now or waits for a slot (docs/decisions/0066, 0067).

Anyone can post a form with any address, any number of times. Therefore opt-in emails are limited per mailbox and day
and per form and hour, and unproved addresses get none while too many opt-in emails bounce. What exceeds a ceiling waits
in the due index; the post itself is already stored.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sodate.consent.consent import LINK_LIFETIME
from sodate.dynamodb import keys
from sodate.email.delivery.deliver import fail
from sodate.email.delivery.message import TransactionalSend
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem, find_send
from sodate.email.mailing import Guards, Mailing
from sodate.email.reputation import rate_limiter, rates
from sodate.email.reputation.guards import GuardVerdict, Judgement, judge
from sodate.errors import NotFound
from sodate.forms.ceilings import Ceiling, Slot, take_slot
from sodate.forms.definition import BotDefence, Form
from sodate.forms.store import note_windows, postpone_opt_in, skip_opt_in
from sodate.leads.base_mailbox import base_mailbox
from sodate.leads.contact_state import LIFTED_BY_OPT_IN, ContactState
from sodate.leads.store import load_profile, load_state
from sodate.playbook.store import Definitions, DefinitionUnreadable, parsed
from sodate.scheduling import store as due

PER_MAILBOX_AND_DAY = 3
#: An email that would wait longer gets no slot; the next post of the lead requests a new one.
LONGEST_WAIT = LINK_LIFETIME
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_BY_MAILBOX, _BY_FORM, _GUARDED = "opt_in_mailbox", "opt_in_form", "opt_in_guarded"
#: Reason codes.
MAILBOX, FORM = f"{Reason.OPT_IN_CEILING}:mailbox", f"{Reason.OPT_IN_CEILING}:form"
GUARD = Reason.TRANSACTIONAL_GUARD


@dataclass
class OptInCeilings:
    """One per invocation of the sender, so that the guard is judged once. `address_key` is the HMAC of an address."""

    definitions: Definitions
    address_key: Callable[[str], str]
    clock: Callable[[], datetime]
    outcomes: Counter[str] = field(default_factory=Counter)

    def hold(self, lead_id: str, send_id: str) -> str | None:
        """Outcome of an email that may not be sent now (`waits`, `over_ceiling`); None when it may be attempted.

        The slot is stored in the send, so that an attempt that SES defers does not take a second one.
        """
        send, now = find_send(lead_id, send_id), self.clock()
        if send is None or send.name != "opt_in" or send.state != "planned":
            return None
        rate_limit = rate_limiter.load()
        if rate_limit.stopped or rate_limit.is_saturated(now):
            return None  # it cannot be sent now in any case, so it takes no slot
        if send.waits_until is not None and now < datetime.fromisoformat(send.waits_until):
            return "waits"  # a repeated message: the due entry was written before `waits_until`
        try:
            outcome = self._take_slots(_Attempt(send, now))
        except NotFound:
            return None  # erased concurrently: the sender settles it
        if outcome is not None:
            self.outcomes[outcome] += 1
        return outcome

    def _take_slots(self, attempt: "_Attempt") -> str | None:
        send = attempt.send
        profile, state = load_profile(send.lead_id), load_state(send.lead_id)
        if state.blocked not in LIFTED_BY_OPT_IN:
            return None  # the sender skips it
        mailbox = self.address_key(base_mailbox(profile.mailbox.lower()))
        form = str((send.data or {}).get("form", ""))
        per_hour = self._bots(form).opt_in_emails_per_hour
        outcome = attempt.take(Ceiling(_BY_MAILBOX, mailbox, PER_MAILBOX_AND_DAY, DAY), MAILBOX)
        if outcome is None and not _is_proved(state) and self.guard.verdict is GuardVerdict.PAUSE:
            outcome = attempt.wait_an_hour(Ceiling(_GUARDED, form, per_hour, HOUR), GUARD)
        outcome = outcome or attempt.take(Ceiling(_BY_FORM, form, per_hour, HOUR), FORM)
        if outcome is None:
            attempt.note()
        return outcome

    @cached_property
    def guard(self) -> Judgement:
        try:
            guards = parsed(self.definitions.live("mailing"), Mailing).guards
        except (NotFound, DefinitionUnreadable):
            guards = Guards()
        judgement = judge(
            rates.recent_opt_in(self.clock()), guards.transactional, f"{rates.OPT_IN_HOURS} hours",
            "guards.transactional",
        )  # fmt: skip
        self.outcomes["guard"] += judgement.verdict is not GuardVerdict.OK
        return judgement

    def _bots(self, form_id: str) -> BotDefence:
        """Ceilings of the form; the defaults for a form that was retired or that this release cannot read."""
        try:
            return parsed(self.definitions.live("form", form_id), Form).bots
        except (NotFound, DefinitionUnreadable):
            return BotDefence()


def _is_proved(state: ContactState) -> bool:
    """True when the address confirmed or withdrew a topic with a link from an email, so the mailbox is real."""
    return not {"confirmed", "withdrawn"}.isdisjoint(state.topics.values())


@dataclass
class _Attempt:
    """`windows`: by ceiling the window in which the email has a slot, and `since`, the time of its first attempt."""

    send: SendItem
    now: datetime
    windows: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.windows = {"since": keys.stamp(self.now), **(self.send.windows or {})}

    @property
    def latest(self) -> datetime:
        return datetime.fromisoformat(self.windows["since"]) + LONGEST_WAIT

    def take(self, ceiling: Ceiling, reason: str) -> str | None:
        """None when the email has a slot now."""
        if self.windows.get(ceiling.what) == ceiling.window(self.now):
            return None
        slot = take_slot(ceiling, self.now, self.latest)
        if slot is None:
            return self.give_up(reason)
        self.windows[ceiling.what] = slot.window
        return self.wait(slot, reason) if slot.at > self.now else None

    def wait_an_hour(self, ceiling: Ceiling, reason: str) -> str:
        """In the next hour at the earliest, and no more of them in one hour than the form sends anyway."""
        slot = take_slot(ceiling, self.now, self.latest, earliest=self.now + HOUR)
        return self.give_up(reason) if slot is None else self.wait(slot, reason)

    def wait(self, slot: Slot, reason: str) -> str:
        """Write the due entry first: a crash between the writes leaves one due entry too many, which is harmless."""
        message = TransactionalSend(self.send.lead_id, self.send.send_id)
        due.plan(slot.at, due.TRANSACTIONAL, message.send_id, message, self.now)
        until = keys.stamp(slot.at)
        note_windows(self.send, self.windows, wait=(until, reason))
        postpone_opt_in(self.send.lead_id, until)
        return "waits"

    def note(self) -> None:
        if self.windows != self.send.windows:
            note_windows(self.send, self.windows)

    def give_up(self, reason: str) -> str:
        """Skip an email over the mailbox ceiling. Any other is marked as failed (`sodate sends failed`): an operator or
        the next post of the lead plans it again.
        """
        if reason == MAILBOX:
            skip_opt_in(self.send, reason, self.now)
        else:
            fail(self.send, reason, self.now)
        return "over_ceiling"
