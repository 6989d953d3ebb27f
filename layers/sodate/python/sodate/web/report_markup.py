"""Parts that every HTML report has: every text is escaped. `report.css` lays them out. Pure."""

from pathlib import Path

from markupsafe import Markup

#: Light and dark, narrow and wide, on paper.
STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def scroller(label: str, content: Markup) -> Markup:
    """Wide content scrolls sideways by itself, by keyboard too."""
    return Markup('<div class="scroll" role="group" tabindex="0" aria-label="{}">{}</div>').format(label, content)


def section(name: str, title: str, *content: Markup) -> Markup:
    """`name`: the target of links to it."""
    return Markup('<section id="{}"><h2>{}</h2>{}</section>').format(name, title, Markup("").join(content))


def paragraph(text: str, style: str = "") -> Markup:
    return Markup("<p{}>{}</p>").format(Markup(' class="{}"').format(style) if style else "", text)


def items(lines: list[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(line) for line in lines))
