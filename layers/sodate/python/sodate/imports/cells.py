"""Converts one cell to one value. Text is kept as typed; an unreadable cell raises `BadCell` and is never guessed."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sodate.errors import Invalid
from sodate.imports.mapping import Column
from sodate.leads.phone import region_of, to_e164
from sodate.leads.text import digits, fold, one_line
from sodate.messages import Message, joined

#: Text that a spreadsheet executes as a formula, also in full width (OWASP, CSV injection).
_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")
_ESCAPED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")
_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]+(\d{1,2})[:時](\d{2})(?:[:分](\d{2})(?:\.\d{1,6})?)?[秒分]?"
    r"( ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
)
#: A negative number: it starts like a formula but is not executed.
_NUMBER = re.compile(r"-\d{1,30}(\.\d{1,30})?")
#: A number with the sign of yen or dollars before it, or 円 after it; NFKC has made `￥` a `¥` and `＄` a `$`.
_AMOUNT = re.compile(r"([+-]?)\s*[¥\\$]?\s*([\d.eE+-]+?)\s*円?")
#: Undecodable bytes, what another program wrote in place of them (U+FFFD), and the characters to which Python maps
#: bytes undefined in CP932.
NOT_DECODED = re.compile("[\ud800-\udfff\ufffd\uf8f0-\uf8f3]")
SAVE_AS_UTF8 = Message("bytes that are not text in the file's encoding; save the file as UTF-8 and import it again")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: Cache for words of the mapping, which are folded for each row; cells are not cached.
folded = lru_cache(maxsize=4096)(fold)


class BadCell(Exception):
    """The message says what is wrong and what is allowed."""


class DamagedCell(BadCell):
    """The cell cannot be read as text: the file is damaged, not a value of it."""


def clean(cell: str, column: str = "") -> str:
    """Trimmed text, without the apostrophe that `export` puts before a potential formula.

    `column`: named in the error, for callers that have no other place for it.

    Raises: `DamagedCell` for undecodable bytes and control characters.
    """
    wrong = (
        SAVE_AS_UTF8 if NOT_DECODED.search(cell) else Message("a control character") if _CONTROL.search(cell) else None
    )
    if wrong is not None:
        raise DamagedCell(joined("", [f"{column}: ", wrong]) if column else wrong)
    text = cell.strip().strip("\ufeff").strip()
    return text[1:] if _ESCAPED.match(text) else text


def escaped(value: Any) -> str:
    """Text that no spreadsheet executes; `clean` reverses it. Numbers stay numbers."""
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


def read(column: Column, text: str, language: str = "ja") -> Any:
    """Convert `text`, which is clean and not empty, by the column's type. `language`: of the file.

    Raises: `BadCell`.
    """
    if len(text) > column.max_length:
        raise BadCell(
            Message(
                "{text_count:,} characters; at most {max_length} (`max_length` in the mapping)",
                text_count=len(text),
                max_length=column.max_length,
            )
        )
    match column.type:
        case "number":
            return number_of(text)
        case "date":
            return moment(text, ZoneInfo("UTC")).date().isoformat()
        case "bool":
            return _bool(column, text)
        case "choice":
            return _choice(column, text)
        case "phone":
            return _phone(text, language)
    return one_line(text)


def number_of(text: str) -> int | float:
    """`1,234`, `１，２３４`, `¥1,234`, `1,234円`, `-5`.

    Raises: `BadCell`.
    """
    written = _AMOUNT.fullmatch(digits(text).replace(",", ""))
    plain = f"{written[1]}{written[2]}" if written else ""
    try:
        number = Decimal(plain)
    except InvalidOperation as error:
        raise BadCell(Message("not a number")) from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise BadCell(Message("not a number that can be kept"))
    value = int(number) if number == number.to_integral_value() else float(number)
    if len(number.as_tuple().digits) > 38 or Decimal(str(value)) != number:
        raise BadCell(Message("more digits than a number can keep; map it as text"))
    return value


def _bool(column: Column, text: str) -> bool:
    word = fold(text)
    for words, meaning in ((column.yes, True), (column.no, False)):
        if word in map(folded, words):
            return meaning
    raise BadCell(Message("neither yes nor no (`yes` and `no` in the mapping)"))


def _choice(column: Column, text: str) -> str:
    choices = column.choices if isinstance(column.choices, dict) else {word: word for word in column.choices}
    word = fold(text)
    for cell, value in choices.items():
        if folded(cell) == word:
            return value
    raise BadCell(Message("not one of the `choices` in the mapping"))


def _phone(text: str, language: str) -> str:
    try:
        return to_e164(text, region_of(language))
    except Invalid as error:
        raise BadCell(str(error)) from error


def moment(text: str, time_zone: ZoneInfo) -> datetime:
    """`2026-11-20`, `2026/11/20 9:30`, `2026年11月20日`, with or without an offset, as UTC; midnight without a time.

    Raises: `BadCell`.
    """
    parsed = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if parsed is None:
        raise BadCell(Message("not a date; write it as 2026-11-20 or 2026/11/20 09:30"))
    *numbers, offset = parsed.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=time_zone)
        if offset:
            at = datetime.strptime(f"{at:%Y-%m-%d %H:%M:%S}{offset.strip()}", "%Y-%m-%d %H:%M:%S%z")
    except ValueError as error:
        raise BadCell(Message("a day or time that does not exist")) from error
    if not 1900 <= at.year <= 2100:
        raise BadCell(Message("a year before 1900 or after 2100"))
    return at.astimezone(UTC)
