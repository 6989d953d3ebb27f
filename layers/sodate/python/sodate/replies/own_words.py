"""What the writer of a reply wrote: without the quoted email, greeting lines of mail programs and the signature. Pure.

Mail programs mark the quoted email in words, in the language of the reader, so this is a table of what they write.
"""

import re
from dataclasses import dataclass

_LONGEST_LINE = 500
#: A line that begins the quoted email. Each is tried on one bounded line, stripped.
_QUOTE_BEGINS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"-{2,}\s?(original message|forwarded message|original appointment|元のメッセージ|転送メッセージ)",
        r"-{3,}\s*(元のメール|元メール|転送されたメッセージ|ここから引用|引用)",
        r"_{20,}$",
        r"on .{5,200}\bwrote:?$",
        r"\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}日?.{0,200}([:：]|のメール|のメッセージ|書きました[。:：]?)$",
        r"\d{1,2}/\d{1,2}/\d{2,4}.{3,200}(wrote|writes)?[:：]$",
        r".{1,120}(さん|様|氏)?(は|が)?(書きました|さんは書きました|のメール)[:：]$",
        r">{1,}\s?on .{5,200}wrote:$",
        r"(le|am|el|il|op) .{5,200}(a écrit|schrieb|escribió|ha scritto|schreef)\b.{0,80}:$",
        r"(begin forwarded message|転送されたメッセージ|転送)[:：]$",
    )
)
_FIELD = re.compile(
    r"\*?(from|sent|to|subject|date|差出人|送信者|送信日時|日時|日付|宛先|件名|送信元)\*?\s?[:：]", re.IGNORECASE
)
#: A signature that a person did not type, or what follows the usual separator.
_SIGNATURE = re.compile(
    r"(--|―{2,}|─{2,}|={5,}|\*{5,}|-{5,}|_{5,}|━{2,}|～{5,}|\+{5,}|♪{3,})\s*$"
    r"|sent from my \w+|get outlook for \w+|sent from (outlook|mail|yahoo|proton)"
    r"|(iphone|ipad|android|スマートフォン|携帯)から送信|outlook for (ios|android)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class OwnWords:
    """`text`: the writer's own lines; `quotes`: the email has a quotation."""

    text: str
    quotes: bool


def own_words(text: str) -> OwnWords:
    own: list[str] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").split("\n")
    quotes, signed, index = False, False, 0
    while index < len(lines):
        line, stripped = lines[index], lines[index].strip()[:_LONGEST_LINE]
        index += 1
        if size := _quote_begins(stripped, lines, index - 1):
            quotes, index = True, index - 1 + size
            if not _is_marked(lines, index):
                break  # everything below is the quoted email
        elif stripped.startswith((">", "＞")):
            quotes = True
        elif _SIGNATURE.match(stripped):
            signed = True
        elif not signed:
            own.append(line.rstrip())
    return OwnWords("\n".join(own).strip(), quotes)


def _is_marked(lines: list[str], index: int) -> bool:
    """Each quoted line is marked, so the writer's own lines may follow."""
    following = (line.strip() for line in lines[index : index + 4])
    return next((line for line in following if line), "").startswith((">", "＞"))


def _quote_begins(line: str, lines: list[str], index: int) -> int:
    """How many lines introduce a quotation here; 0: none does."""
    if not line:
        return 0
    if any(pattern.match(line) for pattern in _QUOTE_BEGINS):
        return 0 if line.startswith("_") and not _has_fields(lines, index + 1) else 1
    # Gmail folds its line after the address: "2026年…<taro@\n example.jp>:".
    following = lines[index + 1].strip()[:_LONGEST_LINE] if index + 1 < len(lines) else ""
    if following.endswith((":", "：")) and re.match(r"on |\d{4}[年/]", line, re.IGNORECASE):
        joined = f"{line} {following}"[:_LONGEST_LINE]
        if any(pattern.match(joined) for pattern in _QUOTE_BEGINS):
            return 2
    return int(_has_fields(lines, index))


def _has_fields(lines: list[str], index: int) -> bool:
    """Outlook writes the header of the quoted email: at least three fields in the next lines, the first at once."""
    block = [line.strip()[:_LONGEST_LINE] for line in lines[index : index + 8]]
    while block and not block[0]:
        block.pop(0)
    return bool(block) and bool(_FIELD.match(block[0])) and sum(bool(_FIELD.match(line)) for line in block) >= 3
