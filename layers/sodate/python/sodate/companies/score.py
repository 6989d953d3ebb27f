"""The score of a company: a fold over the scores of its leads. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeadScore:
    """What a company needs of one lead's SCORE. `rank`: A1 … C3, `stage`: its lifecycle stage."""

    lead_id: str
    total: int
    is_hot: bool
    rank: str
    stage: str


@dataclass(frozen=True)
class CompanyScore:
    """`total` and `highest` in points. `best_rank`: the first in the order A1, A2, … C3; None without a scored lead.

    `leads`: those that belong to the company; `scored`: those among them that have a score.
    """

    leads: int = 0
    scored: int = 0
    total: int = 0
    highest: int | None = None
    hot: int = 0
    best_rank: str | None = None
    stages: Mapping[str, int] = field(default_factory=dict)


def company_score(leads: int, scores: Iterable[LeadScore]) -> CompanyScore:
    """The same for the scores in any order; a lead that comes twice counts once."""
    by_lead = {one.lead_id: one for one in scores}
    if not by_lead:
        return CompanyScore(leads=leads)
    found = list(by_lead.values())
    return CompanyScore(
        leads=leads,
        scored=len(found),
        total=sum(one.total for one in found),
        highest=max(one.total for one in found),
        hot=sum(one.is_hot for one in found),
        best_rank=min(one.rank for one in found),
        stages=dict(sorted(Counter(one.stage for one in found).items())),
    )
