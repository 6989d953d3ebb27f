"""Lint rules of how an email looks where images, long subjects or plain http are not shown."""

import unicodedata
from collections.abc import Iterator

from sodate.authoring.compile.liquid_guard import LIQUID
from sodate.authoring.compile.text_part import parse_html
from sodate.authoring.lint.context import Context, template_docs
from sodate.playbook.problem import Problem

#: In full-width characters. Lists of mails on a desktop show about so many; a phone shows fewer.
WIDEST_SUBJECT = 40


def subjects_are_short(context: Context) -> Iterator[Problem]:
    """Merge fields are left out of the count."""
    for doc in template_docs(context):
        width = _width(LIQUID.sub("", doc.model.subject)) if doc.model else 0
        if width > WIDEST_SUBJECT:
            message = f"the subject is {width:g} full-width characters wide; lists of mails show about {WIDEST_SUBJECT}"
            hint = "shorten it, and begin with what matters"
            yield doc.problem(("subject",), message, hint, "subject-length", severity="warning")


def _width(text: str) -> float:
    """In full-width characters: a half-width one counts half, as mailboxes show it (UAX #11)."""
    return sum(1 if unicodedata.east_asian_width(character) in "FWA" else 0.5 for character in text)


def images_have_a_text(context: Context) -> Iterator[Problem]:
    """Many mailboxes show no images at first; `alt=""` says that an image is decoration."""
    for mail in context.finished():
        for image in parse_html(mail.template.html).iter("img"):
            if image.get("alt") is None:
                source = image.get("src") or "<img"
                message = f"the image `{source[:80]}` has no `alt`: who sees no images sees nothing"
                hint = 'say what it shows, or `alt=""` for a decoration'
                yield mail.at(source, message, hint, "image-text", severity="warning")


def links_use_tls(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        nodes = parse_html(mail.template.html).iter("a", "img")
        targets = [(node.get("href") or node.get("src") or "").strip() for node in nodes]
        for target in dict.fromkeys(target for target in targets if target.lower().startswith("http://")):
            message = f"`{target[:80]}` is not encrypted; browsers and mailboxes warn of it"
            yield mail.at(target, message, "write https://", "link-http", severity="warning")


RULES = (subjects_are_short, images_have_a_text, links_use_tls)
