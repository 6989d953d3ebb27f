"""Figures of campaigns for people and for programs. "not defined" is written, never 0 or infinity."""

from typing import Any

from sodate.campaigns.figures import Figures, Results
from sodate.kpis.catalog import BY_NAME
from sodate.kpis.definition import Unit
from sodate.kpis.formula import NotDefined
from sodate.kpis.money import quotient
from sodate.money import Money, amount_text

UNDEFINED = "not defined"


def described(results: Results) -> dict[str, Any]:
    """For programs: amounts as text in the currency's own digits, figures as numbers or null."""
    return {
        "as_of": results.as_of.isoformat(),
        "model": results.model.value,
        "campaigns": [
            {
                "id": one.id,
                "title": one.title,
                "members": {status.value: count for status, count in sorted(one.members.items())},
                **_document(one.figures),
                "keywords": {term: _document(part) for term, part in one.keywords.items()},
            }
            for one in results.campaigns
        ],
        "other": _as_amounts(results.other),
        "unattributed": _as_amounts(results.unattributed),
    }


def shown(figures: Figures) -> tuple[object, ...]:
    return (
        figures.leads, figures.mqls, figures.deals, amounts_in(figures.revenue), amounts_in(figures.spend),
        figure("cpl", figures), figure("roi", figures),
    )  # fmt: skip


def _document(figures: Figures) -> dict[str, Any]:
    return {
        "impressions": figures.impressions, "clicks": figures.clicks, "ctr": _number("ctr", figures),
        "leads": figures.leads, "mqls": figures.mqls, "sqls": figures.sqls, "conversions": figures.conversions,
        "deals": figures.deals, "revenue": _as_amounts(figures.revenue), "spend": _as_amounts(figures.spend),
        "cpl": _number("cpl", figures), "cpa": _number("cpa", figures), "roi": _number("roi", figures),
    }  # fmt: skip


def _as_amounts(amounts: tuple[Money, ...]) -> dict[str, str]:
    return {one.currency: amount_text(one.amount, one.currency).replace(",", "") for one in amounts}


def _number(kpi: str, figures: Figures) -> float | None:
    """CPL and CPA in the smallest unit of the currency. None: not defined."""
    value = quotient(kpi, figures)
    return None if isinstance(value, NotDefined) else round(value.value, 2)


def amounts_in(amounts: tuple[Money, ...]) -> str:
    return ", ".join(str(one) for one in amounts) or "0"


def figure(kpi: str, figures: Figures) -> str:
    value = quotient(kpi, figures)
    if isinstance(value, NotDefined):
        return UNDEFINED
    if BY_NAME[kpi].unit is Unit.MONEY:
        return str(Money(figures.spend[0].currency, round(value.value)))
    return f"{value.value:,.1f}"
