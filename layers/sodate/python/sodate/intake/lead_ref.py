"""How another system names a lead: by address, by Sodate's id, or by its own id. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from sodate.errors import Invalid
from sodate.leads.address import Address, parse_address
from sodate.messages import Message

_LEAD_ID = re.compile(r"[0-9A-Za-z]{10,40}")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LONGEST_ID, _LONGEST_ADDRESS = 200, 320


@dataclass(frozen=True)
class LeadRef:
    """Exactly one of the three. `external`: source and id. Two are equal when they name the same lead."""

    email: Address | None = field(default=None, compare=False)
    match: str | None = field(default=None, init=False)
    lead_id: str | None = None
    external: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Taro@ and taro@ are one mailbox, however they are typed."""
        object.__setattr__(self, "match", self.email.match if self.email is not None else None)


def read_lead_ref(value: object) -> LeadRef:
    """An address or a lead id as text, or `{"source": "crm", "id": "A-1"}`.

    Raises: `Invalid` with the code `lead`.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Mapping) and set(value) == {"source", "id"}:
        return external_ref(value["source"], value["id"])
    raise Invalid(Message('write `lead` as an address, a lead id, or {"source": "crm", "id": "A-1"}'), "lead")


def external_ref(source: object, external_id: object) -> LeadRef:
    """Raises: `Invalid`."""
    plain = unicodedata.normalize("NFKC", external_id[:500]).strip() if isinstance(external_id, str) else ""
    if not isinstance(source, str) or not _SOURCE.fullmatch(source) or not 0 < len(plain) <= _LONGEST_ID:
        raise Invalid(Message("an id of another system has a `source` in lower case and an `id` as text"), "lead")
    return LeadRef(external=(source, plain))


def _from_text(text: str) -> LeadRef:
    plain = text.strip()
    if "@" in plain or "＠" in plain:
        if len(plain) > _LONGEST_ADDRESS:
            raise Invalid(Message("the address is longer than any address; correct it"), "lead")
        try:
            return LeadRef(email=parse_address(plain))
        except Invalid as error:
            raise Invalid(str(error), "lead") from error
    if not _LEAD_ID.fullmatch(plain):
        raise Invalid(Message("this is neither an address nor the id of a lead; write one of them"), "lead")
    return LeadRef(lead_id=plain)
