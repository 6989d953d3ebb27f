"""The mailbox as HTML. Every value passes through markupsafe: a lead may be called `<svg onload=…>`."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from markupsafe import Markup
from ses_simulator.events import Event
from ses_simulator.message import Message

from sodate_cli.local.mailbox.actions import BOUNCES, one_click_url

JAPAN = timezone(timedelta(hours=9), "JST")
# Inline, because the page loads nothing from anywhere; our own files, hence trusted.
_STYLE = Markup(Path(__file__).with_name("mailbox.css").read_text(encoding="utf-8"))  # noqa: S704
SCRIPT = Markup(Path(__file__).with_name("mailbox.js").read_text(encoding="utf-8"))  # noqa: S704

LISTED = 200
VIEWS = ("html", "text", "headers", "events")

_TONE = {"Bounce": "bad", "Complaint": "bad", "Reject": "bad", "Open": "good", "Click": "good", "DeliveryDelay": "warn"}

_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>{style}</style></head>
<body><header><a class="brand" href="/">Sodate <span>mailbox</span></a>
<p>Nothing here leaves this machine. Local time of the stage: <time>{now}</time></p></header>
<p id="news" class="news" role="status" aria-live="polite"></p>
<nav aria-label="Mail" id="list" data-current="{current}" tabindex="0">{listing}</nav><main>{content}</main>
<script>{script}</script></body></html>""")


def page(
    messages: Sequence[Message], histories: dict[str, list[Event]], now: str, shown: Markup, current: str = ""
) -> str:
    """The list beside `shown`; the list keeps itself up to date."""
    return _PAGE.format(
        title=f"{len(messages)} mails - Sodate mailbox",
        style=_STYLE,
        script=SCRIPT,
        now=now,
        current=current,
        listing=listing(messages, histories, current),
        content=shown,
    )


def listing(messages: Sequence[Message], histories: dict[str, list[Event]], current: str) -> Markup:
    """The newest mails; `data-count`: how many there are in all."""
    newest = messages[:LISTED]
    rows = Markup("").join(_row(message, histories[message.message_id], current) for message in newest)
    if len(messages) > len(newest):
        rows += Markup('<p class="empty">{} older mails: sodate local mail list</p>').format(
            len(messages) - len(newest)
        )
    empty = Markup('<p class="empty">No mail yet. Post a form, or advance the clock.</p>')
    return Markup('<div data-count="{}">{}</div>').format(len(messages), rows or empty)


def _row(message: Message, history: Sequence[Event], current: str) -> Markup:
    marker = Markup(' aria-current="true"') if message.message_id == current else ""
    template = Markup(
        '<a class="row" href="/mail/{id}"{marker}><span class="top"><b>{to}</b><time>{at}</time></span>'
        '<span class="subject">{subject}</span><span class="chips">{chips}</span></a>'
    )
    return template.format(
        id=message.message_id,
        marker=marker,
        to=message.recipient,
        at=f"{message.at.astimezone(JAPAN):%m-%d %H:%M}",
        subject=message.subject or "(no subject)",
        chips=_chips(history),
    )


def _chips(history: Sequence[Event]) -> Markup:
    kinds = dict.fromkeys(event["eventType"] for event in history)
    later = [kind for kind in kinds if kind != "Send"] or list(kinds)
    chip = Markup('<span class="chip {tone}">{kind}</span>')
    return Markup("").join(chip.format(tone=_TONE.get(kind, ""), kind=kind) for kind in later)


def welcome(count: int) -> Markup:
    """The right side while no mail is chosen."""
    hint = "Choose a mail to read it." if count else "Mail that the local stage sends appears here."
    return Markup('<div class="welcome"><h1>{hint}</h1><p>{more}</p></div>').format(
        hint=hint,
        more="You can then open it, click a link, answer, bounce, complain, or unsubscribe with one click.",
    )


def reader(message: Message, history: Sequence[Event], view: str, notice: str | Markup) -> Markup:
    """One mail: what it is, what can be done with it, and one of its views."""
    shown = Markup('<p class="notice" role="status">{}</p>').format(notice) if notice else Markup("")
    head = Markup(
        '<h1>{subject}</h1><dl class="facts"><dt>From</dt><dd>{source}</dd><dt>To</dt><dd>{to}</dd>'
        "<dt>Sent</dt><dd>{at}</dd></dl>{notice}"
    ).format(
        subject=message.subject or "(no subject)",
        source=message.sender,
        to=", ".join(message.recipients),
        at=f"{message.at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S} JST",
        notice=shown,
    )
    return head + _action_bar(message) + _tabs(message, view) + _view(message, history, view)


def clicked(message: Message, link: str) -> str | Markup:
    """What a click leads to, as a way to go there; only links of the mail itself become one."""
    if link not in message.links:
        return ""
    template = Markup(
        'SES reports the click. It leads to <a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>'
    )
    return template.format(link=link)


def _action_bar(message: Message) -> Markup:
    bounces = Markup("").join(_button(message, "bounce", f"Bounce: {kind}", "kind", kind) for kind in BOUNCES)
    unsubscribe = (
        _button(message, "unsubscribe", "Unsubscribe (one click)")
        if one_click_url(message)
        else Markup('<span class="absent">no one-click unsubscribe header</span>')
    )
    links = Markup("").join(
        Markup("<li>{button}<code>{link}</code></li>").format(
            button=_button(message, "click", "Click", "link", link), link=link
        )
        for link in message.links
    )
    return Markup(
        '<section class="actions"><div>{open}{unsubscribe}</div><div class="harm">{bounces}{complain}</div>'
        "<details{has_links}><summary>{count}</summary><ul>{links}</ul></details>{reply}</section>"
    ).format(
        reply=_reply_form(message),
        open=_button(message, "open", "Open"),
        unsubscribe=unsubscribe,
        bounces=bounces,
        complain=_button(message, "complain", "Complain"),
        has_links=Markup(" open") if 0 < len(message.links) <= 4 else "",
        count="1 link in this mail" if len(message.links) == 1 else f"{len(message.links)} links in this mail",
        links=links,
    )


def _reply_form(message: Message) -> Markup:
    return Markup(
        '<details><summary>Reply</summary><form class="reply" method="post" action="/mail/{id}/reply">'
        '<label>Text <textarea name="text" rows="3" required></textarea></label>'
        '<label>From <input name="from" placeholder="{to}"></label>'
        '<label class="check"><input type="checkbox" name="auto_reply"> automatic (out of office)</label>'
        "<button>Send the reply</button></form></details>"
    ).format(id=message.message_id, to=message.recipient)


def _button(message: Message, action: str, label: str, field: str = "", value: str = "") -> Markup:
    hidden = Markup('<input type="hidden" name="{}" value="{}">').format(field, value) if field else ""
    form = Markup('<form method="post" action="/mail/{id}/{action}">{hidden}<button>{label}</button></form>')
    return form.format(id=message.message_id, action=action, hidden=hidden, label=label)


def _tabs(message: Message, view: str) -> Markup:
    labels = {"html": "HTML", "text": "Text", "headers": "Headers and tags", "events": "Events"}
    tab = Markup('<a href="/mail/{id}?view={view}"{marker}>{label}</a>')
    return Markup('<div class="tabs" role="group" aria-label="Views">{}</div>').format(
        Markup("").join(
            tab.format(
                id=message.message_id,
                view=one,
                label=labels[one],
                marker=Markup(' aria-current="true"') if one == view else "",
            )
            for one in VIEWS
        )
    )


def _view(message: Message, history: Sequence[Event], view: str) -> Markup:
    match view:
        case "text":
            return Markup('<pre tabindex="0">{}</pre>').format(message.text)
        case "headers":
            pairs = [
                ("From", message.source),
                ("To", ", ".join(message.recipients)),
                ("Reply-To", ", ".join(message.reply_to)),
            ]
            return _table("Headers", [*pairs, *message.headers]) + _table("Message tags", message.tags.items())
        case "events":
            return _table(
                "Events, in the order they happened", [(event["eventType"], _moment(event)) for event in history]
            )
        case _:
            frame = Markup('<iframe sandbox="" title="The HTML part" src="/mail/{}/html"></iframe>')
            return frame.format(message.message_id)


def _table(caption: str, pairs: Any) -> Markup:
    row = Markup('<tr><th scope="row">{}</th><td>{}</td></tr>')
    rows = Markup("").join(row.format(name, value) for name, value in pairs)
    return Markup("<table><caption>{}</caption>{}</table>").format(caption, rows)


def _moment(event: Event) -> str:
    body: dict[str, Any] = next((value for key, value in event.items() if key not in ("eventType", "mail")), {})
    words = [body.get("timestamp") or event["mail"]["timestamp"]]
    words += [
        str(body[key]) for key in ("bounceType", "bounceSubType", "complaintFeedbackType", "link") if body.get(key)
    ]
    return "  ".join(words)
