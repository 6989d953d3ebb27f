"""A mail as SES accepted it, and what a reader of that mail can see."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted SendEmail. `recipients` are bare addresses; `headers` are the caller's extra ones, in order."""

    message_id: str
    at: datetime
    source: str
    recipients: tuple[str, ...]
    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    reply_to: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    configuration_set: str | None = None
    tracks_opens: bool = True
    tracks_clicks: bool = True

    @property
    def sender(self) -> str:
        """The From header as a mail program shows it: encoded words decoded (RFC 2047)."""
        try:
            return str(make_header(decode_header(self.source)))
        except (ValueError, LookupError):
            return self.source

    @property
    def sender_address(self) -> str:
        """The bare address of From."""
        return parseaddr(self.source)[1]

    @property
    def recipient(self) -> str:
        """The first recipient; Sodate sends to exactly one."""
        return self.recipients[0]

    def header(self, name: str) -> str | None:
        """The value of an extra header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def unsubscribe_url(self) -> str | None:
        """The https (or local http) target of List-Unsubscribe, RFC 2369."""
        for part in (self.header("List-Unsubscribe") or "").split(","):
            target = part.strip().removeprefix("<").removesuffix(">")
            if target.startswith(("https://", "http://")):
                return target
        return None

    @property
    def links(self) -> tuple[str, ...]:
        """Distinct http(s) targets of the HTML part in order of appearance: SES tracks no others."""
        finder = _LinkFinder()
        finder.feed(self.html)
        return tuple(dict.fromkeys(finder.found))


class _LinkFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        target = (dict(attrs).get("href") or "").strip()
        if target.startswith(("https://", "http://")):
            self.found.append(target)


def counting_ids(seed: int = 0) -> Callable[[], str]:
    """Message ids shaped like those of SES, repeatable from `seed`."""
    issued = 0

    def issue() -> str:
        nonlocal issued
        issued += 1
        mark = hashlib.sha256(f"{seed}:{issued}".encode()).hexdigest()
        return f"0106019a{issued:08x}-{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:32]}-000000"

    return issue


def body_of(part: Mapping[str, Any] | None) -> str:
    """The text of a `{"Data": …}` member, or nothing."""
    return str((part or {}).get("Data", ""))
