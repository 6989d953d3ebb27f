"""Found C (11): equal identity means equal deliverability, over every character that Unicode can decompose."""

import sys
import unicodedata

import pytest
from sodate.errors import Invalid
from sodate.leads.address import Address, parse_address


def _characters() -> list[str]:
    every = (chr(code) for code in range(sys.maxunicode + 1))
    return [c for c in every if unicodedata.decomposition(c) or c.lower() != c or unicodedata.normalize("NFKC", c) != c]


def _parsed(text: str) -> Address | None:
    try:
        return parse_address(text)
    except Invalid:
        return None


@pytest.mark.parametrize("shape", ["ta{}@x.co.jp", "ta@x{}y.co.jp", "ta@{}.co.jp", "ta@x.co.{}p"])
def test_equal_identity_means_equal_deliverability(shape: str) -> None:
    doubts: dict[str, set[str | None]] = {}
    tried = 0
    for character in _characters():
        forms = {character, character.lower(), *(unicodedata.normalize(f, character) for f in ("NFC", "NFKC", "NFKD"))}
        for form in forms:
            if (address := _parsed(shape.format(form))) is not None:
                tried += 1
                doubts.setdefault(address.match, set()).add(address.doubt)
                again = _parsed(address.match)
                assert again is None or (again.match, again.doubt) == (address.match, address.doubt), repr(form)
    assert tried > 1_000
    assert {match: found for match, found in doubts.items() if len(found) > 1} == {}


@pytest.mark.parametrize(("typed", "same"), [("tana\u212aa@x.jp", "tanaka@x.jp"), ("a\u1fefb@x.jp", "a`b@x.jp")])
def test_a_look_alike_of_an_ascii_letter_is_that_letter_and_can_be_mailed(typed: str, same: str) -> None:
    stranger, person = parse_address(typed), parse_address(same)
    assert (stranger.match, stranger.doubt, stranger.mailbox.lower()) == (person.match, None, person.match)


def test_a_domain_typed_in_punycode_is_judged_like_its_letters() -> None:
    letters = parse_address("a@p\u0430ypal.com")
    assert letters.doubt == "mixed_script"
    assert parse_address(letters.match).doubt == "mixed_script"
