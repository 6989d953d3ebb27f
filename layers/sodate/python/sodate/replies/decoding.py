"""Bytes of an email as text. Any bytes under any label give some text: nothing here raises. Pure."""

import binascii
import quopri
from email.errors import HeaderParseError
from email.header import decode_header

#: Labels of email → Python's codecs. What mail programs call iso-2022-jp or shift_jis has the extra characters of
#: Windows (①, ㈱). UTF-7 can hide markup from filters and no mail program of today writes it, so it stays undecoded.
_CODECS = {
    "iso-2022-jp": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext", "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext", "shift_jis": "cp932", "shift-jis": "cp932",
    "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932", "ms_kanji": "cp932", "euc-jp": "euc_jis_2004",
    "x-euc-jp": "euc_jis_2004", "gb2312": "gb18030", "ks_c_5601-1987": "cp949", "us-ascii": "utf-8", "ascii": "utf-8",
    "iso-8859-1": "cp1252", "unknown-8bit": "", "utf-7": "ascii", "unicode-1-1-utf-7": "ascii",
    "csunicode11utf7": "ascii",
}  # fmt: skip
#: Codecs that decode no text but bytes (`hex`, `zip`, `rot13` …) are none of an email.
_TEXT_CODECS = (
    "utf",
    "iso",
    "cp",
    "windows",
    "euc",
    "gb",
    "big5",
    "koi8",
    "mac",
    "latin",
    "shift",
    "ascii",
    "tis",
    "hz",
)
_GUESSES = ("utf-8", "cp932", "euc_jis_2004", "latin-1")
_LONGEST_LABEL = 40


def decoded(content: bytes, label: str | None) -> str:
    """`label`: the charset of the email. A wrong or unknown one is guessed; what fits nothing becomes `�`."""
    codec = _codec_of(label)
    if codec:
        text = content.decode(codec, "replace")
        if "\ufffd" not in text:
            return text
    for guess in (*_GUESSES, codec or "utf-8"):
        try:
            return content.decode(guess)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("utf-8", "replace")


def _codec_of(label: str | None) -> str | None:
    name = (label or "").strip().strip("\"'").lower()
    if not name or len(name) > _LONGEST_LABEL:
        return None
    if name in _CODECS:
        return _CODECS[name] or None
    if not name.startswith(_TEXT_CODECS):
        return None
    try:
        b"".decode(name)
    except (LookupError, ValueError):
        return None
    return name


def transfer_decoded(content: bytes, encoding: str) -> bytes:
    """Without its Content-Transfer-Encoding; of what is cut off or damaged, as much as can be read."""
    match encoding.strip().lower():
        case "base64":
            return _base64(content)
        case "quoted-printable":
            return quopri.decodestring(content)
        case _:
            return content


def _base64(content: bytes) -> bytes:
    letters = b"".join(content.split()).rstrip(b"=")
    whole = letters[: len(letters) - (1 if len(letters) % 4 == 1 else 0)]
    try:
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    except binascii.Error:
        return b""


def header_text(value: str) -> str:
    """A header for people: encoded words decoded, one line, without control characters."""
    try:
        parts = decode_header(value) if "=?" in value else [(_as_bytes(value), None)]
    except (HeaderParseError, binascii.Error, ValueError, AssertionError, IndexError):
        parts = [(_as_bytes(value), None)]
    text = "".join(decoded(_as_bytes(part), charset) for part, charset in parts)
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _as_bytes(part: bytes | str) -> bytes:
    return part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
