"""Campaigns: cost, leads, deals and ROI; of one campaign also by ad keyword. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.campaigns.figures import Figures
from sodate.kpis.catalog import BY_NAME
from sodate.kpis.money import money_counts
from sodate.reports.document import Block, Cell, Drawing, Report, Unit
from sodate.reports.frame import Drawn, Frame, Sheet, count
from sodate.reports.kpi_values import figure_of


@dataclass(frozen=True)
class CampaignRow:
    """`name`: of a campaign or keyword."""

    name: str
    figures: Figures


@dataclass(frozen=True)
class CampaignFigures:
    """`model`: of attribution, in words. `parts`: by `keyword`; of one campaign."""

    campaigns: Sequence[CampaignRow]
    model: str
    parts: Sequence[tuple[str, Sequence[CampaignRow]]] = ()


_TERMS = ("spend", "revenue", "roi", "cpl", "cpa", "ctr")


def campaign_report(figures: CampaignFigures, frame: Frame) -> Report:
    blocks = [*_blocks("campaign", figures.campaigns, frame)]
    for by, rows in figures.parts:
        blocks += _blocks(by, rows, frame)
    note = frame.text("attribution", model=figures.model)
    return frame.report("campaign", blocks, definitions=frame.define(*_TERMS), notes=[note])


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
    if any(one.figures.impressions or one.figures.clicks for one in rows):
        blocks.append(Sheet(f"ads_{by}", [(by, None), *ads], [_ads(one) for one in rows]))
    return [one.block(frame) for one in blocks]


def _money(one: CampaignRow) -> tuple[Cell, ...]:
    return one.name, *_kpis(one, "spend", "revenue", "roi", "cpl", "cpa")


def _kpis(one: CampaignRow, *names: str) -> tuple[Cell, ...]:
    counts = money_counts(one.figures)
    kpis = (BY_NAME[name] for name in names)
    return tuple(figure_of(counts.value(kpi), kpi.unit, counts.currency(kpi)) for kpi in kpis)


def _results(one: CampaignRow) -> tuple[Cell, ...]:
    brought = one.figures
    return (one.name, count(brought.leads), count(brought.mqls), count(brought.sqls), count(brought.deals))


def _ads(one: CampaignRow) -> tuple[Cell, ...]:
    """Without ads of its own: not measured."""
    brought = one.figures
    if not brought.impressions and not brought.clicks:
        return one.name, None, None, None
    return one.name, count(brought.impressions), count(brought.clicks), *_kpis(one, "ctr")
