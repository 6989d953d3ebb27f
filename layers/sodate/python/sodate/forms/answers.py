"""Validates raw form values against the form definition. One error lists every invalid field.

Values are stored as typed and compared folded: normalisation never changes how a lead wrote their own name.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sodate.errors import Invalid
from sodate.forms.definition import Form, FormField
from sodate.leads.address import Address, parse_address
from sodate.leads.phone import region_of, to_e164
from sodate.leads.text import digits, fold, one_line

_YES = {"on", "true", "1", "yes", "はい", "同意する"}
_NO = {"", "off", "false", "0", "no"}
_LONGEST_NUMBER = 38
_EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 12, 31)


class FieldErrors(Invalid):
    def __init__(self, fields: dict[str, list[str]]) -> None:
        names = ", ".join(f"{name} ({', '.join(codes)})" for name, codes in fields.items())
        super().__init__(f"please correct: {names}", "invalid_fields")
        self.fields = fields


class _Wrong(Exception):
    """The message is the error code of one field."""


@dataclass(frozen=True)
class Answers:
    address: Address
    values: dict[str, Any]
    primary: dict[str, Any]
    secondary: dict[str, Any]


def read_answers(form: Form, raw: dict[str, Any]) -> Answers:
    """`raw` without reserved names. Raises `FieldErrors`."""
    known = {field.name for field in form.fields}
    wrong = {str(name)[:60]: ["unknown_field"] for name in raw if name not in known}
    values: dict[str, Any] = {}
    address: Address | None = None
    for field in form.fields:
        try:
            value = _read(field, raw.get(field.name), form)
        except _Wrong as error:
            wrong[field.name] = [str(error)]
            continue
        if isinstance(value, Address):
            address, value = value, value.typed
        if value not in (None, "", []):
            values[field.name] = value
    if wrong or address is None:
        raise FieldErrors(wrong)
    groups: dict[str, dict[str, Any]] = {"primary": {}, "secondary": {}}
    for field in form.fields:
        if field.maps_to and field.name in values and field.type != "email":
            group, _, name = field.maps_to.partition(".")
            groups[group][name] = values[field.name]
    return Answers(address, values, groups["primary"], groups["secondary"])


def _read(field: FormField, value: Any, form: Form) -> Any:
    if isinstance(value, list):
        value = [one for one in value if one != ""]  # Contact Form 7 sends a group without a tick as [""]
    if value is None or value == "" or value == []:
        if field.required:
            raise _Wrong("required")
        return False if field.type == "checkbox" else None
    read = _READERS[field.type](field, value, form)
    if field.required and read in (None, "", [], False):
        raise _Wrong("required")
    return read


def _string(field: FormField, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _Wrong("type")
    text = str(value)
    if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x85" for c in text):
        raise _Wrong("control_character")
    if len(text.strip()) > field.length_limit or len(text.encode()) > field.length_limit * 4 + 64:
        raise _Wrong("too_long")
    return text


def _text(field: FormField, value: Any, _: Form) -> str:
    return one_line(_string(field, value))


def _long_text(field: FormField, value: Any, _: Form) -> str:
    return _string(field, value).replace("\r\n", "\n").replace("\r", "\n").strip()


def _email(field: FormField, value: Any, _: Form) -> Address:
    if not isinstance(value, str):
        raise _Wrong("type")
    if len(value) > 400:
        raise _Wrong("email")
    try:
        return parse_address(value)
    except Invalid as error:
        raise _Wrong("email") from error


def _phone(field: FormField, value: Any, form: Form) -> str:
    try:
        return to_e164(_string(field, value), region_of(form.language))
    except Invalid as error:
        raise _Wrong("phone") from error


def _choice(field: FormField, value: Any, _: Form) -> str:
    wanted = fold(_string(field, value))
    for choice in field.choices:
        if fold(choice.value) == wanted:
            return choice.value
    raise _Wrong("choice")


def _hidden(field: FormField, value: Any, form: Form) -> str:
    return _choice(field, value, form) if field.choices else _text(field, value, form)


def _multiple_choice(field: FormField, value: Any, form: Form) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if len(values) > len(field.choices):
        raise _Wrong("choice")
    return list(dict.fromkeys(_choice(field, item, form) for item in values))


def _number(field: FormField, value: Any, _: Form) -> str:
    text = digits(_string(field, value)).replace(",", "")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise _Wrong("number") from error
    if not number.is_finite() or len(number.as_tuple().digits) > _LONGEST_NUMBER or abs(number.adjusted()) > 30:
        raise _Wrong("number")
    if field.minimum is not None and number < Decimal(str(field.minimum)):
        raise _Wrong("too_small")
    if field.maximum is not None and number > Decimal(str(field.maximum)):
        raise _Wrong("too_large")
    return format(number, "f")


def _nps(field: FormField, value: Any, _: Form) -> str:
    """The answer to "how likely would you recommend us?": 0 to 10."""
    text = digits(_string(field, value))
    if not text.isascii() or not text.isdecimal() or len(text) > 2 or int(text) > 10:
        raise _Wrong("nps")
    return str(int(text))


def _date(field: FormField, value: Any, _: Form) -> str:
    text = digits(_string(field, value)).replace("/", "-")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _Wrong("date") from error
    if not _EARLIEST <= day <= _LATEST:
        raise _Wrong("date")
    return day.isoformat()


def _checkbox(_: FormField, value: Any, __: Form) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _Wrong("type")
    if is_yes(value) or fold(value) in _NO:
        return is_yes(value)
    raise _Wrong("type")


def is_yes(value: str) -> bool:
    """How a ticked checkbox is sent."""
    return fold(value) in _YES


_READERS: dict[str, Callable[[FormField, Any, Form], Any]] = {
    "email": _email,
    "text": _text,
    "long_text": _long_text,
    "phone": _phone,
    "choice": _choice,
    "multiple_choice": _multiple_choice,
    "number": _number,
    "nps": _nps,
    "date": _date,
    "checkbox": _checkbox,
    "hidden": _hidden,
}
