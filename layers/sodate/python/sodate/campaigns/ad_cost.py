"""Ad cost of one day, campaign, ad group and keyword, as a platform reported it, and its corrections. Pure."""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sodate.campaigns.campaign import AdCost, pattern_matcher
from sodate.leads.text import fold
from sodate.money import Money, from_whole_units

#: Ad platforms count in millionths of the currency's main unit.
MICROS = 10**6


@dataclass(frozen=True)
class AdCostRecord:
    """`cost_micros`: millionths of a yen, a dollar, … `recorded_at`: when it was imported."""

    platform: str
    day: date
    campaign: str
    ad_group: str
    keyword: str
    impressions: int
    clicks: int
    cost_micros: int
    currency: str
    recorded_at: datetime

    @property
    def row_key(self) -> str:
        """Equal for records of which the later corrects the earlier one."""
        text = "\x1f".join((self.campaign, self.ad_group, self.keyword))
        return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()[:16]

    @property
    def figures(self) -> tuple[int, int, int, str]:
        return self.impressions, self.clicks, self.cost_micros, self.currency

    @property
    def term(self) -> str:
        """The keyword as `utm_term` has it: without the signs of its match type."""
        return fold(self.keyword.strip("[]\"'").replace("+", " ")).strip()


def known_costs(records: Iterable[AdCostRecord], as_of: datetime) -> list[AdCostRecord]:
    """The latest record of each row that was imported before the minute of `as_of`."""
    minute, latest = int(as_of.timestamp()) // 60, dict[tuple[str, date, str], AdCostRecord]()
    for one in sorted(records, key=lambda one: (one.recorded_at, one.figures)):
        if int(one.recorded_at.timestamp()) // 60 < minute:
            latest[one.platform, one.day, one.row_key] = one
    return [latest[key] for key in sorted(latest)]


def is_for(record: AdCostRecord, cost: AdCost) -> bool:
    """Whether the platform's campaign belongs to ours."""
    name = fold(record.campaign)
    return record.platform == cost.platform and any(pattern_matcher(one)(name) for one in cost.campaigns)


def ad_spend(records: Iterable[AdCostRecord]) -> tuple[Money, ...]:
    """One sum per currency; rounded (half to even) once, after adding."""
    micros: dict[str, int] = {}
    for one in records:
        micros[one.currency] = micros.get(one.currency, 0) + one.cost_micros
    return tuple(
        Money(currency, from_whole_units(Fraction(total, MICROS), currency))
        for currency, total in sorted(micros.items())
    )
