"""HTML pages of Sodate, in every language of the catalogs: no script, and no file of another site but the logo."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from sodate.web.branding import STYLE, Branding
from sodate.web.catalogs import catalog

_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}


@dataclass(frozen=True)
class Issuer:
    """The sender as the pages show it: name, contact and legal links at the foot, logo and colour of the company."""

    name: str = ""
    contact: str = ""
    website: str = ""
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class Page:
    """A whole document. `branding` decides what the browser may load.

    `follow_ups`: pages of other sites that may answer a form of this page; None: its forms stay on this site.
    """

    html: str
    branding: Branding
    follow_ups: Sequence[str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        if self.follow_ups is None:
            return headers_of(self.branding)
        # A post of a page without a referrer has no origin either, and a form refuses it.
        return {**headers_of(self.branding, self.follow_ups), "referrer-policy": "same-origin"}


def headers_of(branding: Branding, follow_ups: Sequence[str] = ()) -> dict[str, str]:
    return {**_HEADERS, "content-security-policy": branding.policy(follow_ups)}


def message(name: str, language: str, issuer: Issuer) -> Page:
    """A page that says what happened and what to do next. `name`: a key of the catalogs' `message`; any other says
    `link_broken`."""
    messages = catalog(language).section("message")
    words = messages.get(name, messages["link_broken"])
    return page(language, words["title"], paragraph(words["text"]) + _ways_on(issuer, language), issuer)


def _ways_on(issuer: Issuer, language: str) -> Markup:
    if not issuer.website:
        return Markup("")
    words = catalog(language).section("ways_on")["website"].format(sender=issuer.name)
    return Markup('<p><a class="link" href="{}">{}</a></p>').format(issuer.website, words)


def paragraph(text: str, style: str = "") -> Markup:
    if not text:
        return Markup("")
    return Markup('<p class="{}">{}</p>').format(style, text) if style else Markup("<p>{}</p>").format(text)


def page(
    language: str,
    title: str,
    content: Markup,
    issuer: Issuer,
    follow_ups: Sequence[str] | None = None,
    heading: str = "",
) -> Page:
    """A whole document around `content`, with the sender's logo above and the sender below.

    `heading`: where it names a person; the title, which a browser remembers, then does not.
    """
    branding, chosen = issuer.branding, catalog(language)
    html = Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><style>{style}</style><style>{colors}</style></head>'
        "<body>{head}<main><h1>{heading}</h1>{content}</main>{foot}</body></html>"
    ).format(
        lang=chosen.language,
        title=title,
        heading=heading or title,
        style=Markup(STYLE),  # noqa: S704
        colors=Markup(branding.style),  # noqa: S704
        head=_head(issuer),
        content=content,
        foot=_foot(issuer),
    )
    return Page(str(html), branding, follow_ups)


def _head(issuer: Issuer) -> Markup:
    logo = issuer.branding.logo
    if logo is None:
        return Markup("<header>{}</header>").format(issuer.name) if issuer.name else Markup("")
    return Markup('<header><img src="{}" width="{}" height="{}" alt="{}"></header>').format(
        logo.url, logo.width, logo.height, issuer.name
    )


def _foot(issuer: Issuer) -> Markup:
    if not issuer.name:
        return Markup("")
    link = Markup('<li><a href="{}">{}</a></li>')
    links = Markup("").join(link.format(url, label) for label, url in issuer.branding.links)
    listed = Markup("<ul>{}</ul>").format(links) if links else Markup("")
    return Markup("<footer>{}<br>{}{}</footer>").format(issuer.name, issuer.contact, listed)
