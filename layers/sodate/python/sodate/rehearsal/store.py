"""Reads the leads of a stage for a rehearsal: the whole table, once; an operator's command does it, no request."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import keys
from sodate.dynamodb.item import plain, values
from sodate.email.ledger.store import SendItem
from sodate.errors import Invalid
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import to_profile, to_state
from sodate.messages import Message
from sodate.scoring.replay import partitions


@dataclass(frozen=True)
class Sent:
    """A marketing email of the ledger. `at`: a `keys.stamp`."""

    template: str
    state: str
    at: str


@dataclass(frozen=True)
class StoredLead:
    profile: Profile
    state: ContactState
    log: list[Activity] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


def stored_leads() -> Iterator[StoredLead]:
    """Raises: `Invalid` for a lead whose items cannot be read."""
    for items, _ in partitions():
        by_key = {item["sk"]["S"]: item for item in items}
        if not items[0]["pk"]["S"].startswith(keys.lead("")) or not {keys.PROFILE, keys.STATE} <= by_key.keys():
            continue
        try:
            yield StoredLead(
                to_profile(by_key[keys.PROFILE]),
                to_state(by_key[keys.STATE]),
                [from_image(plain({"M": one})) for key, one in by_key.items() if key.startswith(keys.ACTIVITIES)],
                [sent for key, one in by_key.items() if key.startswith(keys.SENDS) for sent in _sent(one)],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            where = keys.lead_id_of(items[0]["pk"]["S"])
            raise Invalid(
                Message("lead {where} has an item that cannot be read: {error!r}", where=where, error=error), "item"
            ) from error


def _sent(row: dict[str, object]) -> Iterator[Sent]:
    send = values(SendItem, row)
    if send["purpose"] == "marketing" and send.get("sent_at") and send.get("template"):
        yield Sent(send["template"], send["state"], send["sent_at"])
