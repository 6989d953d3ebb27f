"""Campaigns: cost, leads, deals and ROI; of one campaign also by ad keyword. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.reports.document import Block, Cell, Drawing, Figure, Reason, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count


@dataclass(frozen=True)
class Money:
    """`amount`: in the smallest unit of the currency. None: there is none; `reason` says why it is not defined."""

    amount: int | None
    currency: str = ""
    reason: Reason | None = None


@dataclass(frozen=True)
class CampaignRow:
    """`name`: of a campaign or keyword. `conversions`: what its CPA divides by. `revenue`: attributed."""

    name: str
    leads: int
    mqls: int
    sqls: int
    deals: int
    conversions: int
    spend: Money
    revenue: Money
    impressions: int | None = None
    clicks: int | None = None


@dataclass(frozen=True)
class CampaignFigures:
    """`model`: of attribution, in words. `parts`: by `keyword`; of one campaign."""

    campaigns: Sequence[CampaignRow]
    model: str
    parts: Sequence[tuple[str, Sequence[CampaignRow]]] = ()


_TERMS = ("spend", "revenue", "roi", "cpl", "cpa", "ctr")


def campaign_report(figures: CampaignFigures, frame: Frame, title: str = "") -> Report:
    blocks = [*_blocks("campaign", figures.campaigns, frame)]
    for by, rows in figures.parts:
        blocks += _blocks(by, rows, frame)
    note = frame.text("attribution", model=figures.model)
    return frame.report("campaign", blocks, definitions=frame.define(*_TERMS), notes=[note], of=title)


def _blocks(by: str, rows: Sequence[CampaignRow], frame: Frame) -> list[Block]:
    money = [
        ("spend", Unit.MONEY), ("revenue", Unit.MONEY), ("roi", Unit.PERCENT), ("cpl", Unit.MONEY), ("cpa", Unit.MONEY),
    ]  # fmt: skip
    results = [("leads", Unit.COUNT), ("mqls", Unit.COUNT), ("sqls", Unit.COUNT), ("deals", Unit.COUNT)]
    ads = [("impressions", Unit.COUNT), ("clicks", Unit.COUNT), ("ctr", Unit.PERCENT)]
    costs, leads = Drawn(Drawing.BARS, ("spend", "revenue")), Drawn(Drawing.BARS, ("leads",))
    blocks = [
        Sheet(f"money_{by}", [(by, None), *money], [_money(one) for one in rows], costs),
        Sheet(f"results_{by}", [(by, None), *results], [_results(one) for one in rows], leads),
    ]
    if any(one.impressions is not None for one in rows):
        blocks.append(Sheet(f"ads_{by}", [(by, None), *ads], [_ads(one) for one in rows]))
    return [one.block(frame) for one in blocks]


def roi(spend: Money, revenue: Money) -> Figure:
    """(revenue − spend) ÷ spend × 100; not defined without a cost, or with two currencies."""
    if revenue.amount is None or spend.amount is None:
        return Figure(None, Unit.PERCENT, reason=spend.reason or revenue.reason or Reason.NO_COST)
    if not spend.amount:
        return Figure(None, Unit.PERCENT, reason=Reason.NO_COST)
    if revenue.amount and revenue.currency != spend.currency:
        return Figure(None, Unit.PERCENT, reason=Reason.SEVERAL_CURRENCIES)
    return Figure(100 * (revenue.amount - spend.amount) / spend.amount, Unit.PERCENT)


def cost_per(spend: Money, number: int) -> Figure:
    if spend.amount is None:
        return Figure(None, Unit.MONEY, reason=spend.reason or Reason.NO_COST)
    if not number:
        return Figure(None, Unit.MONEY, spend.currency, reason=Reason.NOTHING_TO_DIVIDE_BY)
    return Figure(spend.amount / number, Unit.MONEY, spend.currency)


def _amount(money: Money) -> Figure:
    return Figure(money.amount, Unit.MONEY, money.currency, reason=money.reason if money.amount is None else None)


def _money(one: CampaignRow) -> tuple[Cell, ...]:
    return (
        one.name,
        _amount(one.spend),
        _amount(one.revenue),
        roi(one.spend, one.revenue),
        cost_per(one.spend, one.leads),
        cost_per(one.spend, one.conversions),
    )


def _results(one: CampaignRow) -> tuple[Cell, ...]:
    return (one.name, count(one.leads), count(one.mqls), count(one.sqls), count(one.deals))


def _ads(one: CampaignRow) -> tuple[Cell, ...]:
    ctr = share(one.clicks or 0, one.impressions) if one.impressions is not None else None
    return (one.name, count(one.impressions), count(one.clicks), ctr)
