"""HTML of the opt-in and unsubscribe pages: a GET shows a question, and only its button acts. No script."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import Catalog, catalog


@dataclass(frozen=True)
class Agreement:
    """What one consent request is about. `wording`: the very words beside the checkbox; empty when they are not known
    for certain. `topics`: name and description of each."""

    form_title: str = ""
    wording: str = ""
    topics: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class OptedOut:
    """`topic`: its name; empty for everything, or for a topic that the playbook no longer has. `preferences_url`: empty
    when the page is not offered. `undo`: token that takes the opt-out back; empty when nothing can be taken back."""

    topic: str = ""
    of_everything: bool = True
    preferences_url: str = ""
    undo: str = ""


def opt_in_page(agreement: Agreement, language: str, issuer: pages.Issuer) -> pages.Page:
    chosen = catalog(language)
    words = chosen.section("opt_in")
    title = words["title_of"].format(sender=issuer.name) if issuer.name else words["title"]
    content = Markup("").join(
        [
            pages.paragraph(words["form"].format(form=agreement.form_title) if agreement.form_title else ""),
            _topics(agreement, words),
            _wording(agreement, words),
            Markup('<form method="post"><p>{}</p><button type="submit">{}</button></form>').format(
                words["text"], words["button"]
            ),
            pages.paragraph(words["not_you"], "soft"),
        ]
    )
    return pages.page(language, title, content, issuer)


def _topics(agreement: Agreement, words: dict[str, str]) -> Markup:
    one = Markup("<dt>{}</dt><dd>{}</dd>")
    rows = Markup("").join(one.format(name, about) for name, about in agreement.topics)
    return Markup("<h2>{}</h2><dl>{}</dl>").format(words["topics"], rows) if rows else Markup("")


def _wording(agreement: Agreement, words: dict[str, str]) -> Markup:
    if not agreement.wording:
        return Markup("")
    return Markup("<h2>{}</h2><blockquote>{}</blockquote>").format(words["wording"], agreement.wording)


def unsubscribe_page(topic: str, preferences_url: str, language: str, issuer: pages.Issuer) -> pages.Page:
    """`topic`: its name; empty when the playbook no longer has it."""
    words = catalog(language).section("unsubscribe")
    one = Markup('<label><input type="radio" name="scope" value="{}"{}> {}</label>')
    only = words["only"].format(topic=topic) if topic else words["only_this"]
    everything = words["everything_of"].format(sender=issuer.name) if issuer.name else words["everything"]
    choices = one.format("all", Markup(" checked"), everything) + one.format("topic", "", only)
    form = Markup('<form method="post"><fieldset><legend>{}</legend>{}</fieldset><button>{}</button></form>').format(
        words["text"], choices, words["button"]
    )
    return pages.page(language, words["title"], form + _fewer(preferences_url, words["fewer"]), issuer)


def unsubscribed_page(opted_out: OptedOut, language: str, issuer: pages.Issuer) -> pages.Page:
    chosen = catalog(language)
    words = chosen.section("unsubscribe")
    what = _what(opted_out, chosen)
    lines = [words["done_text"].format(what=what), words["on_its_way"]]
    content = Markup('<p role="status">{}</p>').format(chosen.sentences(lines))
    if opted_out.undo:
        content += Markup(
            '<form method="post" class="end"><h2>{}</h2><p>{}</p><input type="hidden" name="undo" value="{}">'
            '<button type="submit" class="second">{}</button></form>'
        ).format(words["undo_title"], words["undo_text"], opted_out.undo, words["undo"].format(what=what))
    content += _fewer(opted_out.preferences_url, words["settings"])
    return pages.page(language, words["done"], content, issuer)


def undone_page(topics: Sequence[str], preferences_url: str, language: str, issuer: pages.Issuer) -> pages.Page:
    """`topics`: names of those that the lead gets again."""
    words = catalog(language).section("unsubscribe")
    rows = Markup("").join(Markup("<li>{}</li>").format(name) for name in topics)
    content = Markup('<p role="status">{}</p><ul>{}</ul>').format(words["undone_text"], rows)
    return pages.page(language, words["undone"], content + _fewer(preferences_url, words["settings"]), issuer)


def _what(opted_out: OptedOut, chosen: Catalog) -> str:
    words = chosen.section("unsubscribe")
    if opted_out.of_everything:
        return str(words["everything"])
    return str(words["named"].format(topic=opted_out.topic) if opted_out.topic else words["this"])


def _fewer(url: str, text: str) -> Markup:
    return Markup('<p><a class="link" href="{}">{}</a></p>').format(url, text) if url else Markup("")
