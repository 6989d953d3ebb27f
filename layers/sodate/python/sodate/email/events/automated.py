"""SES's own mark of automated opens and clicks, announced on 2026-08-07. Pure.

No public document shows the field's name, so every plausible one is understood: a name that speaks of automation, a
bot or a machine with a value that says yes, or a name that asks for the kind of interaction with a value that names
such a kind. Anything else is no mark. docs/robots.md says how to freeze this after the first real event.
"""

import re
from collections.abc import Mapping
from typing import Any

_NAMES = re.compile(
    r"automat|(^|is|suspected|by|from)(ro)?bots?($|click|open|interaction|activity|detected)|machine|nonhuman"
)
_KINDS = re.compile(
    r"(interaction|engagement|event|open|click|activity|actor|initiator|source)(type|kind|class|source|by)?$"
)
_ANSWERS = re.compile(r"value|detected|result|verdict|is")
_YES = frozenset({"true", "yes", "1", "y", "likely", "suspected", "detected"})
_ROBOTS = re.compile(r"automat|(^|_|-| )(ro)?bots?($|_|-| )|machine|non.?human|scanner|prefetch|proxy_prefetch")
#: Members with their own meaning, which never speak of automation.
_KNOWN = frozenset({"ipaddress", "useragent", "timestamp", "link", "linktags"})
_DEEPEST = 3


def is_automated(body: Mapping[str, Any], depth: int = 1) -> bool:
    """`body`: the `open` or `click` member of an event."""
    for name, value in list(body.items())[:50]:
        plain = re.sub(r"[^a-z]", "", str(name).lower())
        if plain in _KNOWN:
            continue
        if isinstance(value, Mapping):
            found = depth < _DEEPEST and (_means_yes(value, plain) or is_automated(value, depth + 1))
        else:
            found = _says_yes(plain, value)
        if found:
            return True
    return False


def _says_yes(name: str, value: object) -> bool:
    text = str(value).strip().lower()[:100]
    names_a_robot = bool(_ROBOTS.search(text)) and "not" not in text
    if _NAMES.search(name):
        return text in _YES or names_a_robot
    return isinstance(value, str) and bool(_KINDS.search(name)) and names_a_robot


def _means_yes(value: Mapping[str, Any], name: str) -> bool:
    """An object such as `{"automatedInteraction": {"detected": true}}`."""
    answers = (inner for key, inner in list(value.items())[:20] if _ANSWERS.search(str(key).lower()))
    return bool(_NAMES.search(name)) and any(str(inner).strip().lower() in _YES for inner in answers)
