"""HTML that answers a plain HTML form: thanks, or which entries must be corrected. No script."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog


@dataclass(frozen=True)
class WrongEntry:
    """`name` and `label` of the field. `codes`: what is wrong, as in the form API. `limit`: most characters, or the
    least and greatest number; empty where there is none."""

    name: str
    label: str
    codes: Sequence[str]
    limit: str = ""


def field_errors_page(
    entries: Sequence[WrongEntry], form_title: str, back: str, language: str, issuer: pages.Issuer
) -> pages.Page:
    """`back`: URL of the page with the form, without a fragment; empty when it is not known to be the company's."""
    words = catalog(language).section("form_error")
    row = Markup("<dt>{}</dt><dd>{}</dd>")
    rows = Markup("").join(row.format(_label(entry, back), _reasons(entry, words)) for entry in entries)
    content = Markup("<p>{}</p>").format(words["text"].format(form=form_title))
    content += Markup("<dl>{}</dl>").format(rows) + pages.paragraph(words["back"])
    content += pages.paragraph(words["links"] if back else "", "soft")
    return pages.page(language, words["title"], content, issuer)


def _label(entry: WrongEntry, back: str) -> Markup:
    if not back:
        return Markup("{}").format(entry.label)
    return Markup('<a class="link" href="{}#field-{}">{}</a>').format(back, entry.name, entry.label)


def _reasons(entry: WrongEntry, words: dict[str, str]) -> str:
    return " ".join(words.get(code, words["other"]).format(limit=entry.limit) for code in entry.codes)
