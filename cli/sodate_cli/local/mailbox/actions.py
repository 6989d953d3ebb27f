"""What a recipient can do with a mail; used by the web page, the control API and `sodate local mail`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from ses_simulator.errors import SesRefusal
from ses_simulator.events import Event
from ses_simulator.inbound import Answer
from ses_simulator.inbox import Inbox, NotReceived, absence_note
from ses_simulator.message import Message as Email
from ses_simulator.rules import check_address
from ses_simulator.simulator import SesSimulator
from sodate.messages import Message

# Posts a form body to a URL and returns the status; never follows a redirect, sends no cookie.
PostForm = Callable[[str, str], int]

#: Documentation range of RFC 5737.
_FILTER_ADDRESS = "198.51.100.200"
ONE_CLICK_BODY = "List-Unsubscribe=One-Click"

BOUNCES = {
    "hard": ("Permanent", "General"),
    "mailbox-full": ("Transient", "MailboxFull"),
    "out-of-office": ("Transient", "General"),
}


class NotPossible(ValueError):
    """The mail does not allow this action; the message says why."""


@dataclass(frozen=True, slots=True)
class Actions:
    """Every method raises KeyError for an unknown message id and NotPossible for what the mail does not offer."""

    simulator: SesSimulator
    lock: Lock
    post_form: PostForm
    happened: Callable[[], None] = lambda: None
    inbox: Inbox = field(default_factory=Inbox)

    def open(self, message_id: str) -> str:
        tracks = self.simulator.message(message_id).tracks_opens
        done = Message("opened the mail") if tracks else Message("opened; SES does not track it")
        return self._event(lambda: self.simulator.open(message_id), done)

    def click(self, message_id: str, link: str | None = None) -> str:
        """Click `link`, or the first link of the mail; the answer names the target."""
        links = self.simulator.message(message_id).links
        target = link if link is not None else next(iter(links), None)
        if target is None or target not in links:
            raise NotPossible(
                Message("the mail has no link {target}", target=target) if target else Message("the mail has no links")
            )
        done = (
            Message("clicked {target}", target=target)
            if self.simulator.message(message_id).tracks_clicks
            else Message("clicked {target}; SES does not track it", target=target)
        )
        return self._event(lambda: self.simulator.click(message_id, target), done)

    def scan(self, message_id: str) -> str:
        """Open the mail and every link of it at once, as a filter of incoming email does."""
        message = self.simulator.message(message_id)
        with self.lock:
            self.simulator.open(message_id, address=_FILTER_ADDRESS)
            for link in message.links:
                self.simulator.click(message_id, link, address=_FILTER_ADDRESS)
        self.happened()
        return Message("opened all {count} links", count=len(message.links))

    def bounce(self, message_id: str, kind: str = "hard") -> str:
        if kind not in BOUNCES:
            raise NotPossible(Message("a bounce is one of {kinds}, not {kind!r}", kinds=", ".join(BOUNCES), kind=kind))
        return self._event(
            lambda: self.simulator.bounce(message_id, *BOUNCES[kind]), Message("bounced ({kind})", kind=kind)
        )

    def complain(self, message_id: str, feedback_type: str = "abuse") -> str:
        done = Message("complained ({feedback_type})", feedback_type=feedback_type)
        return self._event(lambda: self.simulator.complain(message_id, feedback_type), done)

    def unsubscribe(self, message_id: str) -> str:
        """The one-click POST of RFC 8058, which a mail program sends without showing a page."""
        message = self.simulator.message(message_id)
        url = one_click_url(message)
        if url is None:
            raise NotPossible(Message("the mail has no one-click unsubscribe header (RFC 8058 needs both headers)"))
        status = self.post_form(url, ONE_CLICK_BODY)
        return Message("unsubscribe answered {status}", status=status)

    def reply(self, message_id: str, text: str, sender: str | None = None, *, is_automatic: bool = False) -> str:
        """Answer it, as SES receives answers. `sender`: another address than the recipient's; `is_automatic`: the
        absence note of a mail system."""
        message = self.simulator.message(message_id)
        if not text.strip():
            raise NotPossible(Message("an answer needs a text"))
        try:
            who = check_address(sender) if sender else None
            answer = absence_note(text, who) if is_automatic else Answer(text, who)
            key = self.inbox.receive_answer(message, answer, self.simulator.clock())
        except (NotReceived, SesRefusal, OSError) as reason:
            raise NotPossible(str(reason)) from reason
        return Message("SES received it and stored {key}", key=key)

    def _event(self, act: Callable[[], Event | None], done: str) -> str:
        with self.lock:
            act()
        self.happened()
        return done


def one_click_url(message: Email) -> str | None:
    """Where to post, if both headers are there; a mail program ignores the one without the other."""
    if (message.header("List-Unsubscribe-Post") or "").strip() != ONE_CLICK_BODY:
        return None
    return message.unsubscribe_url


def summary(simulator: SesSimulator, message: Email) -> dict[str, Any]:
    """One line of a mail list."""
    return {
        "id": message.message_id,
        "at": message.at.isoformat(timespec="seconds"),
        "to": message.recipient,
        "from": message.sender,
        "subject": message.subject,
        "tags": dict(message.tags),
        "events": [event["eventType"] for event in simulator.history(message.message_id)],
    }


def detail(simulator: SesSimulator, message: Email) -> dict[str, Any]:
    """Everything about one mail."""
    return summary(simulator, message) | {
        "text": message.text,
        "html": message.html,
        "headers": [list(header) for header in message.headers],
        "reply_to": list(message.reply_to),
        "links": list(message.links),
        "unsubscribe_url": message.unsubscribe_url,
        "history": simulator.history(message.message_id),
    }
