"""How the pages of a company look: its colour, logo and legal links, and the policy that allows its logo only. Pure.

Any colour can be used: texts on it are black or white, and where it cannot be read on the page, the page's own colour
of text is used instead.
"""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from sodate.contrast import contrast, readable_or, text_color_on

#: Of a playbook without a `brand`.
DEFAULT_COLOR = "#14603f"
#: Light and dark: backgrounds of the page's content and its colours of text, as in `page.css`.
PAPER, INK = {"light": "#ffffff", "dark": "#17191c"}, {"light": "#1e2023", "dark": "#e7e9eb"}
#: Least contrast of the edge of a button: WCAG 2.2, 1.4.11 (AA).
_VISIBLE = 3.0

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Logo:
    """`url`: https. `width` and `height` in CSS pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class Branding:
    """`color`: `#rrggbb`. `links`: label and URL of each."""

    color: str = DEFAULT_COLOR
    logo: Logo | None = None
    links: tuple[tuple[str, str], ...] = ()

    @property
    def style(self) -> str:
        """The colours as CSS variables; `page.css` uses them."""
        light, dark = (self._colors(scheme) for scheme in ("light", "dark"))
        fixed = f"--brand:{self.color};--on-brand:{text_color_on(self.color)}"
        return f":root{{{fixed};{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"

    def policy(self, follow_ups: Collection[str] = ()) -> str:
        """The page loads nothing but the logo, runs nothing, and posts to its own site only.

        `follow_ups`: URLs to which the answer to a post redirects. Browsers hold a redirect to the policy too, and
        those pages may redirect further, so their schemes are allowed.
        """
        styles = " ".join(f"'sha256-{_hash(style)}'" for style in (STYLE, self.style))
        image = f"img-src {_origin(self.logo.url)}; " if self.logo else ""
        targets = " ".join(["'self'", *sorted({f"{urlsplit(url).scheme}:" for url in follow_ups})])
        return (
            f"default-src 'none'; style-src {styles}; {image}form-action {targets}; frame-ancestors 'none'; "
            "base-uri 'none'"
        )

    def _colors(self, scheme: str) -> str:
        paper, ink = PAPER[scheme], INK[scheme]
        edge = self.color if contrast(self.color, paper) >= _VISIBLE else ink
        return f"--accent:{readable_or(self.color, paper, ink)};--edge:{edge}"


def _hash(style: str) -> str:
    return base64.b64encode(sha256(style.encode()).digest()).decode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
