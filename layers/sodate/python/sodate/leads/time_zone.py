"""Time zone names sent by browsers. A name that is no IANA zone counts as not given; it is never an error."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: `Asia/Tokyo`, `America/Argentina/Buenos_Aires`, `UTC`; no path, no `posix/…` twin, short enough for STATE.
_NAME = re.compile(r"(?!posix|right)[A-Za-z_]{2,14}(/[A-Za-z0-9_+-]{1,16}){0,2}")


@lru_cache(maxsize=1024)
def find_time_zone(name: str) -> ZoneInfo | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def known_time_zone(name: str | None) -> str | None:
    """`name` when it is an IANA zone, else None."""
    return name if name and find_time_zone(name) else None
