"""Every reason code that the code writes has an explanation, and every explanation is of a code that is written."""

import re
from pathlib import Path

from sodate.email.delivery import reasons

SOURCES = Path(reasons.__file__).parents[2]
#: How a code appears in the source: as an argument that the ledger stores.
_WRITTEN = re.compile(r'(?:Skip|Defer|Ended|skipped|planned|_release|_retry_later|ended|reason)\b[^\n]*?"([a-z_]{4,})"')


def written() -> str:
    files = [file for room in ("scenarios", "email", "sales", "forms") for file in (SOURCES / room).rglob("*.py")]
    return "\n".join(path.read_text() for path in files if path.name != "reasons.py")


def test_every_code_with_an_explanation_is_written_somewhere() -> None:
    text = written()
    for code in reasons.REASONS:
        assert f'"{code}' in text, code


def test_every_code_of_a_step_that_was_deferred_or_skipped_has_an_explanation() -> None:
    files = ("email/delivery/send_batch.py", "email/eligibility/decide.py", "scenarios/sequence_source.py")
    text = "\n".join((SOURCES / file).read_text() for file in files)
    states = {"skipped", "failed", "sending"}
    codes = {code for code in _WRITTEN.findall(text) if code not in states}
    assert {"expired", "closed_hours", "no_slot"} <= codes
    assert codes <= {*reasons.REASONS, "busy", "no_time", "no_room", "deferred", "put_off"}, (
        "the last five are no ledger reasons"
    )


def test_details_stay_and_unknown_codes_are_shown_as_they_are() -> None:
    assert reasons.in_words("cap:week").endswith("(week)")
    assert reasons.in_words("MessageRejected: Email address is not verified.").startswith("MessageRejected")
    assert reasons.in_words(None) == ""
