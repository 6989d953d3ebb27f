"""HTML of the emails to sales: reasons, and one button per answer, each of which leads to the feedback page. Pure.

A button only opens the page: programs that check links follow them too, and a GET records nothing. Styles are inline
for mailboxes that drop style sheets; the style sheet adds only what dark mailboxes need.
"""

from markupsafe import Markup

from sodate.contrast import contrast, text_color_on
from sodate.sales.message import DigestMessage, HandoffMessage, Part, words_of

_FONT = "-apple-system,'Hiragino Sans','Hiragino Kaku Gothic ProN','Noto Sans JP','Yu Gothic',Meiryo,sans-serif"
_DARK = Markup(
    "@media(prefers-color-scheme:dark){.ground{background:#0f1113!important}.card{background:#17191c!important;"
    "color:#e7e9eb!important}.soft{color:#aaaeb3!important}.second{background:#17191c!important;"
    "color:#e7e9eb!important;border-color:#8b9096!important}.link{color:#e7e9eb!important}}"
)
_BUTTON = (
    "display:inline-block;margin:0 8px 8px 0;padding:11px 20px;border-radius:8px;font-weight:bold;line-height:1.4;"
    "text-decoration:none;border:2px solid"
)
#: Least contrast of the edge of a button: WCAG 2.2, 1.4.11 (AA).
_VISIBLE = 3.0
#: In a digest each lead has only the first one: the page has the others.
_ANSWERS = ("accepted", "meeting_set", "rejected", "won", "lost")


def handoff_html(message: HandoffMessage | DigestMessage, language: str, color: str) -> str:
    """`color`: `#rrggbb` of the first button."""
    if isinstance(message, DigestMessage):
        title = Markup('<h1 style="font-size:19px;line-height:1.5;margin:0 0 16px">{}</h1>').format(message.headline)
        blocks = Markup("").join(_block(signal, language, color, _ANSWERS[:1], "h2") for signal in message.signals)
    else:
        title, blocks = Markup(""), _block(message, language, color, _ANSWERS, "h1")
    return str(
        Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
            "<style>:root{{color-scheme:light dark;supported-color-schemes:light dark}}{dark}</style></head>"
            '<body class="ground" style="margin:0;padding:16px 8px;background:#f5f5f6">'
            '<main class="card" style="max-width:600px;margin:0 auto;padding:24px;background:#ffffff;color:#1e2023;'
            'border-radius:10px;font:15px/1.8 {font};overflow-wrap:anywhere">{head}{blocks}</main></body></html>'
        ).format(lang=language, title=message.headline, dark=_DARK, font=_FONT, head=title, blocks=blocks)
    )


def _block(message: HandoffMessage, language: str, color: str, answers: tuple[str, ...], heading: str) -> Markup:
    head = Markup('<{0} style="font-size:18px;line-height:1.5;margin:0 0 8px">{1}</{0}>').format(
        heading, message.headline
    )
    who = Markup("<br>").join(Markup("{}").format(line) for line in message.who if line)
    parts = Markup("").join(_part(part, heading) for part in message.parts)
    buttons = _buttons(message.link, language, color, answers) if message.link else Markup("")
    return Markup('<section style="margin:0 0 28px">{}<p style="margin:0 0 16px">{}</p>{}{}</section>').format(
        head, who, parts, buttons
    )


def _part(part: Part, heading: str) -> Markup:
    below = "h2" if heading == "h1" else "h3"
    rows = Markup("").join(Markup("<li>{}</li>").format(line) for line in part.lines)
    return Markup(
        '<{0} style="font-size:15px;margin:16px 0 4px">{1}</{0}><ul style="margin:0;padding-left:20px">{2}</ul>'
    ).format(below, part.title, rows)


def _buttons(link: str, language: str, color: str, answers: tuple[str, ...]) -> Markup:
    words = words_of(language)
    first = Markup('<a href="{}#{}" style="{} {};background:{};color:{}">{}</a>')
    second = Markup('<a class="second" href="{}#{}" style="{} #767a80;background:#ffffff;color:#1e2023">{}</a>')
    edge = color if contrast(color, "#ffffff") >= _VISIBLE else "#767a80"
    buttons = [first.format(link, answers[0], _BUTTON, edge, color, text_color_on(color), words[answers[0]])]
    buttons += [second.format(link, answer, _BUTTON, words[answer]) for answer in answers[1:]]
    all_answers = Markup('<p style="margin:8px 0 0"><a class="link" href="{}" style="color:#1e2023">{}</a></p>').format(
        link, words["answer"]
    )
    return Markup('<p style="margin:20px 0 4px"><b>{}</b></p><div>{}</div>{}').format(
        words["answer_here"], Markup("").join(buttons), all_answers if len(answers) == 1 else Markup("")
    )
