"""Whether a text names a lead: by its id, or by an address whose HMAC is known. Pure.

The address itself need not be known, so an erasure can be repeated from the ledger, which holds HMACs only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sodate.errors import Invalid
from sodate.leads.address import address_key, parse_address
from sodate.leads.text import FULL_WIDTH_ASCII

#: What may be an address: bounded, so that a hostile text costs linear time.
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]\\|]{1,64}@[^\s<>\"',;:()\[\]\\|]{1,253}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Subject:
    """Whom an erasure is about. `lead_ids`: the lead and those merged into it. `address_keys`: HMACs of addresses."""

    lead_ids: frozenset[str]
    address_keys: frozenset[str]


def is_named(subject: Subject, text: str, secret: bytes) -> bool:
    """True when the text holds one of the ids, or an address of the subject as anybody may have typed it."""
    if any(lead_id in text for lead_id in subject.lead_ids):
        return True
    if not subject.address_keys:
        return False
    return any(address_key(match, secret) in subject.address_keys for match in addresses_in(text))


def addresses_in(text: str) -> Iterator[str]:
    """The match form of everything in the text that is an address, each once; JSON escapes are read."""
    plain = _unescaped(text).translate(FULL_WIDTH_ASCII)
    for candidate in dict.fromkeys(_ADDRESS.findall(plain)):
        yield from _parsed(candidate)


def _parsed(candidate: str) -> Iterable[str]:
    """A dot may end the sentence rather than the address."""
    for text in dict.fromkeys((candidate, candidate.rstrip(".。、!?"))):
        try:
            yield parse_address(text).match
        except Invalid:
            continue


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
