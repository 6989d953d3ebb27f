"""Every reason code that the code writes has words for people, and no word is for a code that nobody writes."""

import re
from pathlib import Path

from sodate.email.delivery import reasons

SOURCES = Path(reasons.__file__).parents[1]
#: How a code is written down: as an argument that the ledger keeps.
_WRITTEN = re.compile(
    r'(?:_skip|_put_off|_give_back|_wait|deferred_step|settled_step|put_back|skip_step|reason)\b[^\n]*?"([a-z_]{4,})"'
)


def written() -> str:
    files = [file for room in ("scenarios", "mail", "sales", "forms") for file in (SOURCES / room).glob("*.py")]
    return "\n".join(path.read_text() for path in files if path.name != "reasons.py")


def test_every_code_with_words_is_written_somewhere() -> None:
    text = written()
    for code in reasons.REASONS:
        assert f'"{code}' in text, code


def test_every_code_of_a_step_that_was_put_off_or_skipped_has_words() -> None:
    text = (SOURCES / "scenarios" / "send_step.py").read_text() + (SOURCES / "scenarios" / "claim.py").read_text()
    states = {"skipped", "failed", "sending"}
    found = {code for code in _WRITTEN.findall(text) if code not in states}
    assert {"expired", "closed_hours", "no_slot"} <= found
    assert found <= {*reasons.REASONS, "busy", "no_time", "no_room", "deferred"}, "the last four are no ledger reasons"


def test_details_stay_and_unknown_codes_speak_for_themselves() -> None:
    assert reasons.in_words("cap:week").endswith("(week)")
    assert reasons.in_words("MessageRejected: Email address is not verified.").startswith("MessageRejected")
    assert reasons.in_words(None) == ""
