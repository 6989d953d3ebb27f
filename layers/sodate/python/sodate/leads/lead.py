"""Value objects of a lead: state and profile. No I/O."""

from dataclasses import dataclass, field
from typing import Any

#: Block of a lead that has only an external id; lifted when an import adds an address.
NO_ADDRESS = "no_address"


@dataclass(frozen=True)
class Enrollment:
    """An enrollment through one sequence, pinned to the version it began with, which has `steps` steps.

    `step` is the index of the next one; at `steps` the enrollment is complete.
    """

    id: str
    version: int
    step: int
    since: str
    steps: int


@dataclass(frozen=True)
class Totals:
    """The five recorded totals: attribute and behaviour apart, plus and minus apart."""

    attribute_plus: int = 0
    attribute_minus: int = 0
    behaviour_plus: int = 0
    behaviour_minus: int = 0

    @property
    def total(self) -> int:
        return self.attribute_plus + self.attribute_minus + self.behaviour_plus + self.behaviour_minus


@dataclass(frozen=True)
class State:
    """Mutable contact state: everything that a send decision needs, in one item below 1 KB.

    `blocked` is the reason why the lead gets no marketing email, whatever `topics` say (`unsubscribed`, `hard_bounce`,
    `complaint`, or the doubt about its address); `topics` maps to `pending`, `confirmed` or `withdrawn`.

    `zone` is an IANA name (None: the sender's time zone); `pause_until` a `keys.stamp` until which nothing is sent;
    `frequency` is `weekly` or `monthly` (None: all). `opted_out_at`: the latest opt-out, of everything or of a topic;
    a consent request that is not newer can no longer be confirmed. `mailed`: times of the latest marketing
    emails, in minutes since 1970, newest first; `mailed_in` the same for topics with own caps.
    """

    lead_id: str
    address_key: str
    language: str = "ja"
    blocked: str | None = None
    topics: dict[str, str] = field(default_factory=dict)
    opt_in_mails: int = 0
    opt_in_mail_at: str | None = None
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    zone: str | None = None
    pause_until: str | None = None
    frequency: str | None = None
    opted_out_at: str | None = None
    mailed: tuple[int, ...] = ()
    mailed_in: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """Primary (基礎情報) and secondary (二次情報) data. Only profiles and submissions hold personal data.

    `address` and `mailbox` are empty for a lead with an external id only. `external` maps a source to the id in that
    system, `imported` a source to the mark of the last imported row (`imports.mark`).
    """

    lead_id: str
    mailbox: str
    address: str
    language: str
    primary: dict[str, Any] = field(default_factory=dict)
    secondary: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    owner: str | None = None
    created: str = ""
    flags: tuple[str, ...] = ()
    updated: str | None = None
    external: dict[str, str] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)

    def attribute(self, path: str) -> Any:
        group, _, name = path.partition(".")
        if path == "primary.email":
            return self.address
        return {"primary": self.primary, "source": self.source}.get(group, self.secondary).get(name)
