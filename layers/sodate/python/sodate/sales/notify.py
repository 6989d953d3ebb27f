"""Notifies the owner of a signal on each channel that has not been notified yet; the signal records each channel.

The email is planned first, so that a failing chat never delays it. A crash between a post and its record repeats the
post with the same `webhook-id`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.calls.store import CallItem
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.ledger.states import HANDOFF as HANDOFF
from sodate.email.ledger.states import send_id
from sodate.email.ledger.store import planned_transactional
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions, parsed
from sodate.sales import store, webhook
from sodate.sales.channels import slack_payload, teams_payload
from sodate.sales.definition import Owner, Sales
from sodate.sales.links import FeedbackLinks, Ticket
from sodate.sales.message import DigestMessage, HandoffMessage, Reader, digest_message, handoff_message
from sodate.sales.titles import Titles
from sodate.signals.store import SignalItem

#: Signals in one digest email, which must stay within a size; more of them make a second digest.
LARGEST_DIGEST = 100
Failure = Transient | Invalid


@dataclass(frozen=True)
class Target:
    """`name`: the channel, as in the playbook and as the key of `SignalItem.notifications`."""

    name: str
    url: str
    format: str


@dataclass(frozen=True)
class Notification:
    """`message` is for people, `details` the same for machines."""

    message: HandoffMessage | DigestMessage
    details: dict[str, Any]
    signals: Sequence[SignalItem]


@dataclass(frozen=True)
class NotifyResult:
    done: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

    def raise_failures(self) -> None:
        """Raise `Transient` before `Invalid`, so that the caller retries the whole.

        Raises: `Transient`, `Invalid`.
        """
        for failure in sorted(self.failures, key=lambda one: isinstance(one, Invalid)):
            raise failure


def targets(owner: Owner, sales: Sales) -> Iterator[Target]:
    channels = owner.channels or sales.channels
    if sales.webhook is not None:
        yield Target("webhook", sales.webhook.url, sales.webhook.format)
    urls = {"slack": channels.slack, "teams": channels.teams, "own_webhook": channels.webhook}
    for name, url in urls.items():
        if url is not None:
            yield Target(name, url, "sodate" if name == "own_webhook" else name)


@dataclass(frozen=True)
class SalesNotifier:
    """`secret` signs webhook posts; `links` signs feedback links; `deliver` posts and returns the HTTP status."""

    definitions: Definitions
    secret: Callable[[], str]
    links: Callable[[], FeedbackLinks]
    deliver: Callable[[webhook.Post], int]

    @property
    def sales(self) -> Sales:
        return parsed(self.definitions.live("sales"), Sales)

    @property
    def mailing(self) -> Mailing:
        return parsed(self.definitions.live("mailing"), Mailing)

    def notify(self, signal: SignalItem, now: datetime) -> NotifyResult:
        lead_id, sales = keys.lead_id_of(signal.pk), self.sales
        owner = sales.owner(signal.assigned_to)
        done = self._plan_email(lead_id, signal.sk, signal, owner, now) if _by_email(owner, sales) else ()
        if signal.joins is not None:
            return NotifyResult(done)  # an update on a lead that they have: email only
        open_targets = [
            target for target in targets(owner, sales) if _mark(target, signal) not in _notified_targets(signal)
        ]
        if not open_targets:
            return NotifyResult(done)
        profile = load_profile(lead_id)
        message = compose(self.definitions, self.links(), profile, signal, owner, now)
        notification = Notification(message, details(profile, signal, owner, message.link), [signal])
        return self._post_all(open_targets, notification, done, now)

    def notify_digest(self, owner: Owner, minute: str, signals: Sequence[SignalItem], now: datetime) -> NotifyResult:
        """One message for all waiting signals (at most `LARGEST_DIGEST`). A single one is notified like any other."""
        if len(signals) == 1:
            return self.notify(signals[0], now)
        sales, first = self.sales, signals[0]
        done: tuple[str, ...] = ()
        if _by_email(owner, sales):
            lead_id = keys.lead_id_of(first.pk)
            waiting = [[keys.lead_id_of(signal.pk), signal.sk] for signal in signals]
            done = _put_email(lead_id, ("digest", owner.id, minute), {"owner": owner.id, "digest": waiting}, now)
        left = [
            t
            for t in targets(owner, sales)
            if any(_mark(t, signal) not in _notified_targets(signal) for signal in signals)
        ]
        if not left:
            return NotifyResult(done)
        message, digest_details = compose_digest(self.definitions, self.links(), owner, signals, now)
        return self._post_all(left, Notification(message, digest_details, signals), done, now)

    def remind(self, call: CallItem, owner: Owner, now: datetime) -> None:
        """By email whatever the owner's channels are: it is the only one that knows a repeat."""
        _put_email(call.lead_id, ("call", call.lead_id, call.key), {"call": call.key, "owner": owner.id}, now)

    def _plan_email(self, lead_id: str, ref: str, signal: SignalItem, owner: Owner, now: datetime) -> tuple[str, ...]:
        escalation_level = int(signal.escalation_level)
        facts = (lead_id, ref) if not escalation_level else (lead_id, ref, str(escalation_level))
        return _put_email(lead_id, facts, {"signal": signal.sk, "owner": owner.id}, now)

    def _post_all(
        self,
        open_targets: Sequence[Target],
        notification: Notification,
        done: tuple[str, ...],
        now: datetime,
    ) -> NotifyResult:
        failures: list[Failure] = []
        for target in open_targets:
            try:
                status = self._post(target, notification, now)
            except (Transient, Invalid) as error:
                failures.append(error)
                _record(target, notification.signals, {"status": str(error)[:300]})
            else:
                done = (*done, target.name)
                _record(target, notification.signals, {"at": keys.stamp(now), "status": status})
        return NotifyResult(done, tuple(failures))

    def _post(self, target: Target, notification: Notification, now: datetime) -> str:
        message, signals = notification.message, notification.signals
        payload = teams_payload(message) if target.format == "teams" else slack_payload(message)
        if target.format == "sodate":
            payload |= notification.details
        first = signals[0]
        # The same on a retry, so that the receiver can detect it.
        message_id = send_id(_mark(target, first), keys.lead_id_of(first.pk), *(signal.sk for signal in signals))
        post = webhook.sign(target.url, message_id, payload, self.secret(), now)
        return str(self.deliver(post))


def _by_email(owner: Owner, sales: Sales) -> bool:
    return (owner.channels or sales.channels).mail


def _put_email(lead_id: str, facts: tuple[str, ...], data: dict[str, Any], now: datetime) -> tuple[str, ...]:
    try:
        table.put_new(planned_transactional(lead_id, send_id(HANDOFF, *facts), HANDOFF, None, data, now))
    except ConditionFailed:
        return ("mail",)  # planned by an earlier delivery of this event
    return ("mail",)


def _mark(target: Target, signal: SignalItem) -> str:
    """Key in `notifications`: each escalation level notifies again."""
    return f"{target.name}_{int(signal.escalation_level)}" if int(signal.escalation_level) else target.name


def _notified_targets(signal: SignalItem) -> set[str]:
    return {name for name, attempt in signal.notifications.as_dict().items() if attempt.get("at")}


def _record(target: Target, signals: Sequence[SignalItem], attempt: dict[str, str]) -> None:
    for signal in signals:
        store.record_attempt(signal, _mark(target, signal), attempt)


def compose(
    definitions: Definitions, links: FeedbackLinks, profile: Profile, signal: SignalItem, owner: Owner, now: datetime
) -> HandoffMessage:
    sender = parsed(definitions.live("mailing"), Mailing).sender
    sales = parsed(definitions.live("sales"), Sales)
    ticket = Ticket(profile.lead_id, signal.joins or signal.sk, owner.id)
    link = links.url(ticket, now, sales.feedback.link_days)
    reader = Reader(sender.language, sender.time_zone, Titles(definitions).title)
    return handoff_message(profile, signal, owner, sales, reader, link=link)


def compose_digest(
    definitions: Definitions, links: FeedbackLinks, owner: Owner, signals: Sequence[SignalItem], now: datetime
) -> tuple[DigestMessage, dict[str, Any]]:
    messages, facts = [], []
    for signal in signals:
        try:
            profile = load_profile(keys.lead_id_of(signal.pk))
        except NotFound:
            continue  # erased meanwhile
        message = compose(definitions, links, profile, signal, owner, now)
        messages.append(message)
        facts.append(details(profile, signal, owner, message.link))
    sender = parsed(definitions.live("mailing"), Mailing).sender
    return digest_message(messages, sender.language), {"type": "Digest", "signals": facts}


def details(profile: Profile, signal: SignalItem, owner: Owner, link: str) -> dict[str, Any]:
    """The signal for machines. Values are raw: the receiver must escape them."""
    return {
        "type": "LeadBecameHot",
        "lead_id": profile.lead_id,
        "signal": signal.sk,
        "round": int(signal.escalation_level),
        "email": profile.address,
        "primary": profile.primary,
        "secondary": profile.secondary,
        "total": int(signal.total),
        "phase": signal.phase,
        "reasons": signal.reasons,
        "latest": signal.latest,
        "calls": signal.calls or [],
        "owner": {"id": owner.id, "name": owner.name, "because": signal.assigned_because},
        "feedback": link,
    }
