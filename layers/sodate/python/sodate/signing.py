"""Signed tokens: HMAC-SHA256, bound to a purpose, with an end. One key signs, every active key verifies.

A token never carries personal data. What it allows is decided by `purpose`, so an unsubscribe link cannot confirm.
A new key verifies from the moment it is published and signs only when every process must have read it.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from sodate.errors import Invalid
from sodate.messages import Message

MAXIMUM_LENGTH = 1024
#: Far longer than a process keeps its copy of the keys (five minutes), so that it covers a slow rotation and hours in
#: which a process cannot reach Secrets Manager as well.
SIGNS_AFTER = timedelta(days=1)


def in_signing_order(entries: Sequence[Mapping[str, str]], now: datetime) -> tuple[str, ...]:
    """The keys of the secret (`entries`, newest first) as `Signer` wants them: the one that signs comes last.

    That is the newest key older than `SIGNS_AFTER`. While there is none, it is the oldest key: it was there first.
    """
    pending = [entry["key"] for entry in entries if _is_pending(entry, now)]
    mature = [entry["key"] for entry in entries if not _is_pending(entry, now)]
    return (*pending, *reversed(mature))


def _is_pending(entry: Mapping[str, str], now: datetime) -> bool:
    """A key without a time was put there by hand: it counts as old."""
    created = entry.get("created")
    return created is not None and now - datetime.fromisoformat(created) < SIGNS_AFTER


@dataclass(frozen=True)
class Signer:
    """`keys` as itsdangerous wants them: the last one signs, all verify (`in_signing_order`)."""

    keys: Sequence[str]

    def sign(self, purpose: str, payload: dict[str, Any], now: datetime, lifetime: timedelta) -> str:
        token = self._serializer(purpose).dumps({**payload, "x": int((now + lifetime).timestamp())})
        return token if isinstance(token, str) else token.decode()

    def verify(self, purpose: str, token: str, now: datetime) -> dict[str, Any]:
        """Raises `Invalid` with code `link_broken` or `link_expired`."""
        if len(token) > MAXIMUM_LENGTH or not _is_as_we_write(token):
            raise Invalid(Message("this link is not one of ours"), "link_broken")
        try:
            payload = self._serializer(purpose).loads(token)
        except BadData as error:
            raise Invalid(Message("this link is not one of ours or was cut in two"), "link_broken") from error
        if not isinstance(payload, dict) or not isinstance(payload.get("x"), int):
            raise Invalid(Message("this link is not one of ours"), "link_broken")
        if payload["x"] < now.timestamp():
            raise Invalid(Message("this link is no longer valid"), "link_expired")
        return payload

    def mac(self, purpose: str, content: bytes, size: int) -> bytes:
        """The first `size` bytes of the MAC, for tokens that must be short and have no end."""
        return _mac(self.keys[-1], purpose, content)[:size]

    def has_mac(self, purpose: str, content: bytes, mac: bytes) -> bool:
        """Whether any active key made this MAC; an empty one never."""
        return bool(mac) and any(hmac.compare_digest(_mac(key, purpose, content)[: len(mac)], mac) for key in self.keys)

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return _serializer(tuple(self.keys), purpose)


def _mac(key: str, purpose: str, content: bytes) -> bytes:
    """Bound to the purpose by a key of its own."""
    return hmac.digest(hmac.digest(key.encode(), purpose.encode(), sha256), content, sha256)


@lru_cache(maxsize=32)
def _serializer(keys: tuple[str, ...], purpose: str) -> URLSafeSerializer:
    """Made once: a mail signs several links."""
    return URLSafeSerializer(
        list(keys), salt=purpose, signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
    )


def _is_as_we_write(token: str) -> bool:
    """Base64 readers skip foreign characters and unused bits; a link is accepted as it was signed, or not at all."""
    signature = token.rpartition(".")[2]
    try:
        return base64_encode(base64_decode(signature)).decode() == signature
    except (BadData, UnicodeError):
        return False
