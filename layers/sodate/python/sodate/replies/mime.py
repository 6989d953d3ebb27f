"""The parts of an email, read with bounds: a hostile message costs no more than a long one. Pure.

Python's own parser recurses once per nested multipart and keeps every part, so a thousand of them end it. This one
walks with a stack, opens neither archives nor attached messages, and stops at each bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from sodate.replies.decoding import decoded, transfer_decoded

#: What is read of an email; the rest of it (attachments) is not needed.
READ_BYTES = 512 * 1024
LARGEST_HEADER, MOST_HEADERS, LONGEST_VALUE = 128 * 1024, 400, 8000
MOST_PARTS, DEEPEST = 100, 8
#: Characters of one text part.
LONGEST_TEXT = 100_000
_PARSER = BytesHeaderParser(policy=compat32)


@dataclass(frozen=True)
class Fields:
    """Header fields in their order, names in lower case, values unfolded and still encoded."""

    pairs: tuple[tuple[str, str], ...]

    def first(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


@dataclass(frozen=True)
class Part:
    """One leaf. `content` is still encoded; `parameters`: of Content-Type."""

    type: str
    charset: str | None
    encoding: str
    is_attachment: bool
    content: bytes
    method: str | None = None

    @property
    def text(self) -> str:
        """Decoded and bounded."""
        # base64 has at most 4 letters for 3 bytes, quoted-printable 3 for one, and a character has at most 4 bytes.
        return decoded(transfer_decoded(self.content[: 12 * LONGEST_TEXT], self.encoding), self.charset)[:LONGEST_TEXT]


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Header block and body."""
    ends = [(at, mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    if not ends:
        return raw[:LARGEST_HEADER], b""
    at, mark = min(ends)
    return raw[: min(at, LARGEST_HEADER)], raw[at + len(mark) :]


def fields_of(block: bytes) -> Fields:
    return _fields(_PARSER.parsebytes(block[:LARGEST_HEADER] + b"\r\n\r\n"))


def _fields(message: "Message[str, str]") -> Fields:
    pairs = []
    for name, value in message.raw_items():
        unfolded = " ".join(str(value)[:LONGEST_VALUE].replace("\x00", "").split())
        pairs.append((str(name).strip().lower()[:200], unfolded))
        if len(pairs) == MOST_HEADERS:
            break
    return Fields(tuple(pairs))


def parts_of(raw: bytes) -> Iterator[Part]:
    """The leaves in their order: at most `MOST_PARTS`, nested at most `DEEPEST` deep."""
    waiting = [(raw, 0)]
    seen = 0
    while waiting and seen < MOST_PARTS:
        content, depth = waiting.pop()
        seen += 1
        block, body = split(content)
        message = _PARSER.parsebytes(block + b"\r\n\r\n")
        kind, boundary = _type_of(message), _parameter(message, "boundary")
        if kind.startswith("multipart/") and boundary and depth < DEEPEST:
            inner = _between(body, boundary, MOST_PARTS - seen)
            waiting += [(part, depth + 1) for part in reversed(inner)]
        else:
            yield _leaf(message, kind, body)


def _leaf(message: "Message[str, str]", kind: str, body: bytes) -> Part:
    disposition = str(message.get("Content-Disposition", ""))[:LONGEST_VALUE].strip().lower()
    return Part(
        type=kind,
        charset=_parameter(message, "charset"),
        encoding=str(message.get("Content-Transfer-Encoding", ""))[:40],
        is_attachment=disposition.startswith("attachment") or _parameter(message, "name") is not None,
        content=body,
        method=_parameter(message, "method"),
    )


def _between(body: bytes, boundary: str, most: int) -> list[bytes]:
    """What stands between the lines of the boundary, without preamble and epilogue."""
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    found: list[bytes] = []
    start, at = -1, 0
    while len(found) < most:
        at = body.find(mark, at)
        if at < 0:
            break
        is_line = at == 0 or body[at - 1 : at] == b"\n"
        after = body[at + len(mark) : at + len(mark) + 2]
        if not is_line or (after and not after.startswith((b"\r", b"\n", b"--", b" ", b"\t"))):
            at += len(mark)
            continue
        if start >= 0:
            found.append(body[start:at].removesuffix(b"\n").removesuffix(b"\r"))
        line_end = body.find(b"\n", at)
        if after.startswith(b"--") or line_end < 0:
            return found
        start = at = line_end + 1
    if 0 <= start < len(body) and len(found) < most:
        found.append(body[start:])  # the end was cut off
    return found


def _type_of(message: "Message[str, str]") -> str:
    value = str(message.get("Content-Type", "text/plain"))[:LONGEST_VALUE]
    return value.partition(";")[0].strip().lower() or "text/plain"


def _parameter(message: "Message[str, str]", name: str) -> str | None:
    """A parameter of Content-Type; None for one that cannot be read."""
    value = str(message.get("Content-Type", ""))
    if len(value) > LONGEST_VALUE:
        return None
    try:
        found = message.get_param(name)
    except (ValueError, TypeError, IndexError):
        return None
    return (found[2] if isinstance(found, tuple) else found) or None


def parameter_of(fields: Fields, name: str) -> str | None:
    """The same of the outermost Content-Type."""
    message: Message[str, str] = Message()
    message["Content-Type"] = fields.first("content-type")
    return _parameter(message, name)
