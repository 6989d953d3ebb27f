"""Seeded bugs of replies: who is believed, what counts, what is kept."""

from tests.mutants.mutants import Mutant

_UNIT, _WHOLE = "tests/unit/replies", "tests/functions/test_replies.py"


def _mutant(name: str, file: str, old: str, new: str, would: str, tests: str) -> Mutant:
    return Mutant(name, f"layers/sodate/python/sodate/{file}", ((old, new),), would, tests=(tests,))


REPLIES = (
    _mutant(
        "a-reply-address-needs-no-mac",
        "reply_address.py",
        "if self.signer.has_mac(_REPLY, content, mac) and",
        "if",
        "anybody who knows two ids fakes replies of a lead",
        "tests/unit/test_reply_address.py",
    ),
    Mutant(
        "headers-of-the-sender-count-as-those-of-ses",
        "layers/sodate/python/sodate/replies/receipt.py",
        (
            ("if received == 2:", "if received == 99:"),
            ('if name in ("x-ses-receipt", "x-ses-dkim-signature"):', "if False:"),
        ),
        "what SES does not say, a sender says for it: a forged email vouches for itself",
        tests=(f"{_UNIT}/test_hostile_email.py",),
    ),
    _mutant(
        "absence-notes-are-replies",
        "replies/judgement.py",
        "if why := automatic.out_of_office(email):",
        "if (why := automatic.out_of_office(email)) == 'never':",
        "an absence note ends sequences and calls sales",
        f"{_UNIT}/test_corpus.py",
    ),
    _mutant(
        "a-copy-counts-again",
        "replies/receive.py",
        'activity_key("inbound", email.sender, email.message_id) if email.message_id else',
        "",
        "a mail server that saw no answer makes two replies and two forwards",
        _WHOLE,
    ),
    _mutant(
        "a-forged-sender-is-a-weaker-match",
        "replies/match.py",
        "if not email.receipt.is_authentic or email.has_duplicates:",
        "if email.has_duplicates:",
        "anybody answers, and opts out, in the name of a lead",
        _WHOLE,
    ),
    _mutant(
        "the-owner-answers-a-forged-address",
        "replies/forward.py",
        "is_safe = writer is not None and email.receipt.is_authentic and not email.has_duplicates",
        "is_safe = writer is not None",
        "the owner's answer to a lead goes to a stranger",
        _WHOLE,
    ),
    _mutant(
        "raw-email-stays",
        "replies/receive.py",
        "        if not is_needed:\n",
        "        if is_needed is None:\n",
        "the text of absence notes and bounces lies in the bucket for a week",
        _WHOLE,
    ),
    _mutant(
        "the-latest-reply-marks-the-send",
        "email/ledger/store.py",
        "if send.replied_at is not None and send.replied_at <= keys.stamp(at):",
        "if send.replied_at == keys.stamp(at):",
        "the time of the first reply depends on the order of deliveries",
        _WHOLE,
    ),
    _mutant(
        "a-bounce-of-the-forward-blocks-the-lead",
        "email/ledger/states.py",
        "TO_SALES = frozenset({HANDOFF, REPLY_FORWARD})",
        "TO_SALES = frozenset({HANDOFF})",
        "an owner's full mailbox blocks the lead who answered",
        _WHOLE,
    ),
    _mutant(
        "unattempted-emails-hide-the-silence",
        "email/delivery/send_batch.py",
        "if all(answer.is_silence for answer in answers if answer.reason != Reason.NOT_ATTEMPTED):",
        "if all(answer.is_silence for answer in answers):",
        "with reply addresses SES may be down for hours and the breaker never opens",
        _WHOLE,
    ),
)
