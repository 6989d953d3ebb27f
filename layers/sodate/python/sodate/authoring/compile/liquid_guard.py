"""Carries Liquid unharmed through MJML, the CSS inliner and the HTML-to-text step.

Those tools parse HTML: they would escape quotes inside `{{ … }}`, move `{% if %}` out of a table row and lose it in a
comment. So each Liquid tag is swapped for something that HTML keeps where it stands: a comment for `{% … %}` between
elements, a plain word everywhere else. Afterwards the tags come back, and it is verified that none was lost or moved.
"""

import re
from dataclasses import dataclass, field

from sodate.messages import Message

#: Lengths are bounded here and below, or a body of nothing but openings would take minutes.
LIQUID = re.compile(r"\{\{.{0,2000}?\}\}|\{%.{0,2000}?%\}", re.DOTALL)
STAND_IN = re.compile(r"zqlq(\d{4})qz")
_COMMENT = re.compile(r"<!--(zqlq\d{4}qz)-->")
_TOKEN = re.compile(
    rf"(?P<liquid>{LIQUID.pattern})"
    r"|(?P<comment><!--(?!\[if|<!\[endif|<!).{0,20000}?-->)"
    r"|(?P<conditional><!--\[if.{0,200}?\]>(?:<!--|-->)?|<!(?:--<!)?\[endif\]-->)"
    r"|(?P<opens><(?P<name>/?[A-Za-z][\w-]*))"
    r"|(?P<closes>/?>)"
    r"|(?P<quote>[\"'])",
    re.DOTALL,
)
#: Elements whose content is no markup: a comment would be shown or lost there.
_RAW_TEXT = {"title", "mj-title", "mj-preview", "textarea", "script"}
_STYLE = {"style", "mj-style"}
#: What CSS may have: its values are `#rrggbb`, which `brand` of the playbook demands.
BRAND_COLOR = re.compile(r"\{\{-?\s*brand\.(color|text_color|link_color)\s*-?\}\}")

IN_STYLE = Message("write the style itself; of Liquid only `{{ brand.color }}` and its two companions can stand there")


@dataclass
class Guarded:
    """`text` holds stand-ins; `in_text` lists the stand-ins that stand between elements of the body, in order.

    `in_style`: tags that CSS cannot have. `colors`: stand-ins of colours in CSS, lost where no element is so styled.
    """

    text: str
    tags: dict[str, str] = field(default_factory=dict)
    in_text: list[str] = field(default_factory=list)
    in_style: list[str] = field(default_factory=list)
    colors: set[str] = field(default_factory=set)


@dataclass
class _State:
    element: str = ""
    inside_tag: bool = False
    quote: str = ""
    conditional: bool = False
    in_head: bool = False


def protect(source: str) -> Guarded:
    guarded, state, parts, position = Guarded(""), _State(), [], 0
    for match in _TOKEN.finditer(source):
        parts.append(source[position : match.start()])
        parts.append(_one(match, state, guarded))
        position = match.end()
    parts.append(source[position:])
    guarded.text = "".join(parts)
    return guarded


def _one(match: re.Match[str], state: _State, guarded: Guarded) -> str:
    text = match.group()
    if match["liquid"]:
        return _stand_in(text, state, guarded)
    if match["comment"]:
        return text if state.inside_tag else "\n" * text.count("\n")
    if match["conditional"]:
        state.conditional = "[endif]" not in text and not text.endswith(("<!--", "-->"))
    elif match["opens"] and not state.inside_tag:
        state.inside_tag, state.element = True, match["name"].lower()
        if state.element.lstrip("/") in ("mj-head", "head"):
            state.in_head = not state.element.startswith("/")
    elif match["quote"] and state.inside_tag:
        state.quote = "" if state.quote == text else (state.quote or text)
    elif match["closes"] and state.inside_tag and not state.quote:
        state.inside_tag = False
    return text


def _stand_in(tag: str, state: _State, guarded: Guarded) -> str:
    word = f"zqlq{len(guarded.tags):04d}qz"
    guarded.tags[word] = tag
    if state.element in _STYLE and not state.inside_tag:
        if BRAND_COLOR.fullmatch(tag):
            guarded.colors.add(word)
        else:
            guarded.in_style.append(tag)
    between = not (state.inside_tag or state.conditional or state.in_head or state.element in _RAW_TEXT)
    if between:
        guarded.in_text.append(word)
    return f"<!--{word}-->" if between and tag.startswith("{%") else word


def comments_to_words(html: str) -> str:
    return _COMMENT.sub(r"\1", html)


def words_in(text: str) -> list[str]:
    return [match.group() for match in STAND_IN.finditer(text)]


def restore(text: str, guarded: Guarded) -> str:
    return STAND_IN.sub(lambda match: guarded.tags.get(match.group(), ""), comments_to_words(text))


def lost(html: str, guarded: Guarded) -> list[str]:
    """Liquid tags of the source that the compiled text no longer has."""
    kept = set(words_in(html))
    return [tag for word, tag in guarded.tags.items() if word not in kept | guarded.colors]


def moved(html: str, guarded: Guarded) -> list[str]:
    """Liquid tags that no longer stand in the order they were written in: HTML had no place for them there."""
    wanted = set(guarded.in_text)
    seen = [word for word in dict.fromkeys(words_in(html)) if word in wanted]
    return [guarded.tags[here] for here, there in zip(guarded.in_text, seen, strict=False) if here != there][:1]
