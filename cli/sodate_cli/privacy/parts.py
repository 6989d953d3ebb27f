"""What commands about the data of one lead share: whom they mean, who looks, and what an erasure works on."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.address import address_key, external_key, parse_address
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.privacy.access import data_policy, note_access
from sodate.privacy.erase import Eraser
from sodate.privacy.files import ImportFiles
from sodate.privacy.ledger import ErasureLedger
from sodate.privacy.letters import DeadLetters
from sodate.privacy.merge import Merger
from sodate.queries import lead
from sodate.replies.bucket import ReplyBucket
from sodate.runtime.readers import must_read

from sodate_cli.operator import outputs, person, secret
from sodate_cli.target import Target

#: A lead without an address is named by its id (ULID).
_LEAD_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True)
class Named:
    """`address_key`: HMAC of the address; empty for a lead that was named by its id and has none."""

    lead_id: str
    address_key: str


def named(text: str, where: Target) -> Named:
    """The lead with this address or id. An erased lead is found by its address, so that an erasure can be repeated.

    Raises: `NotFound`; `Invalid` for text that is neither.
    """
    if _LEAD_ID.fullmatch(text.upper()) and "@" not in text:
        state = find_state(text.upper())
        if state is None:
            raise NotFound(
                Message("no lead with the id {lead_id}; correct it, or name the lead by its address", lead_id=text)
            )
        return Named(state.lead_id, state.address_key)
    key = secret(where, "address-key")["key"].encode()
    return Named(lead.find_lead(text, key), address_key(parse_address(text).match, key))


def merged_id(text: str, where: Target) -> str:
    """By its id: the address of a merged lead leads to the other one.

    Raises: `Invalid`.
    """
    if not _LEAD_ID.fullmatch(text.upper()):
        raise Invalid(
            Message(
                "{text}: a merged lead is named by its id; `sodate lead timeline` of the other one shows it", text=text
            )
        )
    return named(text, where).lead_id


def merger(where: Target, now: datetime) -> Merger:
    key = secret(where, "address-key")["key"].encode()
    return Merger(Definitions(reads=must_read), lambda source, name: external_key(source, name, key), now)


def looked_at(lead_id: str, where: Target, command: str, now: datetime) -> None:
    """Before anything is shown: what cannot be logged is not shown.

    Raises: `Transient`.
    """
    note_access(lead_id, person(where), command, now, data_policy(Definitions()).access_log)


def eraser(where: Target, now: datetime) -> Eraser:
    known, client = outputs(where), _client
    definitions = Definitions(reads=must_read)
    dead = [url for name, url in sorted(known.items()) if name.startswith("Dlq") and name.endswith("Url")]
    return Eraser(
        definitions,
        secret(where, "address-key")["key"].encode(),
        ErasureLedger(client("s3"), known["ErasureLedger"]),
        ImportFiles(client("s3"), known["ImportBucket"]),
        DeadLetters(client("sqs"), dead),
        parsed(definitions.live("mailing"), Mailing).retention,
        now,
        ReplyBucket(client("s3"), known["ReplyBucket"]) if "ReplyBucket" in known else None,
    )


def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]
