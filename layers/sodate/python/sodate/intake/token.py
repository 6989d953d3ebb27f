"""API tokens: `sodate_<id>_<secret>`. The table holds a hash; the token itself is shown once. Pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sodate.errors import NotAllowed, NotIdentified

_TOKEN = re.compile(r"sodate_([0-9a-z]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a token may do."""

    ACTIVITIES = "activities"
    DEALS = "deals"


@dataclass(frozen=True)
class ApiToken:
    """`source`: the system that uses it; ids in its requests are ids of that system. `per_minute`: requests."""

    id: str
    name: str
    source: str
    scopes: tuple[Scope, ...]
    secret_hash: str
    per_minute: int
    created: datetime
    expires: datetime
    revoked: datetime | None = None

    def status(self, now: datetime) -> str:
        if self.revoked is not None:
            return "revoked"
        return "expired" if now >= self.expires else "active"


def token_text(token_id: str, secret: str) -> str:
    return f"sodate_{token_id}_{secret}"


def hash_of(secret: str) -> str:
    """SHA-256: the secret has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def presented(headers: Mapping[str, str]) -> tuple[str, str]:
    """Id and secret of the header `Authorization: Bearer …`.

    Raises: `NotIdentified`.
    """
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    match = _TOKEN.fullmatch(value.strip())
    if scheme.lower() != "bearer" or match is None:
        raise NotIdentified("send `Authorization: Bearer <token>`; `sodate token create` makes one")
    return match[1], match[2]


def check(token: ApiToken | None, secret: str, scope: Scope, now: datetime) -> ApiToken:
    """Raises: `NotIdentified` for a token that does not exist, is revoked or has expired; `NotAllowed` without the
    scope. The first does not tell which of them it is.
    """
    expected = token.secret_hash if token is not None else hash_of("")
    is_right = hmac.compare_digest(expected, hash_of(secret))
    if token is None or not is_right or token.status(now) != "active":
        raise NotIdentified("the token is not valid (any more); `sodate token list` shows the valid ones")
    if scope not in token.scopes:
        raise NotAllowed(f"this token may not write {scope}; make one with --scope {scope}")
    return token
