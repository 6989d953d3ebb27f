"""Fifteen minutes after an attempt: what was claimed and has no outcome, and no event of its tag, is listed.

Step mail becomes `unknown` and waits for a person (`sodate sends unknown`). A notice gets one more attempt. What
crashed before its claim comes back by its own message: the claim still decides.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sodate.due import store as due
from sodate.leads.store import find_state
from sodate.mail.ledger import RANK, StepRef
from sodate.mail.ledger import send_id as hash_of
from sodate.mail.message import Cohort, cohort_of
from sodate.mail.notice import notice_message
from sodate.mail.store import SendItem, find_send, put_back, step_send
from sodate.mail.unknown import list_unknown
from sodate.table.base import ConditionFailed

AFTER = timedelta(minutes=15)
_NOTICE_REPEATS = 1


def watch_cohort(cohort: Cohort, attempt: str, began: datetime, now: datetime) -> None:
    """Before the first claim: who is about to be attempted. Afterwards: who is unclear; most often nobody.

    Each attempt has an entry of its own, so that closing one never covers what another left behind.
    """
    leads = [[run.lead_id, run.enrolment] for run in cohort.runs]
    message = {**cohort.message(), "what": "watch", "leads": leads}
    due.plan(began + AFTER, due.WATCH, "watch", attempt, message, now)


def watch_notices(sends: Sequence[tuple[str, str]], batch_id: str, now: datetime) -> None:
    """One entry for a whole batch: (lead id, send id) of all that is about to be attempted.

    Its key names every send: two batches that begin with the same message must not overwrite each other's entry.
    """
    message = {"v": 1, "what": "watch", "sends": [list(send) for send in sends]}
    due.plan(now + AFTER, due.WATCH, "watch", hash_of(batch_id, *(send for _, send in sends)), message, now)


def sweep(message: Mapping[str, Any], now: datetime) -> None:
    """Look at every send of a watch entry."""
    if message.get("leads"):
        cohort = cohort_of({**message, "what": "steps"})
        for run in cohort.runs:
            _list_if_claimed(cohort.ref(run), now)
    for lead_id, send_id in message.get("sends", ()):
        send = find_send(lead_id, send_id)
        if send is not None and send.purpose == "notice" and send.state == "sending":
            _repeat_notice(send, now)


def _list_if_claimed(ref: StepRef, now: datetime) -> None:
    """Not claimed: its message still lies in the queue, its dead-letter queue or the due index, and is left alone.

    Handing it over here as well would make two messages of every failing one, then four (seen when a permission was
    missing).
    """
    send = find_send(ref.lead_id, ref.send_id)
    if send is not None and int(send.rank) > RANK["sending"]:
        return
    state = find_state(ref.lead_id)
    run = state.enrolments.get(ref.sequence) if state else None
    if run is not None and run.id == ref.enrolment and run.step > ref.step:
        list_unknown(send or step_send(ref, "", "", now), now)


def _repeat_notice(send: SendItem, now: datetime) -> None:
    if int(send.repeats or 0) >= _NOTICE_REPEATS:
        list_unknown(send, now)
        return
    # The way back first: a crash between these writes repeats both, and no notice waits for a message that never comes.
    due.plan(now, due.NOTICE, "notice", send.send_id, notice_message(send.lead_id, send.send_id), now)
    with suppress(ConditionFailed):  # an event of this very mail was faster
        put_back(send, "repeated_after_no_answer", SendItem.repeats.set(int(send.repeats or 0) + 1))
