"""A transactional email's SES attempt (one), then its outcome in the ledger.

A crash after SES took the mail leaves the ledger at `sending`; the tag in SES's own events heals it, or the sweeper
lists it. It is never sent a second time from here.
"""

from datetime import datetime, timedelta

from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed
from sodate.email.delivery.failed import list_failed
from sodate.email.delivery.ledger import RANK
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.delivery.store import SendItem, settle

#: An invocation of the sender that is older than this begins no SES call. What is left of the function's timeout
#: (infra/catalog.py, 90 s) is enough for an SES call that times out (35 s) and for the writes after it.
LATEST_CALL = timedelta(seconds=45)


def deliver(send: SendItem, outgoing: OutgoingEmail, ses: SesMailer, now: datetime) -> Answer:
    """The caller handles `deferred` (release and plan again); everything else is settled here."""
    answer = ses.send(outgoing)
    if answer.verdict == Verdict.ACCEPTED:
        _sent(send, str(answer.message_id), now)
    elif answer.verdict == Verdict.REJECTED:
        fail(send, answer.reason or "rejected", now)
    return answer


def fail(send: SendItem, reason: str, now: datetime) -> None:
    """Listed first: a crash between the two leaves a list entry too many, which a look at the ledger leaves out."""
    list_failed(send, now)
    settle(send.lead_id, send.send_id, "failed", now, SendItem.reason.set(reason[:300]))


def _sent(send: SendItem, message_id: str, now: datetime) -> None:
    facts = [SendItem.message_id.set(message_id), SendItem.sent_at.set(keys.stamp(now))]
    state = [SendItem.state.set("sent"), SendItem.rank.set(RANK["sent"]), SendItem.settled_at.set(keys.stamp(now))]
    try:
        base.update(send, [*state, *facts], SendItem.rank < RANK["sent"])
    except ConditionFailed:
        base.update(send, facts)  # an event of this very mail was faster than we were
