"""What is wrong with one value, and what to write instead, in the words of an author. Pure.

Values are looked at for what a Japanese keyboard and spreadsheets make of them: full-width digits and marks, commas in
numbers, typographic quotes. Then the hint is the value as it should be.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic_core import ErrorDetails

from sodate.messages import Message
from sodate.playbook.problem import did_you_mean

_NUMBER, _DIGITS = Message("must be a number"), Message("write digits only")
_WHOLE = Message("must be a whole number")
_KEYS, _KEY_LINES = Message("must be keys and values"), Message("write `key: value` lines, indented below")
_LIST, _ENTRIES = Message("must be a list"), Message("begin each entry with `- ` on a line of its own")
_BOOL, _TRUE_FALSE = Message("must be true or false"), Message("write `true` or `false`")
_DATE, _AS_DATE = Message("must be a date"), Message("write it as `2026-11-20`")
#: Kind of pydantic's error → what the value must be, and how it is written.
_WORDS = {
    "string_type": (Message("must be text"), Message("put it in quotes")),
    "int_type": (_WHOLE, Message("write digits without quotes")),
    "int_parsing": (_WHOLE, _DIGITS),
    "int_parsing_size": (_WHOLE, Message("write a smaller number")),
    "int_from_float": (_WHOLE, Message("no decimal point here")),
    "float_type": (_NUMBER, _DIGITS),
    "float_parsing": (_NUMBER, _DIGITS),
    "finite_number": (_NUMBER, _DIGITS),
    "decimal_type": (_NUMBER, _DIGITS),
    "decimal_parsing": (_NUMBER, _DIGITS),
    "bool_type": (_BOOL, _TRUE_FALSE),
    "bool_parsing": (_BOOL, _TRUE_FALSE),
    "date_type": (_DATE, _AS_DATE),
    "date_parsing": (_DATE, _AS_DATE),
    "date_from_datetime_parsing": (_DATE, _AS_DATE),
    "date_from_datetime_inexact": (_DATE, _AS_DATE),
    "tuple_type": (_LIST, _ENTRIES),
    "list_type": (_LIST, _ENTRIES),
    "set_type": (_LIST, _ENTRIES),
    "frozen_set_type": (_LIST, _ENTRIES),
    "dict_type": (_KEYS, _KEY_LINES),
    "model_type": (_KEYS, _KEY_LINES),
    "model_attributes_type": (_KEYS, _KEY_LINES),
    "string_unicode": (Message("is not readable text"), Message("save the file as UTF-8")),
}
#: Quotes of word processors and of Japanese keyboards.
_QUOTES = '“”„‟＂"「」『』‘’＇'
_NO_DAY = ("day value is outside", "month value is outside")
#: Explanations of our own regular expressions.
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,59}$": Message(
        "lower-case letters, digits and hyphens, 60 at most, e.g. `request-materials`"
    ),
    r"^[a-z][a-z0-9_]{0,39}$": Message(
        "a lower-case letter, then letters, digits and `_`, 40 at most, e.g. `start_date`"
    ),
    r"^(primary|secondary)\.[a-z][a-z0-9_]{0,39}$": Message("write `primary.<name>` or `secondary.<name>`"),
    r"^(primary|secondary|source)\.[a-z][a-z0-9_]{0,39}$": Message(
        "`primary.<name>`, `secondary.<name>` or `source.<name>`"
    ),
    r"^((primary|secondary|source)\.[a-z][a-z0-9_]{0,39}|company\.(name|industry|region|employees))$": (
        Message(
            "`primary.<name>`, `secondary.<name>`, `source.<name>`, or `company.` with name, industry,"
            " region or employees"
        )
    ),
    r"^/[^*]*(\*[^*]*){0,2}$": Message("begin with `/`, and use `*` twice at most: `/pricing/*`"),
    r"^[ABC][123]$": Message("write a rank from A1 to C3"),
    r"^(email|external_id|created|updated|(primary|secondary|source)\.[a-z][a-z0-9_]{0,39})$": (
        Message(
            "write `email`, `external_id`, `created`, `updated`, or `primary.<name>`, `secondary.<name>`,"
            " `source.<name>`"
        )
    ),
    r"^https?://[a-z0-9.-]+(:\d{1,5})?$": Message(
        "scheme and host only, no path or final slash: `https://www.example.jp`"
    ),
    r"^(https?://[a-z0-9.-]+(:\d{1,5})?|http://localhost:\*)$": Message(
        "scheme and host only, no path or final slash: `https://www.example.jp`"
    ),
    r"^[^_\s\x00-\x1f][^\x00-\x1f]{0,99}$": Message("1 to 100 characters, not beginning with `_`: `your-email`"),
    r"^https?://[^\s\x00-\x1f\\]+$": Message("write a full address: `https://www.example.jp/thanks`"),
    r"^([01]\d|2[0-3]):[0-5]\d$": Message("write hours and minutes: `10:00`"),
    r"^[A-Z]{2}$": Message("write the country code: `JP`"),
    r"^[^\r\n]+$": Message("one line only"),
    r"^[!-9;-?A-~]+@[a-z0-9.-]+$": Message("write an ASCII mail address, its domain in lower case: `info@example.jp`"),
}


#: List that has too many entries → what to write instead.
_FEWER: dict[str | int | None, str] = {
    "any": Message("write `any_of` for the values of one attribute, or put some into an `any` inside it"),
    "all": Message("write `all_of` for the values of one list, or put some into an `all` inside it"),
}


def said(detail: ErrorDetails) -> tuple[str, str]:
    """Message and hint for an error about one value."""
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind in ("literal_error", "enum"):
        return _not_possible(value, re.findall(r"'([^']+)'", str(context.get("expected", ""))))
    if kind == "string_pattern_mismatch":
        return _not_as_written(value, str(context.get("pattern")))
    if "error" in context and any(part in str(context["error"]) for part in _NO_DAY):
        message = Message("`{input}` is no day of the calendar", input=short(value))
        return message, Message("write a day that exists, as `2026-11-30`")
    if kind in _WORDS:
        must, written = _WORDS[kind]
        return Message("{must}, this is {what}", must=must, what=_what(value)), _mend(must, value) or written
    key = detail["loc"][-1] if detail["loc"] else None
    mend = _FEWER.get(key, Message("take some out")) if kind == "too_long" else _limit_hint(kind)
    limit = _limits(kind, context)
    return (limit, mend) if limit else (Message(detail["msg"]), Message("see docs/playbook.md"))


def _not_possible(value: Any, allowed: list[str]) -> tuple[str, str]:
    half = half_width(value) if isinstance(value, str) else ""
    near = Message("write it half-width: `{half}`", half=half) if half in allowed and half != value else ""
    return Message("`{input}` is not possible here", input=short(value)), near or did_you_mean(str(value), allowed)


def _not_as_written(value: Any, pattern: str) -> tuple[str, str]:
    message = Message("`{input}` is not written as it must be", input=short(value))
    for half, hint in _candidates(str(value)):
        if half != value and re.search(pattern, half):
            return message, hint
    if re.search("[、，]", str(value)):
        return message, Message("separate entries with a half-width comma and a space: `, `")
    return message, _PATTERNS.get(pattern) or Message("it must match {pattern}", pattern=pattern)


def _candidates(value: str) -> Iterator[tuple[str, Message]]:
    """The value as the author may have meant it."""
    half = half_width(value)
    yield half, Message("write it half-width: `{half}`", half=half)
    if re.fullmatch(r"\d:\d\d", half):
        yield f"0{half}", Message("write it with two digits for the hour, in quotes: `{half}`", half=f"0{half}")
    yield half.lower(), Message("write it in lower case: `{half}`", half=half.lower())


def half_width(value: str) -> str:
    """`value` with half-width digits, letters and marks, and without quotes around it that are no YAML."""
    return unicodedata.normalize("NFKC", value).strip().strip(_QUOTES).strip()


def _mend(must: Message, value: Any) -> Message | None:
    """The value as it should be, where that can be seen from what was written."""
    if value is None:
        return Message("write it after the `:`; a text that begins with `#` must be in quotes")
    if must == _WORDS["string_type"][0] and isinstance(value, bool | int | float):
        return Message('put it in quotes: "{value}"', value=str(value).lower() if isinstance(value, bool) else value)
    if not isinstance(value, str):
        return None
    if must in (_NUMBER, _WHOLE) and (number := _number(value)):
        return Message("write only half-width digits, without commas and units: `{number}`", number=number)
    if must == _DATE and (day := re.fullmatch(r"(\d{4})[./年-](\d{1,2})[./月-](\d{1,2})日?", half_width(value))):
        return Message("write it as `{date}`", date=f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}")
    if must == _LIST:
        return Message(
            "write it in brackets, `[{value}]`, or each entry after `- ` on a line of its own", value=short(value)
        )
    if must == _KEYS and re.match(r"[\w-]+ *[:：]", value):
        return Message("write a half-width `:` and a space after the key")
    return None


def _number(value: str) -> str:
    """`３００，０００円` → `300000`; empty when no number can be seen in it."""
    plain = re.sub(r"[,_\s¥\\円]|万円?$", "", half_width(value))
    try:
        number = Decimal(plain) * (10_000 if re.search("万円?$", half_width(value)) else 1)
    except InvalidOperation:
        return ""
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) < 30 else ""


def _limits(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "string_too_short":
            return Message("must not be empty")
        case "string_too_long":
            return Message("must be at most {max_length} characters", max_length=context["max_length"])
        case "too_short":
            return Message("needs at least {min_length} entries", min_length=context["min_length"])
        case "too_long":
            return Message(
                "must have at most {max_length} entries, it has {actual_length}",
                max_length=context["max_length"],
                actual_length=context["actual_length"],
            )
        case "greater_than_equal":
            return Message("must be {ge} or more", ge=context["ge"])
        case "less_than_equal":
            return Message("must be {le} or less", le=context["le"])
    return _bounds(kind, context)


def _bounds(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "greater_than":
            return Message("must be more than {gt}", gt=context["gt"])
        case "less_than":
            return Message("must be less than {lt}", lt=context["lt"])
        case "decimal_max_digits" | "decimal_max_places" | "decimal_whole_digits":
            return Message("has too many digits")
    return ""


def _limit_hint(kind: str) -> Message:
    match kind:
        case "string_too_short" | "too_short":
            return Message("write it, or leave the key out")
        case "string_too_long":
            return Message("shorten it")
        case "decimal_max_digits" | "decimal_max_places" | "decimal_whole_digits":
            return Message("round it")
    return Message("write another number")


def short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _what(value: object) -> str:
    if value is None:
        return Message("empty")
    if isinstance(value, dict):
        return Message("keys and values")
    if isinstance(value, list | tuple):
        return Message("a list")
    return f"`{short(value)}`"
