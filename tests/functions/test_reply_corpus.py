"""Figure 10 through the real function: each reply of the corpus is matched to its send, and nothing else is a reply."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.quick import QuickWorld
from tests.support.answering import Replies
from tests.support.reply_corpus import LEAD, Case, every_case

#: More than one, so that the ceiling of a lead and day is not reached.
LEADS = [f"person{number}@example.jp" for number in range(8)]
MUST_MATCH = 0.98


def addressed(case: Case, mail: Any, email: str) -> Case:
    """The case as an answer to this email of this lead."""
    local = mail.reply_to[0].partition("@")[0]
    swaps = {
        b"r-TOKEN": local.encode(), b"R-TOKEN": local.upper().encode(), b"MESSAGE@": f"{mail.message_id}@".encode(),
        LEAD.encode(): email.encode(),
    }  # fmt: skip
    raw = case.raw
    for old, new in swaps.items():
        raw = raw.replace(old, new)
    to = case.to.replace("r-TOKEN", local).replace("R-TOKEN", local.upper())
    return replace(case, raw=raw, to=to, sender=email if case.sender == LEAD else case.sender)


@pytest.fixture
def mails(world: QuickWorld) -> tuple[Replies, dict[str, Any]]:
    replies = Replies(world)
    for email in LEADS:
        world.join(email)
    world.advance(timedelta(days=2))
    sent = {m.recipient: m for m in world.ses.simulator.messages if m.tags.get("purpose") == "marketing"}
    assert set(sent) == set(LEADS)
    return replies, sent


def test_replies_are_matched_and_no_absence_note_is_taken_for_one(mails: tuple[Replies, dict[str, Any]]) -> None:
    replies, sent = mails
    wrong: list[str] = []
    taken_for_a_reply: list[str] = []
    cases = every_case()
    for number, case in enumerate(cases):
        email = LEADS[number % len(LEADS)]
        if number % 300 == 299:
            replies.world.now += timedelta(days=1)
        mine = addressed(case, sent[email], email)
        before = {item["sk"] for item in replies.world.items("activity")}
        key = f"inbound/{number}"
        replies.store(key, mine.raw, mine.to, mine.sender, mine.findings)
        replies.notify(key, settle=False)
        new = [item for item in replies.world.items("activity") if item["sk"] not in before]
        found = [item for item in new if item["type"] == "email_replied"]
        if case.verdict == "reply":
            is_right = [(item["about"]["send"], item["about"]["match"]) for item in found] == [
                (sent[email].tags["send_id"], case.how)
            ]
            wrong += [] if is_right else [f"{case.name}: {[item['about'] for item in new]}"]
        elif found:
            taken_for_a_reply.append(case.name)
    wanted = sum(case.verdict == "reply" for case in cases)
    matched = 1 - len(wrong) / wanted
    print(f"replies matched: {matched:.1%} of {wanted}; others taken for a reply: {len(taken_for_a_reply)}")
    assert taken_for_a_reply == []
    assert matched >= MUST_MATCH, wrong


def test_the_bucket_keeps_only_what_a_person_or_a_forward_needs(mails: tuple[Replies, dict[str, Any]]) -> None:
    replies, sent = mails
    for number, case in enumerate(every_case()):
        if case.verdict in ("out_of_office", "bounce", "auto"):
            email = LEADS[number % len(LEADS)]
            mine = addressed(case, sent[email], email)
            replies.arrive(mine.raw, mine.to, mine.sender, mine.findings)
    assert replies.s3.objects == {}
