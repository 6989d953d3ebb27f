"""The mailbox as HTML. Every value passes through markupsafe: a lead may be called `<svg onload=…>`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from markupsafe import Markup
from ses_simulator.events import Event
from ses_simulator.message import Message as Email
from sodate.messages import Message

from sodate_cli.local.mailbox.actions import BOUNCES, one_click_url

JAPAN = timezone(timedelta(hours=9), "JST")
# Inline, because the page loads nothing from anywhere; our own files, hence trusted.
_STYLE = Markup(Path(__file__).with_name("mailbox.css").read_text(encoding="utf-8"))  # noqa: S704
SCRIPT = Markup(Path(__file__).with_name("mailbox.js").read_text(encoding="utf-8"))  # noqa: S704

LISTED = 200
VIEWS = ("html", "text", "headers", "events")

_TONE = {"Bounce": "bad", "Complaint": "bad", "Reject": "bad", "Open": "good", "Click": "good", "DeliveryDelay": "warn"}

#: A message in the language of the page.
Say = Callable[[str], str]
_NAMES = {"ja": "日本語", "en": "English"}
_FROM, _TO, _TEXT, _NO_SUBJECT = Message("From"), Message("To"), Message("Text"), Message("(no subject)")
_EVENTS = {
    "Send": Message("Send"), "Delivery": Message("Delivery"), "Open": Message("Open"), "Click": Message("Click"),
    "Bounce": Message("Bounce"), "Complaint": Message("Complaint"), "Reject": Message("Reject"),
    "DeliveryDelay": Message("DeliveryDelay"),
}  # fmt: skip
_BOUNCES = {
    "hard": Message("Bounce: hard"),
    "mailbox-full": Message("Bounce: mailbox full"),
    "out-of-office": Message("Bounce: out of office"),
}


@dataclass(frozen=True)
class Listed:
    """Mails, newest first, and the events of the newest `LISTED`."""

    messages: Sequence[Email]
    histories: dict[str, list[Event]]


_PAGE = Markup("""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>{style}</style></head>
<body><header><a class="brand" href="/">Sodate <span>{mailbox}</span></a>
<p>{nothing_leaves} <time>{now}</time> ·
<a class="other" href="?lang={other}" lang="{other}">{other_name}</a></p></header>
<p id="news" class="news" role="status" aria-live="polite"></p>
<nav aria-label="{mail}" id="list" data-current="{current}" data-one="{one_new}" data-more="{more_new}"
 tabindex="0">{listing}</nav><main>{content}</main>
<script>{script}</script></body></html>""")


@dataclass(frozen=True)
class Speech:
    """`language`: ja or en; `say`: a message in it."""

    language: str
    say: Callable[[str], str]

    @property
    def other(self) -> str:
        return "en" if self.language == "ja" else "ja"


def page(listed: Listed, now: str, shown: Markup, speech: Speech, current: str = "") -> str:
    """The list beside `shown`; the list keeps itself up to date."""
    say = speech.say
    return _PAGE.format(
        title=say(Message("{count} mails - Sodate mailbox", count=len(listed.messages))),
        language=speech.language,
        other=speech.other,
        other_name=_NAMES[speech.other],
        mailbox=say(Message("mailbox")),
        mail=say(Message("Mail")),
        nothing_leaves=say(Message("Nothing here leaves this machine. Local time of the stage:")),
        one_new=say(Message("1 new mail")),
        more_new=say(Message("{count} new mails", count="#")),
        style=_STYLE,
        script=SCRIPT,
        now=now,
        current=current,
        listing=listing(listed, say, current),
        content=shown,
    )


def listing(listed: Listed, say: Say, current: str) -> Markup:
    """The newest mails; `data-count`: how many there are in all."""
    messages, newest = listed.messages, listed.messages[:LISTED]
    rows = Markup("").join(_row(one, listed.histories[one.message_id], say, current) for one in newest)
    note = Markup('<p class="empty">{}</p>')
    if len(messages) > len(newest):
        more = Message("{count} older mails: sodate local mail list", count=len(messages) - len(newest))
        rows += note.format(say(more))
    empty = note.format(say(Message("No mail yet. Post a form, or advance the clock.")))
    return Markup('<div data-count="{}">{}</div>').format(len(messages), rows or empty)


def _row(message: Email, history: Sequence[Event], say: Say, current: str) -> Markup:
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
        subject=message.subject or say(_NO_SUBJECT),
        chips=_chips(history, say),
    )


def _chips(history: Sequence[Event], say: Say) -> Markup:
    kinds = dict.fromkeys(event["eventType"] for event in history)
    later = [kind for kind in kinds if kind != "Send"] or list(kinds)
    chip = Markup('<span class="chip {tone}">{kind}</span>')
    return Markup("").join(chip.format(tone=_TONE.get(kind, ""), kind=_kind(kind, say)) for kind in later)


def _kind(kind: str, say: Say) -> str:
    return say(_EVENTS[kind]) if kind in _EVENTS else kind


def welcome(count: int, say: Say) -> Markup:
    """The right side while no mail is chosen."""
    hint = Message("Choose a mail to read it.") if count else Message("Mail that the local stage sends appears here.")
    return Markup('<div class="welcome"><h1>{hint}</h1><p>{more}</p></div>').format(
        hint=say(hint),
        more=say(
            Message("You can then open it, click a link, answer, bounce, complain, or unsubscribe with one click.")
        ),
    )


def reader(message: Email, history: Sequence[Event], view: str, notice: str | Markup, say: Say) -> Markup:
    """One mail: what it is, what can be done with it, and one of its views."""
    shown = Markup('<p class="notice" role="status">{}</p>').format(notice) if notice else Markup("")
    head = Markup(
        '<h1>{subject}</h1><dl class="facts"><dt>{from_}</dt><dd>{source}</dd><dt>{to_}</dt><dd>{to}</dd>'
        "<dt>{sent}</dt><dd>{at}</dd></dl>{notice}"
    ).format(
        subject=message.subject or say(_NO_SUBJECT),
        from_=say(_FROM),
        to_=say(_TO),
        sent=say(Message("Sent")),
        source=message.sender,
        to=", ".join(message.recipients),
        at=f"{message.at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S} JST",
        notice=shown,
    )
    return head + _action_bar(message, say) + _tabs(message, view, say) + _view(message, history, view, say)


def clicked(message: Email, link: str, say: Say) -> str | Markup:
    """What a click leads to, as a way to go there; only links of the mail itself become one."""
    if link not in message.links:
        return ""
    template = Markup('{said} <a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>')
    return template.format(said=say(Message("SES reports the click. It leads to:")), link=link)


def _action_bar(message: Email, say: Say) -> Markup:
    bounces = Markup("").join(_button(message, "bounce", say(_BOUNCES[kind]), "kind", kind) for kind in BOUNCES)
    unsubscribe = (
        _button(message, "unsubscribe", say(Message("Unsubscribe (one click)")))
        if one_click_url(message)
        else Markup('<span class="absent">{}</span>').format(say(Message("no one-click unsubscribe header")))
    )
    click = say(Message("Click"))
    links = Markup("").join(
        Markup("<li>{button}<code>{link}</code></li>").format(
            button=_button(message, "click", click, "link", link), link=link
        )
        for link in message.links
    )
    return Markup(
        '<section class="actions"><div>{open}{unsubscribe}</div><div class="harm">{bounces}{complain}</div>'
        "<details{has_links}><summary>{count}</summary><ul>{links}</ul></details>{reply}</section>"
    ).format(
        reply=_reply_form(message, say),
        open=_button(message, "open", say(_EVENTS["Open"])),
        unsubscribe=unsubscribe,
        bounces=bounces,
        complain=_button(message, "complain", say(Message("Complain"))),
        has_links=Markup(" open") if 0 < len(message.links) <= 4 else "",
        count=say(
            Message("1 link in this mail")
            if len(message.links) == 1
            else Message("{count} links in this mail", count=len(message.links))
        ),
        links=links,
    )


def _reply_form(message: Email, say: Say) -> Markup:
    return Markup(
        '<details><summary>{reply}</summary><form class="reply" method="post" action="/mail/{id}/reply">'
        '<label>{text} <textarea name="text" rows="3" required></textarea></label>'
        '<label>{from_} <input name="from" placeholder="{to}"></label>'
        '<label class="check"><input type="checkbox" name="auto_reply"> {automatic}</label>'
        "<button>{send}</button></form></details>"
    ).format(
        id=message.message_id,
        to=message.recipient,
        reply=say(Message("Reply")),
        text=say(_TEXT),
        from_=say(_FROM),
        automatic=say(Message("automatic (out of office)")),
        send=say(Message("Send the reply")),
    )


def _button(message: Email, action: str, label: str, field: str = "", value: str = "") -> Markup:
    hidden = Markup('<input type="hidden" name="{}" value="{}">').format(field, value) if field else ""
    form = Markup('<form method="post" action="/mail/{id}/{action}">{hidden}<button>{label}</button></form>')
    return form.format(id=message.message_id, action=action, hidden=hidden, label=label)


def _tabs(message: Email, view: str, say: Say) -> Markup:
    labels = {
        "html": "HTML",
        "text": say(_TEXT),
        "headers": say(Message("Headers and tags")),
        "events": say(Message("Events")),
    }
    tab = Markup('<a href="/mail/{id}?view={view}"{marker}>{label}</a>')
    return Markup('<div class="tabs" role="group" aria-label="{}">{}</div>').format(
        say(Message("Views")),
        Markup("").join(
            tab.format(
                id=message.message_id,
                view=one,
                label=labels[one],
                marker=Markup(' aria-current="true"') if one == view else "",
            )
            for one in VIEWS
        ),
    )


def _view(message: Email, history: Sequence[Event], view: str, say: Say) -> Markup:
    match view:
        case "text":
            return Markup('<pre tabindex="0">{}</pre>').format(message.text)
        case "headers":
            pairs = [
                ("From", message.source),
                ("To", ", ".join(message.recipients)),
                ("Reply-To", ", ".join(message.reply_to)),
            ]
            headers, tags = say(Message("Headers")), say(Message("Message tags"))
            return _table(headers, [*pairs, *message.headers]) + _table(tags, message.tags.items())
        case "events":
            rows = [(_kind(event["eventType"], say), _moment(event)) for event in history]
            return _table(say(Message("Events, in the order they happened")), rows)
        case _:
            frame = Markup('<iframe sandbox="" title="{}" src="/mail/{}/html"></iframe>')
            return frame.format(say(Message("The HTML part")), message.message_id)


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
