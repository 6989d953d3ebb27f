"""LeadBecameHot → an owner, a mail to them, one signed POST to the webhook. At least once, and it says what was done.

The signal remembers each delivery, so a redelivered event repeats only what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.errors import Invalid, NotFound
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, load_profile, profile_key
from sodate.leads.text import fold
from sodate.mail.ledger import send_id
from sodate.mail.sender import Mailing
from sodate.mail.store import planned_notice
from sodate.playbook.store import Definitions
from sodate.sales import webhook
from sodate.sales.definition import Owner, Sales
from sodate.sales.message import HandoffMessage, handoff_message, slack_payload
from sodate.scoring.signals import SignalItem, find_signal
from sodate.table import base, keys
from sodate.table.base import ConditionFailed

HANDOFF = "handoff"


@dataclass(frozen=True)
class Handoff:
    definitions: Definitions
    secret: Callable[[], str]
    allow_private: bool

    def hand_over(self, lead_id: str, signal_key: str, now: datetime) -> str:
        """Raises `Transient` when the webhook should be tried again; the mail is then planned already."""
        signal = find_signal(lead_id, signal_key)
        if signal is None:
            raise NotFound(f"lead {lead_id} has no signal {signal_key} (any more)")
        profile = load_profile(lead_id)
        sales = Sales.model_validate(self.definitions.live("sales").body)
        owner = choose_owner(profile, sales)
        self._assign(lead_id, owner)
        self._plan_mail(lead_id, signal, owner, now)
        if sales.webhook is None or signal.webhook_at is not None:
            return "mail"
        message = compose(self.definitions, profile, signal, owner)
        payload = slack_payload(message)
        if sales.webhook.format == "sodate":
            payload |= details(lead_id, profile, signal, owner)
        message_id = send_id("webhook", lead_id, signal.sk)  # the same on a retry, so the receiver can tell
        post = webhook.sign(sales.webhook.url, message_id, payload, self.secret(), now)
        try:
            status = str(webhook.deliver(post, allow_private=self.allow_private))
        except Invalid as error:
            base.update(signal, [SignalItem.webhook_status.set(str(error)[:300])])
            raise
        base.update(signal, [SignalItem.webhook_at.set(keys.stamp(now)), SignalItem.webhook_status.set(status)])
        return "mail_and_webhook"

    def _assign(self, lead_id: str, owner: Owner) -> None:
        try:
            base.update(profile_key(lead_id), [ProfileItem.owner.set(owner.id)], ProfileItem.owner.does_not_exist())
        except ConditionFailed:
            return  # somebody owns this lead already

    def _plan_mail(self, lead_id: str, signal: SignalItem, owner: Owner, now: datetime) -> None:
        ref = send_id(HANDOFF, lead_id, signal.sk)
        data = {"signal": signal.sk, "owner": owner.id}
        try:
            base.put_new(planned_notice(lead_id, ref, HANDOFF, None, data, now))
        except ConditionFailed:
            return  # planned by an earlier delivery of this event


def choose_owner(profile: Profile, sales: Sales) -> Owner:
    """Whoever owns the lead, else the first assignment that fits, else the default owner."""
    owners = {owner.id: owner for owner in sales.owners}
    if profile.owner in owners:
        return owners[str(profile.owner)]
    for assignment in sales.assignments:
        value = profile.attribute(assignment.attribute)
        if value and fold(assignment.contains) in fold(str(value)):
            return owners[assignment.owner]
    return owners[sales.default_owner]


def compose(definitions: Definitions, profile: Profile, signal: SignalItem, owner: Owner) -> HandoffMessage:
    sender = Mailing.model_validate(definitions.live("mailing").body).sender
    return handoff_message(profile, signal, owner, sender.language, sender.time_zone)


def details(lead_id: str, profile: Profile, signal: SignalItem, owner: Owner) -> dict[str, Any]:
    return {
        "type": "LeadBecameHot",
        "lead_id": lead_id,
        "email": profile.address,
        "primary": profile.primary,
        "secondary": profile.secondary,
        "total": int(signal.total),
        "phase": signal.phase,
        "reasons": signal.reasons,
        "latest": signal.latest,
        "owner": {"id": owner.id, "name": owner.name},
    }
