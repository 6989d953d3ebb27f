"""Meta's Conversions API behind the port `AdPlatform`: one verdict per row, although it answers for whole requests.

One event that the API refuses rejects its whole request, so a refused request is halved until the event is found. A
repeat within 48 hours is harmless: so long Meta recognises an event by its `event_id`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3

from sodate.campaigns.conversion import ConversionState, Row
from sodate.campaigns.conversion_files import meta_event
from sodate.campaigns.export_conversions import Verdict
from sodate.errors import Invalid, Transient
from sodate.messages import Message

ENDPOINT, VERSION = "https://graph.facebook.com", "v24.0"
_LARGEST_ANSWER = 64 * 1024
#: Codes of the Graph API: unknown and service errors, limits of calls, a time-out.
_TRY_LATER = frozenset({1, 2, 4, 17, 32, 341, 368, 613})
#: An expired or revoked token, and missing permissions.
_NOT_ALLOWED = frozenset({3, 10, 102, 190, *range(200, 300)})
#: A parameter that the API refuses: the only error that is about an event. The subcode is of a data set that is
#: unknown, or that the token may not use.
_BAD_PARAMETER, _NO_SUCH_DATASET = 100, 33


@dataclass(frozen=True)
class _Answer:
    """`events`: how many the API says it has received. `code`, `subcode`: of an error."""

    status: int
    events: int = 0
    code: int = 0
    subcode: int = 0
    is_transient: bool = False

    def accepts(self, events: int) -> bool:
        return 200 <= self.status < 300 and self.events >= events

    @property
    def is_for_later(self) -> bool:
        is_limit = self.code in _TRY_LATER or 80000 <= self.code <= 80014
        return self.status in (408, 429) or self.status >= 500 or self.status < 300 or self.is_transient or is_limit

    def check_is_about_an_event(self) -> None:
        """Success, and what may come right later, pass.

        Raises: `Invalid` for a refusal of the whole request, which says nothing of any row.
        """
        if self.status in (401, 403) or self.code in _NOT_ALLOWED:
            raise Invalid(
                Message(
                    "Meta does not accept the token for this data set (error {code}); make a new token that may use it",
                    code=self.code,
                ),
                "token",
            )
        if self.is_for_later:
            return
        if not (self.status == 400 and self.code == _BAD_PARAMETER and self.subcode != _NO_SUCH_DATASET):
            raise Invalid(
                Message(
                    "Meta refuses every request (status {status}, error {code}/{subcode}): check the data set, what"
                    " the token may do, and the version of the API",
                    status=self.status,
                    code=self.code,
                    subcode=self.subcode,
                ),
                "dataset",
            )


@dataclass
class MetaClient:
    """`dataset`: id of the data set. `most_calls`: of one `upload`; rows without a verdict wait for the next one."""

    dataset: str
    token: str = field(repr=False)
    endpoint: str = ENDPOINT
    version: str = VERSION
    most_calls: int = 200
    timeout_s: float = 10
    _left: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises: `Invalid`."""
        parts = urlsplit(self.endpoint)
        is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not (parts.scheme == "https" or (parts.scheme == "http" and is_local)) or not parts.hostname:
            raise Invalid(Message("--endpoint must be an https address: the token goes there"), "endpoint")
        if not (self.dataset.isascii() and self.dataset.isdigit()):
            raise Invalid(
                Message("--dataset: the id of a data set is a number; Meta's Events Manager shows it"), "dataset"
            )
        if not self.token.strip():
            raise Invalid(Message("--token-secret: the secret holds no token; store the access token in it"), "token")

    def upload(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Raises: `Invalid` when Meta does not accept the token; `Transient` when it does not answer at all."""
        self._left = self.most_calls
        return self._verdicts(rows, is_first=True)

    def _verdicts(self, rows: Sequence[Row], *, is_first: bool = False) -> list[Verdict]:
        if not rows or self._left <= 0:
            return []
        self._left -= 1
        try:
            answer = self._post(rows)
            answer.check_is_about_an_event()
        except (Transient, Invalid):
            self._left = 0
            if is_first:
                raise
            return []  # the verdicts so far count
        if answer.accepts(len(rows)):
            return [Verdict(row.conversion.key, ConversionState.ACCEPTED) for row in rows]
        if answer.is_for_later:
            self._left = 0
            return []
        if len(rows) == 1:
            # Codes only: the text of the error may repeat what was sent.
            reason = f"error {answer.code}/{answer.subcode}"
            return [Verdict(rows[0].conversion.key, ConversionState.REJECTED, reason)]
        half = len(rows) // 2
        return self._verdicts(rows[:half]) + self._verdicts(rows[half:])

    def _post(self, rows: Sequence[Row]) -> _Answer:
        body = json.dumps({"data": [meta_event(row) for row in rows], "access_token": self.token}, ensure_ascii=False)
        pool = urllib3.PoolManager()
        try:
            reply = pool.request(
                "POST",
                f"{self.endpoint.rstrip('/')}/{self.version}/{self.dataset}/events",
                body=body.encode(),
                headers={"content-type": "application/json", "user-agent": "sodate"},
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=min(3, self.timeout_s), read=self.timeout_s),
                preload_content=False,
            )
            text = reply.read(_LARGEST_ANSWER)
            reply.close()
        except urllib3.exceptions.HTTPError as error:
            raise Transient(
                Message("Meta did not answer ({reason}); run the same command again later", reason=type(error).__name__)
            ) from error
        finally:
            pool.clear()
        return _answer(int(reply.status), text)


def _answer(status: int, text: bytes) -> _Answer:
    """Whatever the text is, the status counts."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    document: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    inner = document.get("error")
    error: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    return _Answer(
        status,
        _number(document.get("events_received")),
        _number(error.get("code")),
        _number(error.get("error_subcode")),
        error.get("is_transient") is True,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
