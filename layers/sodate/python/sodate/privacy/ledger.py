"""The erasure ledger: objects in S3, outside of the table, so that a restored table learns what was erased since.

`erasures/<lead id>/began.json` is written before anything is erased, `done.json` after all of it, and `also-….json`
when a repeated attempt knows of leads or addresses that the first did not. An object is never replaced. They hold
HMACs, ids, times and step names, no personal data (docs/decisions/0102).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Invalid, Transient
from sodate.messages import Message

PREFIX = "erasures/"
_BEGAN, _DONE, _ALSO = "began.json", "done.json", "also-"
_EXISTS = ("412", "PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True)
class Erasure:
    """`at`: when it began. `because`: a code, such as the number of a ticket. `by`: who began it."""

    lead_ids: tuple[str, ...]
    address_keys: tuple[str, ...]
    at: datetime
    because: str
    by: str
    external_keys: tuple[tuple[str, str], ...] = ()

    def with_also(self, other: "Erasure") -> "Erasure":
        """This one, with the leads and keys that only the other names."""
        return replace(
            self,
            lead_ids=tuple(dict.fromkeys((*self.lead_ids, *other.lead_ids))),
            address_keys=tuple(sorted({*self.address_keys, *other.address_keys})),
            external_keys=tuple(sorted({*self.external_keys, *other.external_keys})),
        )

    @property
    def lead_id(self) -> str:
        return self.lead_ids[0]

    def to_document(self) -> dict[str, Any]:
        leads: dict[str, Any] = {"leads": list(self.lead_ids), "address_keys": list(self.address_keys)}
        leads |= {"external_keys": [list(one) for one in self.external_keys]} if self.external_keys else {}
        return {"v": 1, **leads, "at": self.at.isoformat(), "because": self.because, "by": self.by}

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Erasure":
        """Raises: `Invalid`."""
        try:
            return cls(
                tuple(str(one) for one in document["leads"]),
                tuple(str(one) for one in document["address_keys"]),
                datetime.fromisoformat(document["at"]),
                str(document["because"]),
                str(document["by"]),
                tuple((str(source), str(key)) for source, key in document.get("external_keys", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(error) from error


@dataclass(frozen=True)
class ErasureLedger:
    """`client` is boto3's S3 client."""

    client: Any
    bucket: str

    def begin(self, erasure: Erasure) -> tuple[Erasure, bool]:
        """The erasure as it stands in the ledger, this one or the one that began before; and whether it is new."""
        is_new = self._put(f"{PREFIX}{erasure.lead_id}/{_BEGAN}", erasure.to_document())
        if is_new:
            return erasure, True
        stored = self.find(erasure.lead_id)
        known = (stored or erasure).with_also(erasure)
        if known != stored:
            self._put(f"{PREFIX}{erasure.lead_id}/{_ALSO}{_digest(known)}.json", known.to_document())
        return known, False

    def finish(self, lead_id: str, counts: Mapping[str, int], now: datetime) -> None:
        self._put(f"{PREFIX}{lead_id}/{_DONE}", {"v": 1, "at": now.isoformat(), "counts": dict(counts)})

    def find(self, lead_id: str) -> Erasure | None:
        try:
            erasure = self._parsed(f"{PREFIX}{lead_id}/{_BEGAN}")
        except _NotThere:
            return None
        for key in self._keys(f"{PREFIX}{lead_id}/{_ALSO}"):
            erasure = erasure.with_also(self._parsed(key))
        return erasure

    def erasures(self) -> Iterator[tuple[Erasure, bool]]:
        """Every erasure, and whether it came to its end."""
        began, done = [], set()
        for key in self._keys():
            lead_id, _, name = key.removeprefix(PREFIX).partition("/")
            if name == _BEGAN:
                began.append(lead_id)
            elif name == _DONE:
                done.add(lead_id)
        for lead_id in began:
            if erasure := self.find(lead_id):
                yield erasure, lead_id in done

    def done_at(self, lead_id: str) -> datetime:
        """When it came to its end. Raises: `Invalid` for an object without a time."""
        try:
            document = _read(self._ask("get_object", Key=f"{PREFIX}{lead_id}/{_DONE}")["Body"].read())
            return datetime.fromisoformat(document["at"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(error) from error

    def _parsed(self, key: str) -> Erasure:
        return Erasure.parse(_read(self._ask("get_object", Key=key)["Body"].read()))

    def _keys(self, prefix: str = PREFIX) -> Iterator[str]:
        more: dict[str, Any] = {}
        while True:
            reply = self._ask("list_objects_v2", Prefix=prefix, **more)
            yield from (str(entry["Key"]) for entry in reply.get("Contents", ()))
            if not reply.get("IsTruncated"):
                return
            more = {"ContinuationToken": reply["NextContinuationToken"]}

    def _put(self, key: str, document: Mapping[str, Any]) -> bool:
        """False when the object exists: it stays as it is. Raises: `Transient`."""
        body = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
        try:
            self._ask("put_object", Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except _Exists:
            return False
        return True

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self.client, operation)(Bucket=self.bucket, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _EXISTS:
                raise _Exists from error
            if code in ("404", "NoSuchKey", "NotFound"):
                raise _NotThere from error
            raise Transient(
                Message(
                    "the erasure ledger cannot be used ({code}); does the bucket exist, and may you read it?", code=code
                )
            ) from error
        except BotoCoreError as error:
            raise Transient(
                Message(
                    "the erasure ledger did not answer ({reason}); run the same command again later",
                    reason=type(error).__name__,
                )
            ) from error


class _Exists(Exception):
    """The object is there."""


class _NotThere(Exception):
    """There is no such object."""


def _digest(erasure: Erasure) -> str:
    return hashlib.sha256(json.dumps(erasure.to_document(), sort_keys=True).encode()).hexdigest()[:16]


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise Invalid(
            Message("an object of the erasure ledger is no JSON; look at the bucket of the ledger"), "ledger"
        ) from error
    if not isinstance(document, dict):
        raise Invalid(
            Message("an object of the erasure ledger is no JSON object; look at the bucket of the ledger"), "ledger"
        )
    return document


def _unreadable(error: Exception) -> Invalid:
    return Invalid(
        Message(
            "an object of the erasure ledger cannot be read ({error}); look at the bucket of the ledger",
            error=repr(error),
        ),
        "ledger",
    )
