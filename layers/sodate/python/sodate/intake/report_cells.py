"""Cells of the reports of webinar tools: times, durations and yes or no as these tools write them. Pure."""

import re
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sodate.imports.cells import BadCell, moment
from sodate.messages import Message

_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))? ?(AM|PM)?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}))?")
_UNITS = re.compile(r"(?:(\d{1,3}) ?(?:h|hr|時間))? ?(?:(\d{1,4}) ?(?:m|min|分))? ?(?:(\d{1,5}) ?(?:s|sec|秒))?")
_NOTHING = ("", "--", "-", "n/a", "none", "該当なし")
_LONGEST_MINUTES = 10_000


def text_of(cell: str) -> str:
    """Without width differences and spaces around it; empty for what these tools write instead of nothing."""
    text = " ".join(unicodedata.normalize("NFKC", cell.strip("\ufeff")).split())
    return "" if text.casefold() in _NOTHING else text


def time_of(cell: str, zone: ZoneInfo) -> datetime:
    """`11/20/2026 10:00:12`, `11/20/26, 10:00:12 AM` (month first) and what imports read: `2026/11/20 10:00`.

    Raises: `BadCell`.
    """
    text = text_of(cell)
    match = _AMERICAN.fullmatch(text)
    if match is None:
        return moment(text, zone)
    month, day, year, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    half = (match[7] or "").upper()
    if half and not 1 <= hour <= 12:
        raise BadCell(Message("a day or time that does not exist; with AM or PM, hours go from 1 to 12"))
    hour = hour % 12 + (12 if half == "PM" else 0) if half else hour
    try:
        at = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise BadCell(
            Message("a day or time that does not exist (month first); write it as 2026-11-20 10:00")
        ) from error
    if not 2000 <= at.year <= 2100:
        raise BadCell(Message("a year before 2000 or after 2100; correct it"))
    return at.astimezone(UTC)


def minutes_of(cell: str) -> int | None:
    """`58`, `1h 2m 3s`, `59 分 45 秒`, `00:58:10` in whole minutes; None for an empty cell.

    Raises: `BadCell`.
    """
    text = text_of(cell).replace(",", "")
    if not text:
        return None
    seconds = _seconds(text)
    if seconds is None or seconds // 60 > _LONGEST_MINUTES:
        raise BadCell(Message("no duration; write minutes, or 1h 2m 3s"))
    return seconds // 60


def _seconds(text: str) -> int | None:
    if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text):
        return int(float(text) * 60)
    match = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def is_yes(cell: str) -> bool:
    return text_of(cell).casefold() in ("yes", "はい", "true", "1", "出席", "参加")
