"""HTML of the pages on which a lead asks for its own data. Pure."""

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog


def ask_page(offered: tuple[str, ...], language: str, issuer: pages.Issuer) -> str:
    """One button per request that is offered."""
    words = catalog(language).section("data")
    button = Markup('<p>{}</p><p><button type="submit" name="do" value="{}">{}</button></p>')
    rows = Markup("").join(button.format(words[f"{one}_text"], one, words[one]) for one in offered)
    form = Markup('<form method="post">{}</form>').format(rows) if offered else Markup("<p>{}</p>").format(words["off"])
    return pages.page(language, words["title"], form, issuer)


def act_page(request: str, language: str, issuer: pages.Issuer) -> str:
    """The button that does what the mailed link is for. A GET of it changes nothing."""
    words = catalog(language).section("data")
    choices = Markup("")
    if request == "export":
        choices = Markup(
            '<fieldset><label><input type="radio" name="as" value="html" checked> {}</label>'
            '<label><input type="radio" name="as" value="json"> {}</label></fieldset>'
        ).format(words["as_html"], words["as_json"])
    form = Markup('<form method="post"><p>{}</p>{}<button type="submit">{}</button></form>').format(
        words[f"confirm_{request}"], choices, words[f"button_{request}"]
    )
    return pages.page(language, words["title"], form, issuer)


def done_page(what: str, language: str, issuer: pages.Issuer) -> str:
    """`what`: `mailed`, `erase_requested` or `too_large`."""
    words = catalog(language).section("data")
    return pages.page(language, words["title"], Markup("<p>{}</p>").format(words[what]), issuer)
