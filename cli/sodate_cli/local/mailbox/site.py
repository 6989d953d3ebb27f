"""The mailbox's addresses. The frame that shows a mail may run nothing and load nothing."""

import base64
from functools import partial
from hashlib import sha256
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from markupsafe import Markup
from ses_simulator.message import Message as Email
from sodate.messages import Message

from sodate_cli.languages import ENGLISH, languages, say_in
from sodate_cli.local.mailbox import pages
from sodate_cli.local.mailbox.actions import Actions, NotPossible
from sodate_cli.local.web import Request, Response, Route

#: Which language was chosen on the page.
_COOKIE = "lang"
_HTML = "text/html; charset=utf-8"
_SCRIPT_HASH = base64.b64encode(sha256(pages.SCRIPT.encode()).digest()).decode()
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
)
# Links of a shown mail do not navigate: a click is an event, and there is a button for it.
_INERT_LINKS = "<style>a{pointer-events:none}</style>"


class Site:
    """HTML routes."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._simulator = actions.simulator

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self._index),
            Route("GET", "/list", self._list),
            Route("GET", "/mail/{message_id}", self._read),
            Route("GET", "/mail/{message_id}/html", self._html_part),
            Route("POST", "/mail/{message_id}/{action}", self._act),
        ]

    def _index(self, request: Request) -> Response:
        return self._page(request, pages.welcome(len(self._simulator.messages), _speech(request).say))

    def _list(self, request: Request) -> Response:
        """The list alone, for the page that keeps itself up to date."""
        listing = pages.listing(self._listed(), _speech(request).say, request.query.get("current", [""])[0])
        return Response(200, listing.encode(), _headers(_PAGE_POLICY))

    def _read(self, request: Request, message_id: str) -> Response:
        message, say = self._find(message_id), _speech(request).say
        if message is None:
            return self._page(request, pages.welcome(0, say), status=404)
        view = request.query.get("view", ["html"])[0]
        link = request.query.get("clicked", [""])[0]
        notice = pages.clicked(message, link, say) or request.query.get("notice", [""])[0]
        shown = pages.reader(
            message, self._simulator.history(message_id), view if view in pages.VIEWS else "html", notice, say
        )
        return self._page(request, shown, current=message_id)

    def _html_part(self, request: Request, message_id: str) -> Response:
        message = self._find(message_id)
        body = (message.html or "<p>(no HTML part)</p>") + _INERT_LINKS if message else ""
        return Response(200 if message else 404, body.encode(), _headers(_MAIL_POLICY))

    def _act(self, request: Request, message_id: str, action: str) -> Response:
        form, say = request.form(), _speech(request).say
        acts = {
            "open": lambda: self._actions.open(message_id),
            "click": lambda: self._actions.click(message_id, form.get("link")),
            "bounce": lambda: self._actions.bounce(message_id, form.get("kind", "hard")),
            "complain": lambda: self._actions.complain(message_id),
            "unsubscribe": lambda: self._actions.unsubscribe(message_id),
            "reply": lambda: self._actions.reply(
                message_id, form.get("text", ""), form.get("from") or None, is_automatic="auto_reply" in form
            ),
        }
        if action not in acts or self._find(message_id) is None:
            return self._page(request, pages.welcome(0, say), status=404)
        try:
            notice = say(acts[action]())
        except (NotPossible, OSError) as reason:
            notice = say(Message("not done: {reason}", reason=str(reason)))
        result = {"clicked": form["link"]} if action == "click" and "link" in form else {"notice": notice}
        location = f"/mail/{message_id}?" + urlencode(result)
        return Response(303, b"", {"Location": location})

    def _find(self, message_id: str) -> Email | None:
        try:
            return self._simulator.message(message_id)
        except KeyError:
            return None

    def _listed(self) -> pages.Listed:
        messages = list(self._simulator.messages[::-1])
        listed = messages[: pages.LISTED]
        return pages.Listed(messages, {one.message_id: self._simulator.history(one.message_id) for one in listed})

    def _page(self, request: Request, shown: Markup, current: str = "", status: int = 200) -> Response:
        speech = _speech(request)
        now = f"{self._simulator.clock().astimezone(pages.JAPAN):%Y-%m-%d %H:%M} JST"
        headers = _headers(_PAGE_POLICY)
        if request.query.get("lang"):
            headers["Set-Cookie"] = f"{_COOKIE}={speech.language}; Path=/; SameSite=Strict; HttpOnly"
        return Response(status, pages.page(self._listed(), now, shown, speech, current).encode(), headers)


def _speech(request: Request) -> pages.Speech:
    """`?lang=`, which a cookie remembers, else the first language of the browser that there is, else English."""
    cookie = SimpleCookie(request.headers.get("cookie", "")).get(_COOKIE)
    asked = [
        *request.query.get("lang", []),
        *([cookie.value] if cookie else []),
        *(part.partition(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")),
    ]
    language = next((one for one in asked if one in languages()), ENGLISH)
    return pages.Speech(language, partial(say_in, language))


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Type": _HTML,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
