"""Whether a text names a lead: by its id, or by an address whose HMAC is known. Pure.

The address itself need not be known, so an erasure can be repeated from the ledger, which holds HMACs only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sodate.errors import Invalid
from sodate.leads.address import address_key, external_key, parse_address
from sodate.leads.text import FULL_WIDTH_ASCII

#: What may be an address: bounded, so that a hostile text costs linear time.
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]\\|]{1,64}@[^\s<>\"',;:()\[\]\\|]{1,253}")
#: What stands between the cells of a CSV file and the values of JSON.
_BETWEEN_CELLS = re.compile(r"[,;\t\r\n\"\\]+")
#: An id of fewer characters cannot be told from any other number, so it is not looked for.
SHORTEST_ID, _LONGEST_ID = 5, 300
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Subject:
    """Whom an erasure is about. `lead_ids`: the lead and those merged into it. `address_keys`: HMACs of addresses.

    `external_keys`: pairs of another system and the HMAC of the lead's id there.
    """

    lead_ids: frozenset[str]
    address_keys: frozenset[str]
    external_keys: frozenset[tuple[str, str]] = frozenset()


def is_named(subject: Subject, text: str, secret: bytes) -> bool:
    """True when the text holds one of the ids, or an address of the subject as anybody may have typed it."""
    if any(lead_id in text for lead_id in subject.lead_ids):
        return True
    if subject.address_keys and any(address_key(one, secret) in subject.address_keys for one in addresses_in(text)):
        return True
    return bool(subject.external_keys) and _has_external(subject.external_keys, text, secret)


def _has_external(external_keys: frozenset[tuple[str, str]], text: str, secret: bytes) -> bool:
    sources = {source for source, _ in external_keys}
    cells = dict.fromkeys(cell.strip() for cell in _BETWEEN_CELLS.split(_unescaped(text)))
    return any(
        (source, external_key(source, cell, secret)) in external_keys
        for cell in cells
        if SHORTEST_ID <= len(cell) <= _LONGEST_ID
        for source in sources
    )


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
