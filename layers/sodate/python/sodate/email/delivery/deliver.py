"""One SES call for a transactional email, then its outcome in the ledger.

A crash after SES accepted the email leaves the ledger item at `sending`; an SES event with its tag settles it, or the
sweeper lists it. This module never sends it a second time.
"""

from datetime import datetime, timedelta

from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed
from sodate.email.delivery.failed import list_failed
from sodate.email.delivery.ledger import RANK
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.delivery.store import SendItem, settle

#: A sender invocation that is older than this begins no SES call. The rest of the function's timeout
#: (infra/catalog.py, 90 s) is enough for an SES call that times out (35 s) and for the writes after it.
LATEST_CALL = timedelta(seconds=45)


def deliver(send: SendItem, outgoing: OutgoingEmail, ses: SesMailer, now: datetime) -> Answer:
    """Call SES and settle the outcome, except `deferred`: the caller plans a deferred email again."""
    answer = ses.send(outgoing)
    if answer.verdict == Verdict.ACCEPTED:
        _sent(send, str(answer.message_id), now)
    elif answer.verdict == Verdict.REJECTED:
        fail(send, answer.reason or "rejected", now)
    return answer


def fail(send: SendItem, reason: str, now: datetime) -> None:
    """The list entry is written first: after a crash an extra entry remains, which readers of the list filter out."""
    list_failed(send, now)
    settle(send.lead_id, send.send_id, "failed", now, SendItem.reason.set(reason[:300]))


def _sent(send: SendItem, message_id: str, now: datetime) -> None:
    facts = [SendItem.message_id.set(message_id), SendItem.sent_at.set(keys.stamp(now))]
    state = [SendItem.state.set("sent"), SendItem.rank.set(RANK["sent"]), SendItem.settled_at.set(keys.stamp(now))]
    try:
        base.update(send, [*state, *facts], SendItem.rank < RANK["sent"])
    except ConditionFailed:
        base.update(send, facts)  # an SES event of this email was applied first
