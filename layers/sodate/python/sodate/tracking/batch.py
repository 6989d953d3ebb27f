"""Reads a batch of events as the beacon sends it. Pure; whatever a stranger sends gives events, counts or `BodyError`.

An event that is wrong is left out and counted by its reason; unknown keys are ignored. Times are the server's: the age
of an event, `sent_at` minus `at`, is the browser's, and everything else about the browser's clock is not used.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sodate.activities.catalog import text_of
from sodate.leads.visitor import is_visitor_id
from sodate.messages import Message
from sodate.tracking.definition import EventField, Site
from sodate.tracking.urls import Page, read_page, referrer_host
from sodate.web.body import BodyError, content_type, decode

MAXIMUM_BYTES = 32 * 1024
MOST_EVENTS = 50
#: Numbers of the batches of one loaded page: 1 to this.
MOST_BATCHES = 128
#: A browser that was offline may send what it kept; older events count as so old.
OLDEST = timedelta(hours=24)
LONGEST_DWELL_S = 1800
_MEDIA = ("application/json", "text/plain")
_SESSION_ID, _LOAD_ID = re.compile(r"[0-9a-f]{16}"), re.compile(r"[0-9a-f]{8}")
#: Years in which a browser's clock may be, so that a key always has the same form.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_LONGEST_TOKEN = 300


@dataclass(frozen=True, slots=True)
class PageView:
    at: datetime
    page: Page
    referrer: str | None = None
    """Host of another site."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """Time on a page while it was visible and focused, since the last report; and how far it was scrolled, in %."""

    at: datetime
    page: Page
    dwell_s: int
    scroll: int


@dataclass(frozen=True, slots=True)
class Download:
    at: datetime
    page: Page
    """The file."""


@dataclass(frozen=True, slots=True)
class Event:
    """A call to action, or a custom event with its declared fields, as `name=value`."""

    at: datetime
    name: str
    fields: tuple[str, ...] = ()
    is_cta: bool = False


WebEvent = PageView | Engagement | Download | Event


@dataclass(frozen=True, slots=True)
class Batch:
    """`started`: of the session, by the browser's clock: a part of a key, never a time. `load`: the loaded page.

    `number`: of the batch, among those of `load`.
    """

    visitor: str
    session: str
    started: datetime
    load: str
    number: int
    has_consent: bool
    automated: bool
    token: str | None
    events: tuple[WebEvent, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)


class _Wrong(Exception):
    """Why one event is left out: a reason code."""


def read_batch(body: str | None, is_base64: bool, headers: Mapping[str, str], site: Site, now: datetime) -> Batch:
    """`headers` have lower-case names. Raises: `BodyError` 400, 413 or 415 when nothing of it can be used."""
    if body is not None and len(body) > MAXIMUM_BYTES * 4 // 3 + 4:
        raise _too_large()
    data = decode(body, is_base64)
    if len(data) > MAXIMUM_BYTES:
        raise _too_large()
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise BodyError(415, "content_encoding", "send the body without Content-Encoding")
    if _media_of(headers.get("content-type", "")) not in _MEDIA:
        raise BodyError(415, "content_type", f"send {' or '.join(_MEDIA)}")
    return _batch(_document(data), site, now)


def _media_of(header: str) -> str:
    return header if header in _MEDIA else content_type(header)[0]


def _too_large() -> BodyError:
    return BodyError(413, "too_large", f"send at most {MAXIMUM_BYTES // 1024} KiB")


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BodyError(400, "bad_json", "the body is not valid JSON") from error
    if not isinstance(document, dict):
        raise BodyError(400, "object_required", "send one JSON object")
    return document


def _batch(document: Mapping[str, Any], site: Site, now: datetime) -> Batch:
    if document.get("v") != 1:
        raise _bad("v", "this release reads version 1")
    events = document.get("events")
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise _bad("events", f"a list of {MOST_EVENTS} events at most")
    token = document.get("token")
    number = _whole(document.get("n"), 1, MOST_BATCHES)
    if number is None:
        raise _bad("n", f"1 to {MOST_BATCHES}")
    sent_at = _milliseconds(document.get("sent_at"))
    read, dropped = _events(events, site, now, sent_at)
    return Batch(
        visitor=_id(document, "visitor", is_visitor_id),
        session=_id(document, "session", lambda text: _SESSION_ID.fullmatch(text) is not None),
        started=_started(document.get("started")),
        load=_id(document, "load", lambda text: _LOAD_ID.fullmatch(text) is not None),
        number=number,
        has_consent=document.get("consent") is True,
        automated=document.get("automated") is True,
        token=token if isinstance(token, str) and 0 < len(token) <= _LONGEST_TOKEN else None,
        events=read,
        dropped=dropped,
    )


def _no_number(text: str) -> float:
    """NaN and Infinity are no JSON. Raises: `ValueError`."""
    raise ValueError(Message("{text} is no number", text=text))


def _bad(name: str, wanted: str) -> BodyError:
    return BodyError(400, "bad_batch", f"`{name}`: {wanted}")


def _id(document: Mapping[str, Any], name: str, holds: Callable[[str], bool]) -> str:
    text = document.get(name)
    if not isinstance(text, str) or not holds(text):
        raise _bad(name, "an id as the beacon makes it")
    return text


def _whole(value: object, least: int, most: int) -> int | None:
    """A whole number between the two; None for anything else, `true` included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        return None
    return int(value)


def _milliseconds(value: object) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(min(max(value, 0), 1e16))


def _started(value: object) -> datetime:
    milliseconds = _milliseconds(value)
    if milliseconds is None or not _EARLIEST <= milliseconds / 1000 <= _LATEST:
        raise _bad("started", "milliseconds since 1970")
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _events(
    raw: list[Any], site: Site, now: datetime, sent_at: float | None
) -> tuple[tuple[WebEvent, ...], dict[str, int]]:
    read: list[WebEvent] = []
    dropped: Counter[str] = Counter()
    for one in raw:
        try:
            if not isinstance(one, dict):
                raise _Wrong("type")
            kind = one.get("type")
            reader = _READERS.get(kind) if isinstance(kind, str) else None
            if reader is None:
                raise _Wrong("type")
            read.append(reader(one, _time(one.get("at"), sent_at, now), site))
        except _Wrong as why:
            dropped[str(why)] += 1
    return tuple(read), dict(dropped)


def _time(at: object, sent_at: float | None, now: datetime) -> datetime:
    """When it was, by our clock: as long ago as the browser says, between now and a day ago."""
    happened = _milliseconds(at)
    age = 0.0 if happened is None or sent_at is None else (sent_at - happened) / 1000
    return now - min(max(timedelta(), timedelta(seconds=min(max(age, 0.0), 1e6))), OLDEST)


def _page(url: object, site: Site) -> Page:
    page = read_page(url)
    if page is None:
        raise _Wrong("url")
    if page.origin not in site.tracking.origins:
        raise _Wrong("origin")
    return page


def _page_view(raw: Mapping[str, Any], at: datetime, site: Site) -> WebEvent:
    page = _page(raw.get("url"), site)
    referrer = referrer_host(raw.get("referrer"))
    return PageView(at, page, referrer if referrer != page.host else None)


def _engagement(raw: Mapping[str, Any], at: datetime, site: Site) -> WebEvent:
    page = _page(raw.get("url"), site)
    dwell = _whole(raw.get("dwell_ms"), 0, 10**9) or 0
    return Engagement(at, page, min(round(dwell / 1000), LONGEST_DWELL_S), _whole(raw.get("scroll"), 0, 100) or 0)


def _download(raw: Mapping[str, Any], at: datetime, _: Site) -> WebEvent:
    file = read_page(raw.get("url"))  # a file may lie on another host
    if file is None:
        raise _Wrong("url")
    return Download(at, file)


def _cta(raw: Mapping[str, Any], at: datetime, site: Site) -> WebEvent:
    name = raw.get("id")
    if not isinstance(name, str) or name not in site.ctas:
        raise _Wrong("undeclared")
    return Event(at, name, is_cta=True)


def _custom(raw: Mapping[str, Any], at: datetime, site: Site) -> WebEvent:
    name, given = raw.get("name"), raw.get("fields")
    declared = site.events.get(name) if isinstance(name, str) else None
    if declared is None or not isinstance(name, str):
        raise _Wrong("undeclared")
    if not isinstance(given, dict):
        return Event(at, name)
    values = ((one, _field(declared[one], given.get(one))) for one in sorted(declared))
    return Event(at, name, tuple(f"{one}={value}" for one, value in values if value is not None))


_FIELD_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


def _field(declared: EventField, value: object) -> str | None:
    """The value as it is kept; None for one that the declaration does not allow."""
    if declared.type == "flag":
        return text_of(value) if isinstance(value, bool) else None
    if declared.type == "number":
        number = None if isinstance(value, bool) or not isinstance(value, int | float) else value
        return None if number is None or not -1e12 <= number <= 1e12 else text_of(number)
    if not isinstance(value, str) or not _FIELD_ID.fullmatch(value):
        return None
    return value if not declared.values or value in declared.values else None


_READERS: dict[str, Callable[[Mapping[str, Any], datetime, Site], WebEvent]] = {
    "page_view": _page_view,
    "engagement": _engagement,
    "download": _download,
    "cta": _cta,
    "custom": _custom,
}
