"""HTML of the page on which somebody of the company releases doubtful form posts. No script."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog

#: Characters of one answer: the page is to judge a post by, not to read it whole.
_LONGEST = 300


@dataclass(frozen=True)
class DoubtfulPost:
    """`at`: in the company's zone. `reason`: code of the suspicion. `answers`: label and text, or whether it was
    ticked."""

    id: str
    at: str
    form_title: str
    reason: str
    answers: Sequence[tuple[str, str | bool]]


def quarantine_page(
    posts: Sequence[DoubtfulPost], waiting: int, result: str, language: str, issuer: pages.Issuer
) -> pages.Page:
    """`waiting`: how many there are, shown or not. `result`: what the post of this page did, a key of the catalogs'
    `quarantine`; empty for nothing."""
    words = catalog(language).section("quarantine")
    status = Markup('<p class="told" role="status">{}</p>').format(words[result]) if result else Markup("")
    text = pages.paragraph(words["text"] if posts else words["none"])
    more = pages.paragraph(words["more"].format(count=waiting - len(posts)) if waiting > len(posts) else "", "soft")
    shown = Markup("").join(_post(number, post, words) for number, post in enumerate(posts))
    content = status + text + shown + more + pages.paragraph(words["end"], "soft")
    return pages.page(language, words["title"].format(count=waiting), content, issuer)


def no_quarantine_page(code: str, language: str, issuer: pages.Issuer) -> pages.Page:
    """`code`: `link_broken` or `link_expired`."""
    words = catalog(language).section("quarantine")
    return pages.page(language, words[code], pages.paragraph(words["help"]), issuer)


def _post(number: int, post: DoubtfulPost, words: dict[str, str]) -> Markup:
    row = Markup("<dt>{}</dt><dd>{}</dd>")
    answers = Markup("").join(row.format(label, _text(answer, words)) for label, answer in post.answers)
    reason = words.get(post.reason, words["other"])
    return Markup(
        '<section class="end"><h2 id="post-{number}">{title} <small>{at}</small></h2><p>{reason}</p><dl>{answers}</dl>'
        '<form method="post"><input type="hidden" name="id" value="{id}">'
        '<button type="submit" class="second" aria-describedby="post-{number}">{button}</button></form></section>'
    ).format(
        number=number,
        title=post.form_title,
        at=post.at,
        reason=reason,
        answers=answers,
        id=post.id,
        button=words["button"],
    )


def _text(answer: str | bool, words: dict[str, str]) -> str:
    if isinstance(answer, bool):
        return words["ticked" if answer else "not_ticked"]
    text = answer
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text
