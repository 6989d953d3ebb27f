"""Caches secrets in the process for five minutes, and for ten hours while Secrets Manager is not available.

The age of a copy is measured by the wall clock: a monotonic clock may stop while Lambda freezes the process, and a copy
from before the freeze would then be used for hours.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Transient
from sodate.messages import Message
from sodate.runtime import clock

#: `signing.SIGNS_AFTER` must be far longer: a new key signs only when no process can have a copy without it.
KEPT_FOR = timedelta(minutes=5)
#: An older copy is not used even in an outage: it may lack a key that signs by now; callers then get `Transient`.
SERVES_FOR = timedelta(hours=10)
#: After a failed read, the old copy is used for this long before the next read: each costs its caller a timeout.
ASKED_AGAIN_AFTER = timedelta(seconds=15)


@dataclass(frozen=True)
class _Copy:
    read_at: float
    value: dict[str, Any]


class SecretCache:
    """`read`: name → the secret's JSON text. `timer`: wall-clock time in seconds."""

    def __init__(self, read: Callable[[str], str], timer: Callable[[], float] = clock.wall_seconds) -> None:
        self._read = read
        self._timer = timer
        self._copies: dict[str, _Copy] = {}
        self._failed_at: dict[str, float] = {}

    def get(self, name: str) -> dict[str, Any]:
        """The secret's JSON object.

        Raises: `Transient` when the secret cannot be read and there is no copy younger than ten hours.
        """
        copy = self._copies.get(name)
        if copy is not None and self._is_younger(copy.read_at, self._good_for(name)):
            return copy.value
        try:
            value = dict(json.loads(self._read(name)))
        except (BotoCoreError, ClientError) as error:
            if copy is None or not self._is_younger(copy.read_at, SERVES_FOR):
                raise Transient(
                    Message(
                        "the secret {secret} cannot be read ({reason}); run the same command again later",
                        secret=name,
                        reason=type(error).__name__,
                    )
                ) from error
            self._failed_at[name] = self._timer()
            return copy.value
        self._copies[name] = _Copy(self._timer(), value)
        return value

    def forget(self, name: str) -> None:
        self._copies.pop(name, None)

    def _good_for(self, name: str) -> timedelta:
        failed_at = self._failed_at.get(name)
        failed_lately = failed_at is not None and self._is_younger(failed_at, ASKED_AGAIN_AFTER)
        return SERVES_FOR if failed_lately else KEPT_FOR

    def _is_younger(self, moment: float, than: timedelta) -> bool:
        """False for every moment in the future, so that no copy survives a clock that was set back."""
        return 0 <= self._timer() - moment < than.total_seconds()
