"""Creates API tokens, and checks the one of a request."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.errors import Invalid, TooManyRequests
from sodate.intake import store
from sodate.intake.principal import SOURCES, token_of
from sodate.intake.token import ApiToken, Scope, check, hash_of, presented, token_text
from sodate.messages import Message

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
#: Names of sources that Sodate uses itself.
RESERVED = ("feedback",)
MOST_DAYS, MOST_PER_MINUTE = 3650, 6000


@dataclass(frozen=True)
class TokenRequest:
    """What a new token is for. `days`: until it expires."""

    name: str
    source: str
    scopes: Sequence[Scope]
    days: int = 365
    per_minute: int = 60


def create_token(request: TokenRequest, now: datetime, random: Callable[[], tuple[str, str]]) -> tuple[ApiToken, str]:
    """The token, and its text, which nobody can show a second time. `random`: 12 of 0-9a-z, and 43 URL-safe characters.

    Raises: `Invalid`.
    """
    for what, value in (("name", request.name), ("source", request.source)):
        if not _NAME.fullmatch(value) or value in RESERVED:
            raise Invalid(
                Message(
                    "{what} {value!r}: write at most 60 lower-case letters, digits and hyphens",
                    what=what,
                    value=value[:60],
                ),
                what,
            )
    if request.source.startswith(SOURCES):
        raise Invalid(
            Message(
                "source {source}: `{reserved}…` are the sources of roles and users of IAM; choose another name",
                source=request.source,
                reserved=SOURCES,
            ),
            "source",
        )
    if not request.scopes:
        raise Invalid(Message("give a token at least one of the scopes {scopes}", scopes=", ".join(Scope)), "scope")
    if not 1 <= request.days <= MOST_DAYS or not 1 <= request.per_minute <= MOST_PER_MINUTE:
        raise Invalid(
            Message(
                "a token lives 1 to {most_days} days and makes 1 to {most_per_minute} requests a minute",
                most_days=MOST_DAYS,
                most_per_minute=MOST_PER_MINUTE,
            ),
            "days",
        )
    token_id, secret = random()
    expires, scopes = now + timedelta(days=request.days), tuple(dict.fromkeys(request.scopes))
    token = ApiToken(token_id, request.name, request.source, scopes, hash_of(secret), request.per_minute, now, expires)
    store.put_token(token)
    return token, token_text(token_id, secret)


def authenticate(headers: Mapping[str, str], scope: Scope, now: datetime) -> ApiToken:
    """The token of a request.

    Raises: `NotIdentified`, `NotAllowed`; `TooManyRequests` when it made too many in this minute.
    """
    token_id, secret = presented(headers)
    return _counted(check(store.find_token(token_id), secret, scope, now), now)


def authorized(principal: str, scope: Scope, now: datetime) -> ApiToken:
    """What stands for the IAM principal of a request. `principal`: its ARN, as API Gateway verified it.

    Raises: as `authenticate`.
    """
    return _counted(token_of(principal, scope, now), now)


def _counted(token: ApiToken, now: datetime) -> ApiToken:
    if not store.count_request(token, now):
        raise TooManyRequests(f"more than {token.per_minute} requests a minute of {token.id}", 60 - now.second)
    return token
