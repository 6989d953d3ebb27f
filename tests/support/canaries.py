"""Strings that must be found nowhere after an erasure, as they are or as JSON escapes them."""

import re
from collections.abc import Iterable

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def canaries_in(text: str, canaries: Iterable[str]) -> set[str]:
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return {canary for canary in canaries if canary in text or canary in plain}
