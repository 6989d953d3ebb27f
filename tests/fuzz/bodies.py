"""Random posts of a form: every content type, each part of it possibly broken. A seed gives the same posts again."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

Post = tuple[str, str | None, dict[str, str], bool]
"""What kind it is, body, headers, whether the body is said to be base64."""

_NAMES = (
    "email",
    "name",
    "company",
    "title",
    "phone",
    "message",
    "interest",
    "agree",
    "_submission_id",
    "_token",
    "_website",
    "_redirect",
    "_page_url",
    "_time_zone",
    "_captcha",
    "_utm_source",
    "_gclid",
    "__proto__",
    "pk",
    "",
    "\u202e",
    "a" * 300,
)
_TEXTS = (
    "taro@example.jp",
    "ｔａｒｏ＠example.jp",
    "tana\u212aa@x.jp",
    "a@b",
    "\x00",
    "\ud800",
    "\udfff",
    "\u2028",
    "{{7*7}}",
    "<svg onload=1>",
    "=cmd()",
    "\r\nBcc: z@z",
    "",
    " ",
    "部長",
    "０９０１２３４５６７８",
    "2026-02-30",
    "on",
    "true",
    "Mars/X",
    "https://x.example/?a=%ff",
    "👨‍👩‍👧" * 30,
    "a" * 5_000,
    "\u1fef",
    "%zz",
    "\ufeff",
)
_NUMBERS = (
    "0",
    "-0",
    "1.5",
    "1e999",
    "-1E-999",
    "0.4e0066999999999999999999006",
    "1e99999999999999999999",
    "9" * 5_000,
    "0e999999999",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "1.",
    ".5",
    "0x10",
    "1_0",
    "9" * 39,
)
_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=XX",
    "text/plain",
    "",
    "application/json; charset=utf-16",
    "application/json; charset=\udcff",
    "multipart/form-data",
    ";;;=",
    "json",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=" + "x" * 300,
    "a/b; c*=utf-8''%ff",
    "application/json;charset*0=u;charset*1=tf-8",
    "\r\nX: y",
)


def random_post(draw: random.Random) -> Post:
    (kind,) = draw.choices(list(_KINDS), (6, 2, 5, 5, 1, 1, 1))
    body, content_type = _KINDS[kind](draw)
    if draw.random() < 0.1:
        content_type = draw.choice(_TYPES)
    headers = {"content-type": content_type}
    if draw.random() < 0.1:
        headers[draw.choice(("origin", "accept", "content-encoding", "content-length"))] = draw.choice(_TEXTS)
    if draw.random() < 0.05:
        headers.pop("content-type")
    if draw.random() < 0.15:
        body = _damaged(draw, body)
    if draw.random() < 0.2:
        return kind, base64.b64encode(body).decode(), headers, draw.random() < 0.8
    try:
        text = body.decode("utf-8", draw.choice(("strict", "surrogatepass")))
    except UnicodeDecodeError:
        text = body.decode("utf-8", "surrogateescape") if draw.random() < 0.5 else body.decode("latin-1")
    return kind, None if draw.random() < 0.01 else text, headers, draw.random() < 0.05


def _damaged(draw: random.Random, body: bytes) -> bytes:
    at = draw.randrange(len(body) + 1)
    return draw.choice((body[:at], body[at:], body[:at] + draw.randbytes(draw.randrange(8)) + body[at:], body * 2))


def _text(draw: random.Random) -> str:
    if draw.random() < 0.7:
        return draw.choice(_TEXTS)
    return "".join(chr(draw.choice((draw.randrange(128), draw.randrange(0x3000), draw.randrange(0x110000))))
                   for _ in range(draw.randrange(20)))  # fmt: skip


def _value(draw: random.Random, depth: int = 0) -> str:
    roll = draw.random()
    if roll < 0.45:
        return json.dumps(_text(draw), ensure_ascii=draw.random() < 0.7)
    if roll < 0.65:
        return draw.choice(_NUMBERS)
    if roll < 0.8:
        return draw.choice(("true", "false", "null"))
    if roll < 0.83:
        deep = draw.choice((5, 33, 3_000))
        return "[" * deep + "]" * deep
    if depth > 3:
        return "0"
    inner = [_value(draw, depth + 1) for _ in range(draw.randrange(4))]
    return f"[{','.join(inner)}]" if roll < 0.92 else "{" + ",".join(f'"{n}":{v}' for n, v in enumerate(inner)) + "}"


def _good(draw: random.Random) -> dict[str, Any]:
    number = draw.randrange(50)
    return {"email": f"taro{number}@example.jp", "name": "山田", "company": "例示", "title": "部長", "agree": True}


def _json(draw: random.Random) -> tuple[bytes, str]:
    count = 1_000 if draw.random() < 0.002 else draw.choice((0, 0, 0, 1, 2, 7))
    pairs = [f"{json.dumps(draw.choice(_NAMES))}:{_value(draw)}" for _ in range(count)]
    if draw.random() < 0.5:
        pairs += [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in _good(draw).items()]
    return ("{" + ",".join(pairs) + "}").encode("utf-8", "surrogatepass"), "application/json"


def _form(draw: random.Random) -> tuple[bytes, str]:
    count = 1_000 if draw.random() < 0.002 else draw.choice((0, 0, 0, 1, 2, 7))
    pairs = [(draw.choice(_NAMES), _text(draw)) for _ in range(count)]
    if draw.random() < 0.5:
        pairs += [(name, str(value)) for name, value in _good(draw).items()]
    text = draw.choice("&&&;").join(
        f"{quote_plus(n.encode('utf-8', 'surrogatepass'))}={quote_plus(v.encode('utf-8', 'surrogatepass'))}"
        for n, v in pairs
    )
    return text.encode(), "application/x-www-form-urlencoded"


def _multipart(draw: random.Random) -> tuple[bytes, str]:
    parts = []
    for name, value in [*_good(draw).items(), *((draw.choice(_NAMES), _text(draw)) for _ in range(draw.randrange(4)))]:
        more = '; filename="x"' if draw.random() < 0.02 else ""
        parts.append(f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n')
    if draw.random() < 0.15:
        parts.append(f"--XX\r\n{_text(draw)}\r\n\r\n\r\n")
    end = draw.choice(("--XX--\r\n", "--XX--", "--XX", ""))
    boundary = draw.choice(("XX", "XX", "XX", '"XX"', "YY", "", "X" * 300, "日本"))
    return ("".join(parts) + end).encode("utf-8", "surrogatepass"), f"multipart/form-data; boundary={boundary}"


_KINDS: dict[str, Callable[[random.Random], tuple[bytes, str]]] = {
    "json": _json,
    "json value": lambda draw: (_value(draw).encode("utf-8", "surrogatepass"), "application/json"),
    "urlencoded": _form,
    "multipart": _multipart,
    "text": lambda draw: (_text(draw).encode("utf-8", "surrogatepass"), "text/plain"),
    "bytes": lambda draw: (draw.randbytes(draw.randrange(200)), draw.choice(_TYPES)),
    "empty": lambda draw: (b"", draw.choice(_TYPES)),
}
