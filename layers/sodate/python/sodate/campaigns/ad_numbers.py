"""Numbers and days as reports of ad platforms write them, in Japanese, English and with full-width digits. Pure."""

import re
import unicodedata
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

from sodate.campaigns.ad_cost import MICROS
from sodate.conditions.evaluate import date_of
from sodate.messages import Message

_NOTHING = frozenset({"", "-", "--", "—", "n/a"})
_SIGNS = re.compile(r"[¥$€£₩円\s]|JPY|USD|EUR|GBP")
_MINUS = str.maketrans({"−": "-", "▲": "-", "△": "-"})
#: 1,234,567.89 and 1234567.89
_POINT = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]{1,9})?")
#: 1.234.567,89 and 1234567,8: only where it can mean nothing else.
_COMMA = re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}|[0-9]{1,15},[0-9]{1,2})")
_COUNT = re.compile(r"[0-9]{1,3}(?:[,.][0-9]{3})+|[0-9]{1,18}")
_LARGEST_COST = Decimal(10**12)
_ENGLISH = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y")
_EARLIEST = date(2000, 1, 1)


class NotANumber(Exception):
    """The message says what was expected."""


def count_of(text: str) -> int:
    """Impressions, clicks, micros; 0 for a dash. Raises: `NotANumber`."""
    plain = _plain(text)
    if plain in _NOTHING:
        return 0
    plain = plain.removesuffix(".0").removesuffix(".00")
    if not _COUNT.fullmatch(plain):
        raise NotANumber(Message("{text!r} is no whole number; write 1234 or 1,234", text=text[:40]))
    return int(re.sub("[,.]", "", plain))


def micros_of(text: str) -> int:
    """Cost in millionths of the main unit; 0 for a dash; negative for a credit. Raises: `NotANumber`."""
    plain = _plain(text)
    if plain in _NOTHING:
        return 0
    if _COMMA.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif not _POINT.fullmatch(plain):
        raise NotANumber(Message("{text!r} is no cost; write 1234.56 or 1,234.56", text=text[:40]))
    value = Decimal(plain.replace(",", ""))
    if abs(value) > _LARGEST_COST:
        raise NotANumber(
            Message("{text!r} is larger than any cost of a day; look at the column and the currency", text=text[:40])
        )
    return int((value * MICROS).to_integral_value())


def day_of(text: str) -> date | None:
    """2026-10-01, 2026/10/1, 2026年10月1日, 20261001, Oct 1, 2026; None for anything else, also for 10/01/2026."""
    plain = unicodedata.normalize("NFKC", text[:60]).strip()
    if re.fullmatch("[0-9]{8}", plain):
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    day = date_of(plain)
    for form in _ENGLISH:
        with suppress(ValueError):
            day = day or datetime.strptime(plain, form).date()  # noqa: DTZ007  a day has no zone
    return day if day is not None and day >= _EARLIEST else None


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:100]).translate(_MINUS)
    return _SIGNS.sub("", plain)
