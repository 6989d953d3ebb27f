"""HTML of the pages on which a lead asks for its own data. Pure."""

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog


def ask_page(offered: tuple[str, ...], language: str, issuer: pages.Issuer) -> pages.Page:
    """One button per request that is offered."""
    words = catalog(language).section("data")
    button = Markup('<p>{}</p><p><button type="submit" name="do" value="{}">{}</button></p>')
    rows = Markup("").join(button.format(words[f"{one}_text"], one, words[one]) for one in offered)
    form = Markup('<form method="post">{}</form>').format(rows) if offered else Markup("<p>{}</p>").format(words["off"])
    return pages.page(language, words["title"], form, issuer)


def act_page(request: str, language: str, issuer: pages.Issuer, *, is_asked: bool = False) -> pages.Page:
    """The button that does what the mailed link is for, or withdraws what was asked. A GET of it changes nothing."""
    words = catalog(language).section("data")
    choices = Markup("")
    if request == "export":
        choices = Markup(
            '<fieldset><label><input type="radio" name="as" value="html" checked> {}</label>'
            '<label><input type="radio" name="as" value="json"> {}</label></fieldset>'
        ).format(words["as_html"], words["as_json"])
    if is_asked:
        form = Markup(
            '<form method="post"><p>{}</p><button type="submit" name="do" value="withdraw">{}</button></form>'
        )
        return pages.page(language, words["title"], form.format(words["is_asked"], words["withdraw"]), issuer)
    form = Markup('<form method="post"><p>{}</p>{}<button type="submit">{}</button></form>').format(
        words[f"confirm_{request}"], choices, words[f"button_{request}"]
    )
    return pages.page(language, words["title"], form, issuer)


def done_page(what: str, language: str, issuer: pages.Issuer, *, days: int = 0) -> pages.Page:
    """`what`: `mailed`, `erase_requested`, `erase_scheduled` (after `days`), `withdrawn` or `too_large`."""
    words = catalog(language).section("data")
    text = str(words[what]).format(days=days)
    return pages.page(language, words["title"], Markup("<p>{}</p>").format(text), issuer)
