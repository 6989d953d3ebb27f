"""One SES call for a transactional email, then its outcome in the ledger.

A crash after SES accepted the email leaves the ledger item at `sending`; an SES event with its tag settles it, or the
sweeper lists it. This module never sends it a second time.
"""

from datetime import datetime, timedelta

from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.ledger.store import SendItem, sent_transactional, settle
from sodate.email.operator_lists.failed import list_failed

#: A sender invocation that is older than this begins no SES call. The rest of the function's timeout
#: (infra/catalog.py, 90 s) is enough for an SES call that times out (35 s) and for the writes after it.
LATEST_CALL = timedelta(seconds=45)


def deliver(send: SendItem, outgoing: OutgoingEmail, ses: SesMailer, now: datetime) -> Answer:
    """Call SES and settle the outcome, except `deferred`: the caller plans a deferred email again."""
    answer = ses.send(outgoing)
    if answer.verdict == Verdict.ACCEPTED:
        sent_transactional(send, str(answer.message_id), now)
    elif answer.verdict == Verdict.REJECTED:
        fail(send, answer.reason or "rejected", now)
    return answer


def fail(send: SendItem, reason: str, now: datetime) -> None:
    """The list entry is written first: after a crash an extra entry remains, which readers of the list filter out."""
    list_failed(send, now)
    settle(send.lead_id, send.send_id, "failed", now, reason)
