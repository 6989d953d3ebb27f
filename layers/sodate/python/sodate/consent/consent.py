"""Permission to send email. A lead is mailable for a topic only with a confirmed consent and stored evidence of it.

Law: 特定電子メール法 3条 (prior opt-in, evidence), GDPR Art. 7(1) (prove it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from sodate.leads.contact_state import LIFTED_BY_OPT_IN, ContactState

Action = Literal["requested", "confirmed", "withdrawn", "unblocked"]
Method = Literal[
    "form",
    "double_opt_in",
    "one_click",
    "unsubscribe_page",
    "undo",
    "preference_page",
    "complaint",
    "exception",
    "import",
    "erasure",
    "reply",
    "operator",
]

#: 特定商取引法: evidence is kept for three years after the last email based on it (playbook: `retention_years`).
RETENTION = timedelta(days=3 * 366)
#: The first opt-in email goes out at once, then the wait doubles up to `LONGEST_WAIT`: a form cannot be used to flood
#: a mailbox.
FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=7)
LINK_LIFETIME = timedelta(days=7)
#: How long after an opt-out on the unsubscribe page the lead may take it back there.
UNDO_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class Evidence:
    """Proof of one consent change: lead, topics, page, and the digest of the wording. Outlives the lead item."""

    lead_id: str
    at: datetime
    action: Action
    method: Method
    topics: tuple[str, ...]
    form_id: str | None = None
    form_version: int | None = None
    wording_digest: str | None = None
    page_url: str | None = None
    reference: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class OptInDecision:
    """Outcome of a ticked consent box. `reason` is a code that says why an opt-in email is sent or not."""

    topics: tuple[str, ...]
    send_opt_in_email: bool
    reason: str


def wording_digest(wording: str) -> str:
    return sha256(wording.encode()).hexdigest()[:32]


def decide_opt_in(topics: Sequence[str], state: ContactState, now: datetime) -> OptInDecision:
    """Decide whether a double opt-in email is sent, and for which topics. No I/O."""
    if state.blocked not in LIFTED_BY_OPT_IN:
        return OptInDecision(tuple(topics), send_opt_in_email=False, reason=f"blocked:{state.blocked}")
    stopped = state.blocked is not None
    wanted = tuple(topic for topic in topics if stopped or state.topics.get(topic) != "confirmed")
    if not wanted:
        return OptInDecision((), send_opt_in_email=False, reason="already_confirmed")
    if state.opt_in_mail_at is not None and state.opt_in_mails > 0:
        wait = min(FIRST_WAIT * 2 ** min(state.opt_in_mails - 1, 20), LONGEST_WAIT)
        if now < datetime.fromisoformat(state.opt_in_mail_at) + wait:
            return OptInDecision(wanted, send_opt_in_email=False, reason="asked_recently")
    return OptInDecision(wanted, send_opt_in_email=True, reason="asked")
