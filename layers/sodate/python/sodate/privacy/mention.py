"""Whether a text names a lead: by its id, or by an address whose HMAC is known. Pure.

The address itself need not be known, so an erasure can be repeated from the ledger, which holds HMACs only. An id of
another system may be a short number, which other leads' data has by chance: a message is matched where it says that a
value is such an id, a file by its whole cells.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sodate.errors import Invalid
from sodate.leads.address import address_key, external_key, parse_address
from sodate.leads.text import FULL_WIDTH_ASCII

#: What may be an address: bounded, so that a hostile text costs linear time.
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]\\|]{1,64}@[^\s<>\"',;:()\[\]\\|]{1,253}")
#: What stands between the cells of a CSV file and the values of JSON.
_BETWEEN_CELLS = re.compile(r"[,;\t\r\n\"\\]+")
#: An id of fewer characters cannot be told from any other number, so it is not looked for.
SHORTEST_ID, _LONGEST_ID = 5, 300
#: Keys of an id of another system.
_ID_KEYS = ("id", "external_id")
#: Deeper values of a message are not looked at: ours are six deep at most, and their text may be one level more each.
_DEEPEST = 40
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
    """Of a part of a file: it holds one of the ids, or an address of the subject as anybody may have typed it."""
    return _is_known(subject, text, secret) or (
        bool(subject.external_keys) and _has_external(subject.external_keys, text, secret)
    )


def is_named_in_message(subject: Subject, text: str, secret: bytes) -> bool:
    """Of the body of a message: as `is_named`, but an id of another system is a whole value that is said to be one."""
    if _is_known(subject, text, secret):
        return True
    sources = {source for source, _ in subject.external_keys}
    return bool(sources) and any(
        (source, external_key(source, one_id, secret)) in subject.external_keys
        for named, one_id in _ids_in(_parsed_json(text), sources)
        if SHORTEST_ID <= len(one_id) <= _LONGEST_ID
        for source in (sources if named is None else {named} & sources)
    )


def _is_known(subject: Subject, text: str, secret: bytes) -> bool:
    if any(lead_id in text for lead_id in subject.lead_ids):
        return True
    keys = subject.address_keys
    return bool(keys) and any(address_key(one, secret) in keys for one in addresses_in(text))


def _ids_in(value: Any, sources: Collection[str], depth: int = 0) -> Iterator[tuple[str | None, str]]:
    """Ids with their source, None for one without: of `{"source": "crm", "id": "A-1"}`, `{"crm": "A-1"}`, `{"id": …}`.

    Values of DynamoDB (`{"S": "A-1"}`) and JSON within a text are read too.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        value = _parsed_json(value) if value.lstrip()[:1] in ("{", "[") else None
    elif isinstance(value, dict):
        fields = {key: _unwrapped(one) for key, one in value.items()}
        source = fields.get("source")
        for key, one in fields.items():
            if isinstance(one, str | int) and (key in _ID_KEYS or key in sources):
                yield (key if key in sources else source if isinstance(source, str) else None), str(one).strip()
        value = list(value.values())
    for one in value if isinstance(value, list) else [value] if isinstance(value, dict) else ():
        yield from _ids_in(one, sources, depth + 1)


def _unwrapped(value: Any) -> Any:
    return value["S"] if isinstance(value, dict) and list(value) == ["S"] else value


def _parsed_json(text: str) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


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
