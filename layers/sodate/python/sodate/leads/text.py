"""Japanese input: shown as it was typed, compared in a folded form."""

import unicodedata

#: Full-width ASCII and the ideographic space, and nothing else: NFKC would turn ⓐ into a and change who is meant.
FULL_WIDTH_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x3002: 0x2E, 0xFF61: 0x2E}

#: What people type where a phone number or postcode has a hyphen.
DASHES = {ord(c): "-" for c in "－ー―‐‑‒–—−〜～ｰ"}

#: C0 and C1 controls, DEL, and the two separators: each of them ends a header or is refused in one somewhere.
_NOT_IN_A_LINE = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")


def fold(text: str) -> str:
    """Match key: NFKC (half-width kana, combining marks, ㈱) and case folding. For comparing, never for display."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def one_line(text: str) -> str:
    """A CR, LF, NUL, U+2028 or U+0085 in a name would break a mail header."""
    return text.translate(_NOT_IN_A_LINE).strip()


def digits(text: str) -> str:
    """`０９０－１２３４` → `090-1234`."""
    return unicodedata.normalize("NFKC", text.translate(DASHES)).strip()
