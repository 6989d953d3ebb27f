"""How well a text can be read on a background: the contrast ratio of WCAG 2.2, from 1 (same colour) to 21."""

import re

#: Least ratio for text of ordinary size: WCAG 2.2, 1.4.3 (AA).
READABLE = 4.5
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def is_color(text: str) -> bool:
    """True for `#rgb` and `#rrggbb`."""
    return _HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, each `#rgb` or `#rrggbb`."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_color_on(background: str) -> str:
    """White or black, whichever can be read better on `background`."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, background))


def readable_or(color: str, background: str, otherwise: str) -> str:
    """`color` when text of it can be read on `background`, else `otherwise`."""
    return color if contrast(color, background) >= READABLE else otherwise


def _luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    red, green, blue = (_linear(int(digits[start : start + 2], 16) / 255) for start in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """sRGB, 0 to 1, without its gamma."""
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
