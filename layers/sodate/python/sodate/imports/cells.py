"""One cell becomes one value. What a person typed stays as typed; what cannot be read is said, never guessed."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sodate.imports.mapping import Column
from sodate.leads.text import digits, fold, one_line

#: What a spreadsheet takes for a formula, also in full width (OWASP, CSV injection).
_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")
_ESCAPED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")
_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]+(\d{1,2})[:時](\d{2})(?:[:分](\d{2})(?:\.\d{1,6})?)?[秒分]?"
    r"( ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
)
#: Text, but nothing that a spreadsheet would run.
_NUMBER = re.compile(r"-\d{1,30}(\.\d{1,30})?")
#: Controls, bytes that could not be decoded, and what Python makes of bytes that CP932 does not have.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\uf8f0-\uf8f3]")
#: Of what the mapping says, which is folded for each row; cells are not kept.
folded = lru_cache(maxsize=4096)(fold)


class BadCell(Exception):
    """The message says what is wrong and what would be right."""


def clean(cell: str) -> str:
    """Without the apostrophe that `export` puts before a would-be formula. Raises `BadCell` for what is no text."""
    if wrong := _NO_TEXT.search(cell):
        is_bytes = wrong[0] >= "\ud800"
        raise BadCell("bytes that are not text in the file's encoding" if is_bytes else "a control character")
    text = cell.strip().strip("\ufeff").strip()
    return text[1:] if _ESCAPED.match(text) else text


def escaped(value: Any) -> str:
    """A cell that no spreadsheet runs; `clean` gives the value back. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return number_text(value)
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def number_text(value: int | float | Decimal) -> str:
    return format(Decimal(str(value)), "f")


def read(column: Column, text: str) -> Any:
    """`text` is clean and not empty."""
    if len(text) > column.max_length:
        raise BadCell(f"{len(text):,} characters; at most {column.max_length} (`max_length` in the mapping)")
    match column.type:
        case "number":
            return _number(text)
        case "date":
            return moment(text, ZoneInfo("UTC")).date().isoformat()
        case "bool":
            return _bool(column, text)
        case "choice":
            return _choice(column, text)
    return one_line(text)


def _number(text: str) -> int | float:
    plain = digits(text).replace(",", "")
    try:
        number = Decimal(plain)
    except InvalidOperation as error:
        raise BadCell("not a number") from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise BadCell("not a number that can be kept")
    value = int(number) if number == number.to_integral_value() else float(number)
    if len(number.as_tuple().digits) > 38 or Decimal(str(value)) != number:
        raise BadCell("more digits than a number can keep; map it as text")
    return value


def _bool(column: Column, text: str) -> bool:
    word = fold(text)
    for words, meaning in ((column.yes, True), (column.no, False)):
        if word in map(folded, words):
            return meaning
    raise BadCell("neither yes nor no (`yes` and `no` in the mapping)")


def _choice(column: Column, text: str) -> str:
    choices = column.choices if isinstance(column.choices, dict) else {word: word for word in column.choices}
    word = fold(text)
    for cell, value in choices.items():
        if folded(cell) == word:
            return value
    raise BadCell("not one of the `choices` in the mapping")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """`2026-11-20`, `2026/11/20 9:30`, `2026年11月20日`, with or without an offset; midnight where no time is said."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise BadCell("not a date; write it as 2026-11-20 or 2026/11/20 09:30")
    *numbers, offset = found.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if offset:
            at = datetime.strptime(f"{at:%Y-%m-%d %H:%M:%S}{offset.strip()}", "%Y-%m-%d %H:%M:%S%z")
    except ValueError as error:
        raise BadCell("a day or time that does not exist") from error
    if not 1900 <= at.year <= 2100:
        raise BadCell("a year before 1900 or after 2100")
    return at.astimezone(UTC)
