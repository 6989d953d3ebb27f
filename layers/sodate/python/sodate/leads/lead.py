"""Value objects of a lead. No I/O."""

from dataclasses import dataclass, field
from typing import Any


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
class Profile:
    """Primary (基礎情報) and secondary (二次情報) data. Only profiles and submissions hold personal data.

    `address` and `mailbox` are empty for a lead with an external id only. `external` maps a source to the id in that
    system, `imported` a source to the mark of the last imported row (`imports.mark`). `tracking`: `off` when opens and
    clicks must not be recorded. `company`: what is known of its company, copied, so that conditions may ask for it.
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
    tracking: str | None = None
    company: dict[str, Any] = field(default_factory=dict)

    def attribute(self, path: str) -> Any:
        group, _, name = path.partition(".")
        if path == "primary.email":
            return self.address
        groups = {"primary": self.primary, "source": self.source, "company": self.company}
        return groups.get(group, self.secondary).get(name)
