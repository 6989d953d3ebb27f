"""Fifteen minutes after an attempt: what is still `sending`, with no event of its tag, is settled or listed.

Marketing mail whose claim was taken becomes `unknown` and waits for a person (`sodate sends unknown`). A notice gets
one more attempt. What crashed before its claim comes back by its own message: the claim still decides.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sodate.due import store as due
from sodate.leads.store import find_state
from sodate.mail.ledger import StepRef
from sodate.mail.ledger import send_id as hash_of
from sodate.mail.notice import notice_message
from sodate.mail.store import SendItem, find_send, put_back
from sodate.mail.unknown import list_unknown
from sodate.table.base import ConditionFailed

AFTER = timedelta(minutes=15)
_NOTICE_REPEATS = 1


def watch(sends: Sequence[tuple[str, str]], batch_id: str, now: datetime) -> None:
    """One entry for a whole batch: (lead id, send id) of all that is about to be attempted.

    Its key names every send: two batches that begin with the same message must not overwrite each other's entry.
    """
    message = {"v": 1, "what": "watch", "sends": [list(send) for send in sends]}
    due.plan(now + AFTER, due.WATCH, "watch", hash_of(batch_id, *(send for _, send in sends)), message, now)


def sweep(message: Mapping[str, Any], now: datetime) -> None:
    """Look at every send of a watch entry."""
    for lead_id, send_id in message["sends"]:
        send = find_send(lead_id, send_id)
        if send is None or send.state != "sending":
            continue
        if send.purpose == "notice":
            _repeat_notice(send, now)
        elif _was_claimed(send):
            list_unknown(send, now)


def _was_claimed(send: SendItem) -> bool:
    """Not claimed: its message still lies in the queue, its dead-letter queue or the due index, and is left alone.

    Handing it over here as well would make two messages of every failing one, then four (seen when a permission was
    missing).
    """
    ref = step_ref(send)
    state = find_state(send.lead_id)
    run = state.enrolments.get(ref.sequence) if state else None
    return run is None or run.id != ref.enrolment or run.step > ref.step


def _repeat_notice(send: SendItem, now: datetime) -> None:
    if int(send.repeats) >= _NOTICE_REPEATS:
        list_unknown(send, now)
        return
    # The way back first: a crash between these writes repeats both, and no notice waits for a message that never comes.
    due.plan(now, due.SEND, "notice", send.send_id, notice_message(send.lead_id, send.send_id), now)
    with suppress(ConditionFailed):  # an event of this very mail was faster
        put_back(send, "repeated_after_no_answer", SendItem.repeats.set(int(send.repeats) + 1))


def step_ref(send: SendItem) -> StepRef:
    return StepRef(
        lead_id=send.lead_id,
        sequence=str(send.sequence),
        version=int(send.sequence_version or 0),
        step=int(send.step or 0),
        enrolment=str(send.enrolment),
    )
