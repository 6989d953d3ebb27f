"""Parses a request body into names and values. Any input gives either values or a `BodyError`.

Each limit is checked before the costly step: size before parsing, depth and counts before validation.
"""

import base64
import binascii
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import multipart

from sodate.errors import Invalid

MAXIMUM_BYTES = 64 * 1024
_MAXIMUM_DEPTH = 32
_MAXIMUM_KEYS = 500
_MAXIMUM_ITEMS = 1_000
_MAXIMUM_NUMBER = 100

Raw = dict[str, Any]


class BodyError(Invalid):
    """`status` is the HTTP status: 400, 413, 415 or 422."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code)
        self.status = status


def decode(body: str | None, is_base64: bool) -> bytes:
    """Decode API Gateway's body field, at most 64 KiB.

    Raises: `BodyError` 413 before anything is decoded or parsed; 400 for a bad encoding.
    """
    text = body or ""
    if len(text) > (MAXIMUM_BYTES * 4 // 3 + 4 if is_base64 else MAXIMUM_BYTES):
        raise BodyError(413, "too_large", f"send at most {MAXIMUM_BYTES // 1024} KiB")
    try:
        data = base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise BodyError(400, "bad_encoding", "the body could not be decoded") from error
    if len(data) > MAXIMUM_BYTES:
        raise BodyError(413, "too_large", f"send at most {MAXIMUM_BYTES // 1024} KiB")
    return data


def parse_json(data: bytes, headers: Mapping[str, str], most_keys: int) -> Raw:
    """A JSON object of a system, with at most `most_keys` keys on all its levels.

    Raises: `BodyError`.
    """
    media, parameters = content_type(headers.get("content-type", ""))
    if media != "application/json" or headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise BodyError(415, "content_type", "send application/json, without Content-Encoding")
    return _json(_text(data, parameters), most_keys)


def parse_body(data: bytes, headers: Mapping[str, str]) -> Raw:
    """`headers` have lower-case names.

    Raises: `BodyError`.
    """
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise BodyError(415, "content_encoding", "send the body without Content-Encoding")
    media, parameters = content_type(headers.get("content-type", ""))
    if media == "application/json":
        return _json(_text(data, parameters))
    if media == "application/x-www-form-urlencoded":
        return _urlencoded(_text(data, parameters))
    if media == "multipart/form-data":
        return _multipart(data, parameters)
    raise BodyError(
        415, "content_type", "send application/json, application/x-www-form-urlencoded or multipart/form-data"
    )


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """Media type and parameters of the header `Content-Type`, names in lower case; an unreadable one is empty."""
    message = Message()
    message["content-type"] = value.replace("\r", " ").replace("\n", " ")
    parameters = message.get_params(failobj=[])
    if not value or not parameters:
        return "", {}
    return str(parameters[0][0]).lower(), {str(name).lower(): str(text) for name, text in parameters[1:]}


def _text(data: bytes, parameters: Mapping[str, str]) -> str:
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise BodyError(400, "charset", "send UTF-8")
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyError(400, "charset", "the body is not UTF-8") from error


def _json(text: str, most_keys: int = _MAXIMUM_KEYS) -> Raw:
    try:
        value = json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_decimal, parse_int=_integer
        )
        _check_shape(value, most_keys)
        text_of_all = json.dumps(value, ensure_ascii=False, default=str)
        text_of_all.encode()
    except (ValueError, RecursionError) as error:
        if isinstance(error, BodyError):
            raise
        raise BodyError(400, "bad_json", "the body is not valid JSON") from error
    if not isinstance(value, dict):
        raise BodyError(400, "object_required", "send one JSON object with the form's fields")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> Raw:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key appears twice")
    return values


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _decimal(text: str) -> Decimal:
    if len(text) > _MAXIMUM_NUMBER:
        raise ValueError("number out of range")
    try:
        number = Decimal(text)
    except ArithmeticError as error:  # the exponent exceeds Decimal; decimal's errors are not ValueErrors
        raise ValueError("number out of range") from error
    if abs(number.adjusted()) > 100:
        raise ValueError("number out of range")
    return number


def _integer(text: str) -> int:
    if len(text) > _MAXIMUM_NUMBER:
        raise ValueError("number out of range")
    return int(text)


def _check_shape(value: Any, most_keys: int) -> None:
    """Iterative: the depth limit must not depend on the interpreter's stack."""
    level, depth, keys = [value], 0, 0
    while level:
        depth += 1
        keys += sum(len(item) for item in level if isinstance(item, dict))
        if depth > _MAXIMUM_DEPTH or keys > most_keys:
            raise BodyError(422, "too_complex", "a form has no such depth or number of fields")
        if any(isinstance(item, list) and len(item) > _MAXIMUM_ITEMS for item in level):
            raise BodyError(422, "too_complex", "a list is too long")
        level = [child for item in level for child in _children(item)]


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _urlencoded(text: str) -> Raw:
    if text.lstrip().startswith(("{", "[")):
        raise BodyError(400, "bad_form", "this is JSON; send it as application/json")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise BodyError(400, "bad_form", "the body is not a UTF-8 form post") from error
    return _collect(pairs)


def _multipart(data: bytes, parameters: Mapping[str, str]) -> Raw:
    boundary = parameters.get("boundary", "")
    if not boundary or f"--{boundary}".encode() not in data:
        raise BodyError(400, "bad_multipart", "the multipart boundary is missing")
    pairs: list[tuple[str, str]] = []
    try:
        parser = multipart.MultipartParser(
            io.BytesIO(data), boundary, charset="utf-8", memory_limit=MAXIMUM_BYTES * 2, disk_limit=1, strict=True
        )
        for part in parser:
            if part.filename is not None:
                raise BodyError(422, "files_not_taken", "this form takes no files")
            pairs.append((part.name, part.value))
    except (multipart.MultipartError, UnicodeDecodeError, LookupError) as error:
        raise BodyError(400, "bad_multipart", "the multipart body is broken") from error
    return _collect(pairs)


def _collect(pairs: list[tuple[str, str]]) -> Raw:
    if not pairs:
        raise BodyError(400, "empty", "the body is empty")
    if len(pairs) > _MAXIMUM_KEYS:
        raise BodyError(422, "too_complex", "too many fields")
    values: Raw = {}
    for name, value in pairs:
        if name in values:
            current = values[name]
            values[name] = [*(current if isinstance(current, list) else [current]), value]
        else:
            values[name] = value
    return values
