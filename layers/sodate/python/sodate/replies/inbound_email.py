"""An email that came in, as a value: what the decisions about it need, bounded in every direction. Pure."""

import re
from dataclasses import dataclass

from sodate.replies.decoding import header_text
from sodate.replies.html_text import text_of
from sodate.replies.mime import Fields, Part, fields_of, parameter_of, parts_of, split
from sodate.replies.own_words import OwnWords, own_words
from sodate.replies.receipt import Receipt, receipt_of

_LONGEST_ADDRESSES, MOST_ADDRESSES = 4000, 50
_LONGEST_SUBJECT = 500
_MESSAGE_ID = re.compile(r"<([^<>\s]{3,300})>")
_IN_BRACKETS = re.compile(r"<\s*([^<>\s@]{1,64}@[^<>\s@]{1,255})\s*>")
_BARE = re.compile(r"([^\s<>\"(),;:@]{1,64}@[^\s<>\"(),;:@]{1,255})(?:\s*\([^()]{0,200}\))?")
#: Where an address of ours may stand; the envelope is in `Received`, which SES writes.
_ADDRESSED = (
    "to",
    "cc",
    "delivered-to",
    "x-original-to",
    "x-forwarded-to",
    "resent-to",
    "envelope-to",
    "apparently-to",
)
#: A second one of these is no email of a mail program.
_ONCE = ("from", "subject", "message-id", "sender", "in-reply-to")


@dataclass(frozen=True)
class InboundEmail:
    """`sender`: the address in From, in lower case; empty when there is none. `text`: everything readable; `words`:
    what the writer added to the quoted email. `report`: type of a `multipart/report`.
    """

    fields: Fields
    receipt: Receipt
    sender: str
    subject: str
    type: str
    report: str | None
    text: str
    words: OwnWords
    attachments: int
    is_calendar_reply: bool
    is_cut: bool

    @property
    def message_id(self) -> str:
        found = _MESSAGE_ID.search(self.fields.first("message-id"))
        return found[1] if found else ""

    @property
    def references(self) -> list[str]:
        """Ids of the emails that this one answers, the nearest first."""
        near = _MESSAGE_ID.findall(self.fields.first("in-reply-to"))
        return list(dict.fromkeys([*near, *reversed(_MESSAGE_ID.findall(self.fields.first("references")))]))[:50]

    @property
    def addressed(self) -> str:
        """Every text in which an address of ours may stand: the envelope first, then the headers."""
        return "\n".join([self.receipt.recipient, *(v for n in _ADDRESSED for v in self.fields.every(n))])

    @property
    def recipients(self) -> list[str]:
        """Addresses in To and Cc."""
        values = [value[:_LONGEST_ADDRESSES] for name in ("to", "cc") for value in self.fields.every(name)[:5]]
        return _addresses(values)[:MOST_ADDRESSES]

    @property
    def has_duplicates(self) -> bool:
        return any(len(self.fields.every(name)) > 1 for name in _ONCE)


def read_email(raw: bytes, *, is_cut: bool) -> InboundEmail:
    """`raw`: the email or its beginning (`mime.READ_BYTES`); never raises for any bytes."""
    fields = fields_of(split(raw)[0])
    parts = list(parts_of(raw))
    text, shown = _readable(parts)
    kind = fields.first("content-type").partition(";")[0].strip().lower() or "text/plain"
    report = (parameter_of(fields, "report-type") or "").lower() if kind == "multipart/report" else None
    senders = _addresses([fields.first("from")[:_LONGEST_ADDRESSES]])
    return InboundEmail(
        fields=fields,
        receipt=receipt_of(fields),
        sender=senders[0] if senders else "",
        subject=header_text(fields.first("subject"))[:_LONGEST_SUBJECT],
        type=kind,
        report=report,
        text=text,
        words=own_words(text),
        attachments=sum(part is not shown and _is_file(part) for part in parts),
        is_calendar_reply=any(part.type == "text/calendar" and part.method for part in parts),
        is_cut=is_cut,
    )


def _readable(parts: list[Part]) -> tuple[str, Part | None]:
    """The first text part that says something, else the first HTML part."""
    shown = [part for part in parts if not part.is_attachment]
    for part in shown:
        if part.type == "text/plain" and (text := part.text.strip()):
            return text, part
    for part in shown:
        if part.type == "text/html" and (text := text_of(part.text)):
            return text, part
    return "", None


def _is_file(part: Part) -> bool:
    return part.is_attachment or part.type.partition("/")[0] not in ("text", "multipart", "message")


def _addresses(values: list[str]) -> list[str]:
    """In lower case. The address in angle brackets counts, whatever the display name before it claims.

    Python's own reader of addresses recurses once per bracket of a comment, so a hostile header would end it.
    """
    found: list[str] = []
    for value in values:
        found += [address.lower() for address in _IN_BRACKETS.findall(value)]
        bare = (part.strip() for part in _IN_BRACKETS.sub("<>", value).split(",") if "<" not in part)
        found += [match[1].lower() for part in bare if (match := _BARE.fullmatch(part))]
    return list(dict.fromkeys(found))
