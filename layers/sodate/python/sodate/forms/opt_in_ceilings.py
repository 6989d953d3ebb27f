"""Before an opt-in email is attempted: may it leave now, or does it wait for a turn (docs/decisions/0066, 0067)?

Anybody can post a form, with anybody's address, as often as they like. So few opt-in emails go to one mailbox in a day,
a bounded number leaves for one form in an hour, and none goes to an address that never confirmed anything while too
many of them bounce. What exceeds this waits in the due index; the post itself was stored long before.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from pynamodb.expressions.update import Action

from sodate.consent.consent import LIFTED_BY_OPT_IN, LINK_LIFETIME
from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed
from sodate.email.delivery.deliver import fail
from sodate.email.delivery.message import transactional_message
from sodate.email.delivery.store import SendItem, find_send, settle
from sodate.email.mailing import Guards, Mailing
from sodate.email.reputation import rate_limiter, rates
from sodate.email.reputation.guards import Judgement, judge
from sodate.errors import NotFound
from sodate.forms.ceilings import Ceiling, Slot, take_turn
from sodate.forms.definition import BotDefence, Form
from sodate.leads.base_mailbox import base_mailbox
from sodate.leads.lead import State
from sodate.leads.store import StateItem, load_profile, load_state, state_key
from sodate.playbook.store import Definitions, DefinitionUnreadable, parsed
from sodate.scheduling import store as due

PER_MAILBOX_AND_DAY = 3
#: Who would wait longer gets no turn: the person has long gone elsewhere, and the next post asks anew.
LONGEST_WAIT = LINK_LIFETIME
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_BY_MAILBOX, _BY_FORM, _GUARDED = "opt_in_mailbox", "opt_in_form", "opt_in_guarded"
#: Reason codes.
MAILBOX, FORM, GUARD = "opt_in_ceiling:mailbox", "opt_in_ceiling:form", "transactional_guard"


@dataclass
class OptInCeilings:
    """Of one invocation of the sender: the guard is judged once. `address_key` is the HMAC that names addresses."""

    definitions: Definitions
    address_key: Callable[[str], str]
    clock: Callable[[], datetime]
    outcomes: Counter[str] = field(default_factory=Counter)

    def hold(self, lead_id: str, send_id: str) -> str | None:
        """What became of an email that may not leave now (`waits`, `over_ceiling`); None: it may be attempted.

        A turn is written into the send, so that an attempt that SES defers does not take a second one.
        """
        send, now = find_send(lead_id, send_id), self.clock()
        if send is None or send.name != "opt_in" or send.state != "planned":
            return None
        rate_limit = rate_limiter.load()
        if rate_limit.stopped or rate_limit.is_saturated(now):
            return None  # it does not leave now whatever we say, so it takes no turn
        if send.waits_until is not None and now < datetime.fromisoformat(send.waits_until):
            return "waits"  # a repeat of its message: the due entry was written before the send said so
        try:
            outcome = self._take_turns(_Attempt(send, now))
        except NotFound:
            return None  # erased meanwhile: the sender settles it
        if outcome is not None:
            self.outcomes[outcome] += 1
        return outcome

    def _take_turns(self, attempt: "_Attempt") -> str | None:
        send = attempt.send
        profile, state = load_profile(send.lead_id), load_state(send.lead_id)
        if state.blocked not in LIFTED_BY_OPT_IN:
            return None  # the sender skips it
        mailbox = self.address_key(base_mailbox(profile.mailbox.lower()))
        form = str((send.data or {}).get("form", ""))
        per_hour = self._bots(form).opt_in_emails_per_hour
        outcome = attempt.take(Ceiling(_BY_MAILBOX, mailbox, PER_MAILBOX_AND_DAY, DAY), MAILBOX)
        if outcome is None and not _is_proved(state) and self.guard.verdict == "pause":
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
        self.outcomes["guard"] += judgement.verdict != "ok"
        return judgement

    def _bots(self, form_id: str) -> BotDefence:
        """A form that was taken off, or that this release cannot read, has the usual ceilings."""
        try:
            return parsed(self.definitions.live("form", form_id), Form).bots
        except (NotFound, DefinitionUnreadable):
            return BotDefence()


def _is_proved(state: State) -> bool:
    """The address has confirmed something, or opted out with a link that it got: it is a person's."""
    return not {"confirmed", "withdrawn"}.isdisjoint(state.topics.values())


@dataclass
class _Attempt:
    """`turns`: the window of the clock in which the email has a turn, by ceiling; and `since` when it asks for one."""

    send: SendItem
    now: datetime
    turns: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.turns = {"since": keys.stamp(self.now), **(self.send.turns or {})}

    @property
    def latest(self) -> datetime:
        return datetime.fromisoformat(self.turns["since"]) + LONGEST_WAIT

    def take(self, ceiling: Ceiling, reason: str) -> str | None:
        """None when the email has a turn now."""
        if self.turns.get(ceiling.what) == ceiling.window(self.now):
            return None
        turn = take_turn(ceiling, self.now, self.latest)
        if turn is None:
            return self.give_up(reason)
        self.turns[ceiling.what] = turn.window
        return self.wait(turn, reason) if turn.at > self.now else None

    def wait_an_hour(self, ceiling: Ceiling, reason: str) -> str:
        """In the next hour at the earliest, and no more of them in one hour than the form sends anyway."""
        turn = take_turn(ceiling, self.now, self.latest, earliest=self.now + HOUR)
        return self.give_up(reason) if turn is None else self.wait(turn, reason)

    def wait(self, turn: Slot, reason: str) -> str:
        """The way back first: a crash in between leaves a due entry too many, which finds the email waiting."""
        message = transactional_message(self.send.lead_id, self.send.send_id)
        due.plan(turn.at, due.TRANSACTIONAL, "transactional", self.send.send_id, message, self.now)
        until = keys.stamp(turn.at)
        self.note(SendItem.waits_until.set(until), SendItem.reason.set(reason))
        _ask_no_sooner(self.send.lead_id, until)
        return "waits"

    def note(self, *more: Action) -> None:
        if more or self.turns != self.send.turns:
            with suppress(ConditionFailed):  # a repeat of the message has begun it
                base.update(self.send, [SendItem.turns.set(self.turns), *more], SendItem.state == "planned")

    def give_up(self, reason: str) -> str:
        """One mailbox that is asked so often is no person's wish. Else it is listed (`sodate sends failed`), and a
        person or the next post of the lead plans it again.
        """
        if reason == MAILBOX:
            settle(self.send.lead_id, self.send.send_id, "skipped", self.now, SendItem.reason.set(reason))
        else:
            fail(self.send, reason, self.now)
        return "over_ceiling"


def _ask_no_sooner(lead_id: str, until: str) -> None:
    """One waiting opt-in email a lead: the wait between two of them is counted from when this one leaves."""
    with suppress(ConditionFailed):  # confirmed, erased, or a later one is planned
        base.update(state_key(lead_id), [StateItem.opt_in_mail_at.set(until)], StateItem.opt_in_mail_at < until)
