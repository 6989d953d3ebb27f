"""A visit to one of our pages: who came, with which link, in which language, and what the page answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from sodate.consent import links, pages
from sodate.consent.confirm import OnConfirmed, confirm_opt_in
from sodate.consent.consent import Method
from sodate.consent.unsubscribe import Scope, unsubscribe
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.store import find_state
from sodate.signing import Signer


@dataclass(frozen=True)
class Page:
    status: int
    html: str


@dataclass(frozen=True)
class ConsentDesk:
    """`issuer` names the sender at the foot of the page; `preferred` is the browser's language, for broken links."""

    signer: Signer
    on_confirmed: OnConfirmed
    issuer: pages.Issuer

    def ask_opt_in(self, token: str, preferred: str, now: datetime) -> Page:
        return self._visit(links.OPT_IN, token, preferred, now, lambda _, lang: self._question("opt_in", lang))

    def confirm(self, token: str, preferred: str, now: datetime) -> Page:
        def act(payload: Mapping[str, Any], language: str) -> Page:
            try:
                confirm_opt_in(payload["l"], payload["c"], self.on_confirmed, now)
            except Conflict:
                return self._message("opt_in_used", language)
            return self._message("opt_in_done", language)

        return self._visit(links.OPT_IN, token, preferred, now, act)

    def ask_unsubscribe(self, token: str, preferred: str, now: datetime) -> Page:
        return self._visit(
            links.UNSUBSCRIBE, token, preferred, now, lambda _, lang: self._question("unsubscribe", lang)
        )

    def unsubscribe(self, token: str, body: bytes, preferred: str, now: datetime) -> Page:
        def act(payload: Mapping[str, Any], language: str) -> Page:
            one_click = b"One-Click" in body
            method: Method = "one_click" if one_click else "unsubscribe_page"
            unsubscribe(payload["l"], payload["s"], payload["t"], "all" if one_click else _scope(body), method, now)
            return self._message("unsubscribe_done", language)

        return self._visit(links.UNSUBSCRIBE, token, preferred, now, act)

    def _visit(
        self, purpose: str, token: str, preferred: str, now: datetime, act: Callable[[Mapping[str, Any], str], Page]
    ) -> Page:
        try:
            payload = self.signer.verify(purpose, token, now)
            state = find_state(str(payload["l"]))
            if state is None:
                raise NotFound("erased")
            return act(payload, state.language)
        except (Invalid, NotFound) as error:
            name = error.code if isinstance(error, Invalid) else "link_expired"
            return Page(400, pages.message(name, preferred, self.issuer))

    def _question(self, name: str, language: str) -> Page:
        return Page(200, pages.question(name, language, self.issuer, choose_scope=name == "unsubscribe"))

    def _message(self, name: str, language: str) -> Page:
        return Page(200, pages.message(name, language, self.issuer))


def _scope(body: bytes) -> Scope:
    """The page's own form. Anything unreadable means everything: in doubt no more mail."""
    return "topic" if parse_qs(body[:2000].decode("utf-8", "replace")).get("scope") == ["topic"] else "all"


def preferred_language(headers: Mapping[str, str]) -> str:
    return "ja" if headers.get("accept-language", "").lower().startswith("ja") else "en"
