"""Lint rules of how an email looks in mailboxes that show no images, no web fonts and no long subjects."""

import re
import unicodedata
from collections.abc import Iterator

from sodate.authoring.compile.liquid_guard import LIQUID
from sodate.authoring.compile.text_part import parse_html
from sodate.authoring.lint.context import Context, Mail, template_docs
from sodate.contrast import READABLE, contrast, is_color
from sodate.messages import Message
from sodate.playbook.problem import Problem

#: In full-width characters. Lists of mails on a desktop show about so many; a phone shows fewer.
WIDEST_SUBJECT = 40


def subjects_are_short(context: Context) -> Iterator[Problem]:
    """Merge fields are left out of the count."""
    for doc in template_docs(context):
        width = _width(LIQUID.sub("", doc.model.subject)) if doc.model else 0
        if width > WIDEST_SUBJECT:
            message = Message(
                "the subject is {width:g} full-width characters wide; lists of mails show about {widest_subject}",
                width=width,
                widest_subject=WIDEST_SUBJECT,
            )
            hint = Message("shorten it, and begin with what matters")
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
                message = Message(
                    "the image `{source}` has no `alt`: who sees no images sees nothing", source=source[:80]
                )
                hint = Message('say what it shows, or `alt=""` for a decoration')
                yield mail.at(source, message, hint, "image-text", severity="warning")


def links_use_tls(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        nodes = parse_html(mail.template.html).iter("a", "img")
        targets = [(node.get("href") or node.get("src") or "").strip() for node in nodes]
        for target in dict.fromkeys(target for target in targets if target.lower().startswith("http://")):
            message = Message("`{target}` is not encrypted; browsers and mailboxes warn of it", target=target[:80])
            yield mail.at(target, message, Message("write https://"), "link-http", severity="warning")


def images_have_a_size(context: Context) -> Iterator[Problem]:
    """A mailbox that shows the image later moves the text below it, unless the width is known."""
    for mail in context.finished():
        for image in parse_html(mail.template.html).iter("img"):
            if not image.get("width") and "width:" not in (image.get("style") or ""):
                source = image.get("src") or "<img"
                message = Message(
                    "the image `{source}` has no width: the text jumps when it is shown", source=source[:80]
                )
                yield mail.at(
                    source, message, Message('add `width="600px"` (in pixels)'), "image-size", severity="warning"
                )


_FONT_FILE = re.compile(r"@font-face|@import|fonts\.googleapis\.com|use\.typekit\.net")


def fonts_are_of_the_system(context: Context) -> Iterator[Problem]:
    """Gmail and Outlook load no web fonts, and each load tells somebody else that the email was read."""
    for mail in context.finished():
        match = _FONT_FILE.search(mail.template.html)
        if match:
            message = Message("a web font is loaded: most mailboxes do not show it, and its host learns who reads")
            hint = Message(
                "name fonts of the system, e.g. `'Hiragino Kaku Gothic ProN', 'Yu Gothic', Meiryo, sans-serif`"
            )
            piece = "mj-font" if "mj-font" in mail.body.text else match[0]
            yield mail.at(piece, message, hint, "web-font", severity="warning")


_LINE_HEIGHT = re.compile(r"line-height:\s*([\d.]+)(%?)\s*(?:;|$)")
#: Below it, lines of Japanese touch; WCAG 2.2, 1.4.12 asks that 1.5 be possible.
_LEAST_LINE_HEIGHT = 1.3


def lines_have_room(context: Context) -> Iterator[Problem]:
    """MJML's own default is 1. A line height in pixels is not judged: the size of the text is not known here."""
    for mail in context.finished():
        for style, text in _styled_texts(mail):
            match = _LINE_HEIGHT.search(style)
            height = float(match[1]) / (100 if match[2] else 1) if match else _LEAST_LINE_HEIGHT
            if height < _LEAST_LINE_HEIGHT and len(text) > WIDEST_SUBJECT:
                message = Message("lines of text are {height:g} high, and touch when the text wraps", height=height)
                hint = Message('set `line-height="1.8"` on `<mj-text>` (Japanese: 1.7 to 1.9)')
                yield mail.at(_first_words(text), message, hint, "line-height", severity="warning")
                break


def text_can_be_read_on_its_background(context: Context) -> Iterator[Problem]:
    """Of the colours that an element sets for itself; 4.5 to 1 is the least of WCAG 2.2, 1.4.3."""
    for mail in context.finished():
        for style, text in _styled_texts(mail):
            colors = dict(_COLORS.findall(style))
            front, back = colors.get("color", ""), colors.get("background-color") or colors.get("background", "")
            if is_color(front) and is_color(back) and contrast(front, back) < READABLE:
                message = Message(
                    "text in {front} on {back} has a contrast of {contrast:.1f}, 4.5 is the least",
                    front=front,
                    back=back,
                    contrast=contrast(front, back),
                )
                yield mail.at(
                    _first_words(text),
                    message,
                    Message("take a darker or a lighter colour"),
                    "contrast",
                    severity="warning",
                )


_COLORS = re.compile(r"(?:^|;)\s*(color|background-color|background):\s*(#[0-9a-fA-F]{3,6})\b")


def _styled_texts(mail: Mail) -> Iterator[tuple[str, str]]:
    """The style of each element that holds text, and the text."""
    for node in parse_html(mail.template.html).iter("div", "p", "td", "span", "a"):
        text = " ".join("".join([node.text or "", *(child.tail or "" for child in node)]).split())
        if text and (style := node.get("style")) and "display:none" not in style.replace(" ", ""):
            yield style, text


def _first_words(text: str) -> str:
    """A piece that the source is likely to have as it is: up to the first merge field."""
    return text.partition("{")[0].strip()[:20] or text[:20]


RULES = (
    subjects_are_short, images_have_a_text, images_have_a_size, fonts_are_of_the_system, lines_have_room,
    text_can_be_read_on_its_background, links_use_tls,
)  # fmt: skip
