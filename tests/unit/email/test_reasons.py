"""Every reason code has an explanation and is written somewhere, and the code writes no other code."""

import re
from pathlib import Path

import pytest
from sodate.email.delivery import reasons
from sodate.email.ledger.reason import Reason

SOURCES = Path(reasons.__file__).parents[2]
#: Written by `ContactState.permanent_rejection`, in a room below.
BELOW = {Reason.BLOCKED, Reason.CONSENT}
#: A code as an argument that the ledger stores.
_WRITTEN = re.compile(r'(?:Skip|Defer|Ended|skipped|planned|_release|ended|reason)\b[^\n]*?"([a-z_]{4,})"')


@pytest.mark.parametrize("reason", Reason)
def test_every_code_has_an_explanation_and_is_written_somewhere(reason: Reason) -> None:
    assert reasons.REASONS[reason]
    files = [
        file
        for room in ("broadcasts", "scenarios", "email", "sales", "forms", "replies")
        for file in (SOURCES / room).rglob("*.py")
    ]
    text = "\n".join(path.read_text() for path in files if path.name != "reasons.py")
    assert f"Reason.{reason.name}" in text or reason in BELOW


def test_no_other_code_is_written() -> None:
    files = ("email/delivery/send_batch.py", "email/eligibility/decide.py", "scenarios/enrollment_source.py")
    files += ("broadcasts/audience.py",)
    text = "\n".join((SOURCES / file).read_text() for file in files)
    assert set(_WRITTEN.findall(text)) <= {"skipped", "failed", "sending", "deferred", "put_off", "waiting"}


def test_details_stay_and_unknown_codes_are_shown_as_they_are() -> None:
    assert reasons.in_words("cap:week").endswith("(week)")
    assert reasons.in_words("MessageRejected: Email address is not verified.").startswith("MessageRejected")
    assert reasons.in_words(None) == ""
