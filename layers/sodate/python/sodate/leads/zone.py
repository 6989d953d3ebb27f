"""Time zones that people's browsers name. Whatever is no IANA zone is as good as none, and never an error."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: `Asia/Tokyo`, `America/Argentina/Buenos_Aires`, `UTC`; no path, no `posix/…` twin, short enough for STATE.
_NAME = re.compile(r"(?!posix|right)[A-Za-z_]{2,14}(/[A-Za-z0-9_+-]{1,16}){0,2}")


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def known_zone(name: str | None) -> str | None:
    """The name when it is a zone."""
    return name if name and find_zone(name) else None
