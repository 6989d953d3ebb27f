"""Normalisation of Japanese input: stored as typed, compared in a folded form."""

import unicodedata

#: Full-width ASCII and the ideographic space, and nothing else: NFKC would map ⓐ to a, which is a different address.
FULL_WIDTH_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x3002: 0x2E, 0xFF61: 0x2E}

#: Characters typed in place of the hyphen of a phone number or postcode.
DASHES = {ord(c): "-" for c in "－ー―‐‑‒–—−〜～ｰ"}

#: C0 and C1 controls, DEL, and the two separators: each ends an email header or is rejected in one by some server.
_NOT_IN_A_LINE = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")


def fold(text: str) -> str:
    """Key for comparison, never for display: NFKC (half-width kana, combining marks, ㈱) and case folding."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def one_line(text: str) -> str:
    """Replace characters that would break an email header (CR, LF, NUL, U+2028, U+0085 …) by spaces, and trim."""
    return text.translate(_NOT_IN_A_LINE).strip()


def plain_id(text: str) -> str:
    """An id of another system as it is compared: full-width letters are the same, spaces around it are none."""
    return unicodedata.normalize("NFKC", text).strip()


def digits(text: str) -> str:
    """`０９０－１２３４` → `090-1234`."""
    return unicodedata.normalize("NFKC", text.translate(DASHES)).strip()
