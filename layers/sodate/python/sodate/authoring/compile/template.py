"""MJML or HTML in, a finished template out: includes and CSS resolved, text part made, only Liquid left.

Deterministic: the same files give the same bytes, so `apply` twice changes nothing.
"""

import re
from dataclasses import dataclass
from html import escape as html_escape

import css_inline
from mjml import mjml2html

from sodate.authoring.compile import liquid_guard
from sodate.authoring.compile.include import Body, read_body
from sodate.authoring.compile.mjml_shape import misshapen
from sodate.authoring.compile.text_part import to_text
from sodate.authoring.loader import Doc, TemplateFile, in_each_language
from sodate.authoring.source import Source
from sodate.email.content.template import Template, TemplateText
from sodate.messages import Message
from sodate.playbook.problem import Problem

GMAIL_CLIPS_AT = 102 * 1024
_JAPANESE = r"[\u3001-\u30ff\u4e00-\u9fff\uff01-\uff60]"
#: A line break inside Japanese text is shown as a space by HTML, where Japanese has none.
_BETWEEN_JAPANESE = re.compile(rf"(?<={_JAPANESE})\s*\n\s*(?={_JAPANESE})")
_PREHEADER = re.compile(r"\{\{-?\s*preheader\s*-?\}\}")
_SPACE_AFTER_TAG = re.compile(r"^((?:\{%[^}]*%\})+) +", re.MULTILINE)
_GMAIL = "https://support.google.com/mail/ (Gmail shows [Message clipped] above 102 KB)"
_MJML_HINT = Message("close each tag, and put HTML into `<mj-text>` or `<mj-raw>` only")


@dataclass(frozen=True)
class Compiled:
    """`template` is None when a body could not be compiled; `body` is the source with its includes.

    `variants`: the template in each further language, as templates of their own.
    """

    doc: Doc[TemplateFile]
    body: Body | None
    template: Template | None
    variants: tuple["Compiled", ...] = ()


class _Refused(Exception):
    """`piece` or `line` (of the joined body) says where."""

    def __init__(self, message: str, hint: str, piece: str = "", line: int = 0, rule: str = "compile") -> None:
        super().__init__(message)
        self.hint, self.piece, self.line, self.rule = hint, piece, line, rule

    def where(self, body: Body) -> tuple[str, int]:
        return body.where_line(self.line) if self.line else body.find(self.piece)


def compile_template(source: Source, doc: Doc[TemplateFile]) -> tuple[Compiled, list[Problem]]:
    parts, problems = [], []
    for part in in_each_language(doc):
        compiled, found = _compile_part(source, part)
        parts.append(compiled)
        problems += found
    main, *variants = parts
    if main.template is None or any(one.template is None for one in variants):
        return Compiled(doc, main.body, None, tuple(variants)), problems
    names = TemplateText.model_fields
    languages = {
        one.template.language: TemplateText(**{name: getattr(one.template, name) for name in names})
        for one in variants
        if one.template is not None
    }
    template = main.template.model_copy(update={"languages": languages})
    return Compiled(doc, main.body, template, tuple(variants)), problems


def _compile_part(source: Source, doc: Doc[TemplateFile]) -> tuple[Compiled, list[Problem]]:
    head = doc.model
    if head is None:
        return Compiled(doc, None, None), []
    body, problems = read_body(source, doc, head.body)
    if body is None or problems:
        return Compiled(doc, body, None), problems
    try:
        html, text = _compile(body, head)
    except _Refused as error:
        problem = Problem(*error.where(body), "", str(error), error.hint, rule=error.rule)
        return Compiled(doc, body, None), [problem]
    fields = head.model_dump(exclude={"body", "languages"})
    if len(html) > 250_000 or len(text) > 100_000:
        too_big = doc.problem(
            ("body",), Message("the compiled mail is larger than 250,000 characters"), Message("shorten it"), "compile"
        )
        return Compiled(doc, body, None), [too_big]
    return Compiled(doc, body, Template(**fields, html=html, text=text)), _too_long_for_gmail(doc, html)


def _too_long_for_gmail(doc: Doc[TemplateFile], html: str) -> list[Problem]:
    size = len(html.encode())
    if size <= GMAIL_CLIPS_AT:
        return []
    message = Message(
        "the HTML is {size} KB; Gmail cuts a mail at 102 KB and hides the footer with the opt-out", size=size // 1024
    )
    hint = Message("shorten it or move parts to a page")
    return [doc.problem(("body",), message, hint, "gmail-clipping", severity="warning", source=_GMAIL)]


def _compile(body: Body, head: TemplateFile) -> tuple[str, str]:
    guarded = liquid_guard.protect(_PREHEADER.sub(lambda _: _escaped(head.preheader), body.text))
    if guarded.in_style:
        message = Message("Liquid inside CSS is not supported: {piece}", piece=guarded.in_style[0])
        raise _Refused(message, liquid_guard.IN_STYLE, guarded.in_style[0])
    wrong = misshapen(guarded.text) if body.is_mjml else None
    if wrong:
        raise _Refused(wrong.message, wrong.hint, line=wrong.line, rule="mjml")
    if taken := liquid_guard.STAND_IN.search(body.text):
        message = Message("`{taken}` is a word that the compiler needs for itself", taken=taken[0])
        raise _Refused(message, Message("write another word"), taken[0])
    html = _from_mjml(guarded.text, head.language) if body.is_mjml else guarded.text
    html = _BETWEEN_JAPANESE.sub("", html)
    try:
        inliner = css_inline.CSSInliner(
            load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True, base_url=None
        )
        html = inliner.inline(html)
    except (css_inline.InlineError, ValueError) as error:
        message = Message("the CSS cannot be inlined: {error}", error=_first_line(error))
        raise _Refused(message, Message("correct the style")) from error
    for tag in liquid_guard.lost(html, guarded):
        message = Message("{tag} would be lost here", tag=tag)
        raise _Refused(message, Message("put it into the text of an element, or into `<mj-raw>`"), tag)
    for tag in liquid_guard.moved(html, guarded):
        message = Message("{tag} stands where HTML has no place for it (between cells?)", tag=tag)
        raise _Refused(message, Message("move it into a cell"), tag)
    text = liquid_guard.restore(to_text(html), guarded)
    return liquid_guard.restore(html, guarded), _SPACE_AFTER_TAG.sub(r"\1", text)


def _escaped(text: str) -> str:
    """HTML for `text`, its Liquid untouched: the preheader is set in once, here, so that it may use merge fields."""
    parts, position = [], 0
    for match in liquid_guard.LIQUID.finditer(text):
        parts += [html_escape(text[position : match.start()]), match.group()]
        position = match.end()
    return "".join([*parts, html_escape(text[position:])])


def _from_mjml(source: str, language: str) -> str:
    try:
        html = mjml2html(source, disable_comments=False)
    except (ValueError, RuntimeError, TypeError) as error:
        raise _mjml_refused(_first_line(error), source) from error
    return html.replace('lang="und"', f'lang="{language}"')


def _mjml_refused(message: str, source: str) -> _Refused:
    """The parser speaks in byte offsets; people read lines."""
    found = re.search(r"position (\d+):(\d+)", message)
    if not found:
        return _Refused(Message("the MJML cannot be read: {message}", message=message), _MJML_HINT)
    start, end = int(found[1]), int(found[2])
    piece = source.encode()[start:end].decode(errors="ignore")[:60]
    message = re.sub(r"( in)? (root )?template at position \d+:\d+", "", message)
    line = source.encode()[:start].count(b"\n") + 1
    said = Message("the MJML cannot be read: {message}: `{piece}`", message=message, piece=piece)
    return _Refused(said, _MJML_HINT, line=line)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0][:300]
