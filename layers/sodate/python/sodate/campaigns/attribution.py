"""Divides a won deal among the touches of all its contacts. Pure, in whole numbers.

The shares of a deal are its amount, exactly, under every model: what rounding leaves goes to the largest remainders.
The order in which contacts or touches are given changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules, Weights
from sodate.campaigns.touch import Touch
from sodate.deals.deal import Deal

_WEIGHTS = {
    AttributionModel.FIRST: Weights(first=Decimal(100)),
    AttributionModel.LAST: Weights(last=Decimal(100)),
    AttributionModel.LINEAR: Weights(others=Decimal(100)),
    AttributionModel.U: Weights(first=Decimal(40), last=Decimal(40), others=Decimal(20)),
    AttributionModel.W: Weights(first=Decimal(30), lead=Decimal(30), deal=Decimal(30), others=Decimal(10)),
    AttributionModel.FULL_PATH: Weights(
        first=Decimal("22.5"), lead=Decimal("22.5"), deal=Decimal("22.5"), last=Decimal("22.5"), others=Decimal(10)
    ),
}
#: Weights of `time_decay` are whole multiples of one of this many parts.
_PARTS = 10**15


@dataclass(frozen=True)
class Share:
    """`amount`: in the smallest unit of the deal's currency. `part`: of one deal. `touch` None: unattributed."""

    touch: Touch | None
    amount: int
    part: Fraction


def shares_of(
    deal: Deal,
    touches: Iterable[Touch],
    model: AttributionModel,
    rules: AttributionRules,
    became_lead: datetime | None = None,
) -> list[Share]:
    """In the order of the touches. `touches`: of all contacts; those out of the window are left out.

    `became_lead`: when the first of the contacts became a lead; None: with the first touch.
    """
    end = deal.closed_at or deal.opened_at
    begin = deal.opened_at - timedelta(days=rules.lookback_days)
    contacts = set(deal.lead_ids)
    distinct = {touch.order: touch for touch in touches if touch.lead_id in contacts and begin <= touch.at <= end}
    counted = [distinct[order] for order in sorted(distinct)]
    amount = deal.amount or 0
    if not counted:
        return [Share(None, amount, Fraction(1))]
    weights = weights_of(counted, deal, model, rules, became_lead)
    total = sum(weights)
    amounts = divided(amount, weights)
    return [
        Share(touch, part, Fraction(weight, 1) / total)
        for touch, part, weight in zip(counted, amounts, weights, strict=True)
        if weight
    ]


def weights_of(
    touches: Sequence[Touch],
    deal: Deal,
    model: AttributionModel,
    rules: AttributionRules,
    became_lead: datetime | None,
) -> list[Fraction]:
    """One weight per touch, in the same order; at least one is positive."""
    if model is AttributionModel.TIME_DECAY:
        return [Fraction(weight) for weight in _decayed(touches, timedelta(days=rules.half_life_days))]
    chosen = rules.weights if model is AttributionModel.OWN else _WEIGHTS[model]
    return _by_anchors(touches, deal, chosen or _WEIGHTS[AttributionModel.LINEAR], became_lead)


def divided(amount: int, weights: Sequence[Fraction]) -> list[int]:
    """Parts of `amount` in proportion to `weights`, that make it exactly (largest remainder; ties: the earlier)."""
    if amount < 0:
        return [-part for part in divided(-amount, weights)]
    total = sum(weights)
    exact = [amount * weight / total for weight in weights]
    parts = [int(one) for one in exact]
    left = amount - sum(parts)
    largest = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in largest[:left]:
        parts[index] += 1
    return parts


def _by_anchors(touches: Sequence[Touch], deal: Deal, weights: Weights, became_lead: datetime | None) -> list[Fraction]:
    """Anchors that fall on one touch add up there; a part that no touch can take is divided as the others are."""
    anchors = _anchors(touches, deal, became_lead)
    by_index: dict[int, Fraction] = {}
    for name, index in anchors.items():
        percent = Fraction(getattr(weights, name))
        if percent:
            by_index[index] = by_index.get(index, Fraction(0)) + percent
    rest = [index for index in range(len(touches)) if index not in by_index]
    for index in rest:
        by_index[index] = Fraction(weights.others) / len(rest)
    return [by_index[index] for index in range(len(touches))]


def _anchors(touches: Sequence[Touch], deal: Deal, became_lead: datetime | None) -> Mapping[str, int]:
    return {
        "first": 0,
        "lead": 0 if became_lead is None else _latest_until(touches, became_lead),
        "deal": _latest_until(touches, deal.opened_at),
        "last": len(touches) - 1,
    }


def _latest_until(touches: Sequence[Touch], at: datetime) -> int:
    """Index of the last touch until then; 0 when all came later."""
    return max((index for index, touch in enumerate(touches) if touch.at <= at), default=0)


def _decayed(touches: Sequence[Touch], half_life: timedelta) -> list[int]:
    """Half the weight per half-life before the latest touch, which has the whole; never zero."""
    latest = touches[-1].at
    with localcontext() as context:
        context.prec = 28
        found = []
        for touch in touches:
            age = Decimal((latest - touch.at) // timedelta(milliseconds=1))
            halvings = age / (half_life // timedelta(milliseconds=1))
            found.append(max(1, int(_PARTS * Decimal(2) ** -halvings)))
    return found
