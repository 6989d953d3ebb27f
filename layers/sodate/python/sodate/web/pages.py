"""HTML pages that a lead opens from an email, in every language of the catalogs: no script, no external file."""

import base64
from dataclasses import dataclass
from hashlib import sha256

from markupsafe import Markup

from sodate.web.catalogs import catalog

_STYLE = (
    "body{margin:0;background:#f6f7f5;color:#1d2420;font:17px/1.7 system-ui,sans-serif}"
    "main{max-width:34rem;margin:8vh auto;padding:2.5rem;background:#fff;border-radius:12px;"
    "box-shadow:0 1px 3px #0002}h1{font-size:1.4rem;margin:0 0 1rem;line-height:1.4}"
    "button{font:inherit;font-weight:600;padding:.7rem 1.6rem;border:0;border-radius:8px;background:#14603f;color:#fff;"
    "cursor:pointer}button:focus-visible,input:focus-visible{outline:3px solid #e0a526;outline-offset:2px}"
    "fieldset{border:0;padding:0;margin:0 0 1.5rem}label{display:block;padding:.3rem 0}footer{margin-top:2rem;"
    "font-size:.85rem;color:#5b665f}legend,h2{font-size:1rem;font-weight:600;padding:0;margin:0 0 .3rem}"
    "label small{display:block;margin-left:1.7rem;color:#5b665f}select{font:inherit;max-width:100%;padding:.4rem;"
    "border:1px solid #8a958e;border-radius:6px;background:#fff;color:inherit}select:focus-visible{outline:3px solid "
    "#e0a526;outline-offset:2px}.told{margin:0 0 1.5rem;padding:.8rem 1rem;border-left:4px solid #14603f;"
    "background:#eef5f1}.end{margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid #d8deda}.end button{"
    "background:#fff;color:#8f1d1d;border:1px solid #8f1d1d}"
    "textarea,input[type=text]{display:block;box-sizing:border-box;width:100%;font:inherit;padding:.4rem;"
    "border:1px solid #8a958e;border-radius:6px}textarea:focus-visible,summary:focus-visible,a:focus-visible{"
    "outline:3px solid #e0a526;outline-offset:2px}details,.answer{margin:0 0 .8rem}details{border:1px solid #d8deda;"
    "border-radius:8px;padding:.6rem 1rem}summary{cursor:pointer;font-weight:600}main{overflow-wrap:anywhere}"
    "ul{margin:.2rem 0 1.2rem;padding-left:1.2rem}"
    "@media(max-width:40rem){main{margin:0;border-radius:0;min-height:100vh}}"
)
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}


@dataclass(frozen=True)
class Issuer:
    """Sender name and contact, shown at the foot of every page."""

    name: str = ""
    contact: str = ""


def question(name: str, language: str, issuer: Issuer, *, choose_scope: bool = False) -> str:
    """A page whose button POSTs to the same URL. `name`: `opt_in` or `unsubscribe`."""
    section = catalog(language).section("question")
    words, scopes = section[name], section["scope"]
    text = words["text"]
    scope = Markup("")
    if choose_scope:
        scope = Markup(
            '<fieldset><legend>{}</legend><label><input type="radio" name="scope" value="all" checked> {}</label>'
            '<label><input type="radio" name="scope" value="topic"> {}</label></fieldset>'
        ).format(text, scopes["all"], scopes["topic"])
        text = ""
    form = Markup('<form method="post">{}<button type="submit">{}</button></form>').format(scope, words["button"])
    return page(language, words["title"], _paragraph(text) + form, issuer)


def message(name: str, language: str, issuer: Issuer, items: tuple[str, ...] = ()) -> str:
    """A page that only says something. `name`: a key of the catalogs' `message`; any other says `link_broken`."""
    messages = catalog(language).section("message")
    words = messages.get(name, messages["link_broken"])
    rows = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    listed = Markup("<ul>{}</ul>").format(rows) if items else Markup("")
    return page(language, words["title"], _paragraph(words["text"]) + listed, issuer)


def field_errors(language: str, labels: tuple[str, ...]) -> str:
    return message("form_error", language, Issuer(), labels)


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text) if text else Markup("")


def page(language: str, title: str, content: Markup, issuer: Issuer) -> str:
    """A whole document around `content`, with the sender at its foot."""
    foot = Markup("")
    if issuer.name:
        foot = Markup("<footer>{}<br>{}</footer>").format(issuer.name, issuer.contact)
    return str(
        Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head>'
            "<body><main><h1>{title}</h1>{content}{foot}</main></body></html>"
        ).format(lang=catalog(language).language, title=title, style=Markup(_STYLE), content=content, foot=foot)  # noqa: S704
    )
