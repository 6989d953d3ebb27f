"""Every message as it is stored, which releases before and after this one read, and back."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sodate.broadcasts.run import Run
from sodate.broadcasts.watch import BroadcastWatch
from sodate.calls.call import CallDue
from sodate.consent.retention import EvidenceReview
from sodate.dynamodb import keys
from sodate.email.delivery.broadcast_message import BroadcastBatch, BroadcastRun
from sodate.email.delivery.entry_message import EntryBatch, ScheduledEntry
from sodate.email.delivery.experiment_message import ArmReview
from sodate.email.delivery.message import SEND_MESSAGES, EnrollmentBatch, EnrollmentRef, Probe, TransactionalSend
from sodate.email.delivery.watch import TransactionalWatch
from sodate.errors import Invalid
from sodate.leads.visitor import VisitorIdentified
from sodate.sales.due_entries import SALES_ENTRIES, Deadline, Digest, Expiry, Notify, Recycle
from sodate.scenarios.due_entry import WEBHOOK_POSTS, DateReached, WebhookPost
from sodate.scenarios.watch import StepCheck, StepWatch
from sodate.scheduling.message import Message, MessageTypes
from sodate.scoring.replay_job import REPLAY_TASKS, ReplayTask
from sodate.scoring.rescore import ScoreDecay
from sodate.segments.due_entry import SegmentReview
from sodate.tracking.due_entry import SessionEnd

from functions.score_decay import handler as score_decay
from functions.send_sweeper import handler as send_sweeper

AT, STAMP = datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "2026-11-24T09:00:00.000Z"
SECOND = int(AT.timestamp())
WATCH, DECAY = send_sweeper._ENTRIES, score_decay._ENTRIES
FIRST = EnrollmentBatch("s", 3, 1, (EnrollmentRef("L1", "e1"), EnrollmentRef("L2", "e2")))
DATED = EnrollmentBatch("s", 3, 1, (EnrollmentRef("L1", "e1", AT), EnrollmentRef("L2", "e2", AT, "Asia/Tokyo")))
AGAIN = EnrollmentBatch("s", 3, 1, (EnrollmentRef("L1", "e1", AT, "UTC"),), 2, "why")
STEPS = {"v": 2, "what": "steps", "sequence": "s", "version": 3, "step": 1}
PLAIN, FULL = [["L1", "e1"], ["L2", "e2"]], [["L1", "e1", SECOND], ["L2", "e2", SECOND, "Asia/Tokyo"]]
SECOND_ATTEMPT = {"leads": [["L1", "e1", SECOND, "UTC"]], "attempt": 2, "evidence": "why"}
ENTRY = {"scenario": "s", "entry": "e", "at": STAMP}
SIGNAL = {"lead_id": "L1", "signal": "SIGNAL#1"}

STORED: list[tuple[MessageTypes[Any], Message, dict[str, Any]]] = [
    (SEND_MESSAGES, DATED, {**STEPS, "leads": FULL}),
    (SEND_MESSAGES, AGAIN, {**STEPS, **SECOND_ATTEMPT}),
    (SEND_MESSAGES, TransactionalSend("L1", "x"), {"v": 1, "what": "transactional", "lead_id": "L1", "send_id": "x"}),
    (
        SEND_MESSAGES,
        BroadcastRun("b", "r", 2),
        {"v": 1, "what": "broadcast_run", "broadcast": "b", "run": "r", "task": 2},
    ),
    (
        SEND_MESSAGES,
        BroadcastBatch("b", "r", AT, ("L1", "L2")),
        {"v": 1, "what": "broadcast", "broadcast": "b", "run": "r", "at": STAMP, "leads": ["L1", "L2"]},
    ),
    (
        WATCH,
        BroadcastWatch(Run("b", "r", version=3), "m-1", ("L1",), AT),
        {
            "v": 1, "what": "watch", "source": "broadcast", "broadcast": "b", "run": "r", "mark": "m-1", "version": 3,
            "leads": ["L1"], "began": STAMP,
        },
    ),
    (
        SEND_MESSAGES,
        ArmReview("s", "which", AT),
        {"v": 1, "what": "arm_review", "scenario": "s", "step": "which", "at": STAMP},
    ),
    (
        SEND_MESSAGES,
        ArmReview("s", "which", AT, "{}", 3),
        {"v": 1, "what": "arm_review", "scenario": "s", "step": "which", "at": STAMP, "look": "{}", "version": 3},
    ),
    (SEND_MESSAGES, ScheduledEntry("s", "e", AT), {"v": 1, "what": "schedule_entry", **ENTRY}),
    (
        SEND_MESSAGES,
        ScheduledEntry("s", "e", AT, "2:L1"),
        {"v": 1, "what": "schedule_entry", **ENTRY, "cursor": "2:L1"},
    ),
    (
        SEND_MESSAGES,
        EntryBatch("s", "e", AT, ("L1", "L2")),
        {"v": 1, "what": "entries", **ENTRY, "leads": ["L1", "L2"]},
    ),
    (
        DECAY,
        DateReached("L1", "s", "e", date(2028, 2, 29)),
        {"v": 1, "what": "date_entry", "lead": "L1", "scenario": "s", "entry": "e", "day": "2028-02-29"},
    ),
    (
        WEBHOOK_POSTS,
        WebhookPost("L1", "s#k", "e1", 3, "hook", "x", AT),
        {
            "v": 1, "what": "webhook", "lead": "L1", "name": "s#k", "enrollment": "e1", "version": 3, "step": "hook",
            "id": "x", "at": STAMP,
        },
    ),
    (SEND_MESSAGES, Probe(), {"v": 1, "what": "probe"}),
    (SEND_MESSAGES, Probe(AT), {"v": 1, "what": "probe", "until": "2026-11-24T09:00:00+00:00"}),
    (WATCH, StepWatch(FIRST, AT), {**STEPS, "what": "watch", "leads": PLAIN, "began": STAMP}),
    (WATCH, StepWatch(FIRST.of(()), AT), {**STEPS, "what": "watch", "leads": [], "began": STAMP}),
    (WATCH, StepWatch(AGAIN, AT), {**STEPS, "what": "watch", **SECOND_ATTEMPT, "began": STAMP}),
    (
        WATCH,
        TransactionalWatch((("L1", "x"),), AT),
        {"v": 1, "what": "watch", "sends": [["L1", "x"]], "began": STAMP},
    ),
    (WATCH, StepCheck(DATED, AT, AT), {**STEPS, "what": "look", "leads": FULL, "began": STAMP, "listed": STAMP}),
    (DECAY, SegmentReview("L1"), {"v": 1, "what": "segments", "lead": "L1"}),
    (DECAY, ScoreDecay("L1"), {"v": 1, "what": "decay", "lead": "L1"}),
    (
        DECAY,
        EvidenceReview("L1", AT, timedelta(days=1)),
        {"v": 1, "what": "evidence", "lead": "L1", "since": STAMP, "keep_seconds": 86400},
    ),
    (
        DECAY,
        SessionEnd("v", "s", AT, 1),
        {"v": 1, "what": "session", "visitor": "v", "session": "s", "started": keys.stamp(AT), "part": 1},
    ),
    (
        DECAY,
        VisitorIdentified("0" * 32, "L1", "form:ask", AT),
        {"v": 1, "what": "visitor", "visitor": "0" * 32, "lead": "L1", "by": "form:ask", "at": AT.isoformat()},
    ),
    (SALES_ENTRIES, Digest("o", "m"), {"v": 1, "what": "digest", "owner": "o", "minute": "m"}),
    (SALES_ENTRIES, Digest("o", "m", 2), {"v": 1, "what": "digest", "owner": "o", "minute": "m", "tries": 2}),
    (
        SALES_ENTRIES,
        Notify("L1", "SIGNAL#1", 1, 3),
        {"v": 1, "what": "notify", **SIGNAL, "escalation_level": 1, "tries": 3},
    ),
    (SALES_ENTRIES, Deadline("L1", "SIGNAL#1", 0), {"v": 1, "what": "sla", **SIGNAL, "escalation_level": 0}),
    (SALES_ENTRIES, CallDue("L1", "c1"), {"v": 1, "what": "call", "lead_id": "L1", "call": "c1"}),
    (SALES_ENTRIES, Expiry("L1", "SIGNAL#1", "o"), {"v": 1, "what": "expire", **SIGNAL, "owner": "o"}),
    (
        SALES_ENTRIES,
        Recycle("L1", "SIGNAL#1", "k", "s"),
        {"v": 1, "what": "recycle", **SIGNAL, "answer": "k", "sequence": "s"},
    ),
    (REPLAY_TASKS, ReplayTask("J", 2, 5), {"v": 1, "what": "replay", "job": "J", "segment": 2, "number": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("types", "message", "stored"), STORED, ids=lambda value: type(value).__name__)
def test_a_message_is_stored_as_ever_and_read_back(
    types: MessageTypes[Any], message: Message, stored: dict[str, Any]
) -> None:
    assert message.to_message() == stored
    assert types.parse_body(json.dumps(stored)) == message
    assert message.what == stored["what"]


@pytest.mark.parametrize(("types", "message", "stored"), STORED, ids=lambda value: type(value).__name__)
def test_a_key_of_the_next_release_is_ignored_and_its_next_version_is_refused(
    types: MessageTypes[Any], message: Message, stored: dict[str, Any]
) -> None:
    assert types.parse({**stored, "of_the_next_release": [1]}) == message
    with pytest.raises(Invalid, match="of version"):
        types.parse({**stored, "v": 9})


def test_every_kind_has_an_example() -> None:
    seen = {(types.name, message.what) for types, message, _ in STORED}
    assert seen == {
        (types.name, what)
        for types in (SEND_MESSAGES, WATCH, DECAY, SALES_ENTRIES, WEBHOOK_POSTS, REPLAY_TASKS)
        for what in types.parsers
    }


@pytest.mark.parametrize("what", [None, 7, ["x"], "dance"])
def test_an_unknown_kind_is_refused_with_the_kinds_that_exist(what: object) -> None:
    with pytest.raises(Invalid, match="must be digest, notify, sla, expire, recycle or call, not"):
        SALES_ENTRIES.parse({"v": 1, "what": what})
