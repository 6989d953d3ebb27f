"""Seeded bugs in the funnel of groups and in KPIs of money: wrong leads, wrong days, costs that are nothing."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_FOLD = "tests/unit/reports/test_funnel_fold.py"
_FUNNEL = "tests/functions/test_report_funnel.py"
_RESULTS = "tests/unit/campaigns/test_results.py"
_MONEY = "tests/functions/test_kpi_money.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


KPI_MONEY = (
    _mutant(
        "a-campaign-sends-zero-emails",
        "kpis/read",
        'return kpi.of(self.counts) if self.has(kpi) else NotDefined("no_data")',
        "return kpi.of(self.counts)",
        "what nobody counts is reported as 0",
        _MONEY,
    ),
    _mutant(
        "without-money-a-campaign-has-other-leads",
        "kpis/scope_figures",
        "if money or is_campaign(scope) else None",
        "if money else None",
        "an option that leaves out money changes the leads of a campaign",
        _MONEY,
    ),
    _mutant(
        "visitors-of-the-site-stand-beside-a-group",
        "reports/build_funnel",
        "has_visitors = _titles(definitions, by), fold.wanted.subject is None",
        "has_visitors = _titles(definitions, by), True",
        "the leads of one owner stand beside the visitors of a whole source",
        _FUNNEL,
    ),
    _mutant(
        "a-funnel-of-a-segment-has-everybody",
        "reports/funnel_fold",
        "if not lead.stages or (wanted.subject is not None and wanted.subject not in lead.groups):",
        "if not lead.stages:",
        "the funnel of a segment, owner or campaign counts all leads",
        _FOLD,
    ),
    _mutant(
        "leads-of-another-period-left",
        "reports/funnel_fold",
        "or len(lead.stages) >= _WON or not self.wanted.has(lead.stages[0]):",
        "or len(lead.stages) >= _WON:",
        "where leads left is told of leads that came long before",
        _FOLD,
    ),
    _mutant(
        "a-robot-is-the-last-touchpoint",
        "reports/funnel_fold",
        "for one in by_people(log) if is_engagement(one)]",
        "for one in log if is_engagement(one)]",
        "leads seem to leave after what a link checker opened",
        _FOLD,
    ),
    _mutant(
        "a-campaign-is-its-utm-campaign",
        "reports/read_funnel",
        "campaign = acquisition_campaign(touches_in(log, self.campaigns), created) if self.campaigns else None",
        'campaign = state.origin.get("campaign")',
        "the funnel of a campaign ignores the sources of its definition",
        _FUNNEL,
    ),
    _mutant(
        "deals-of-every-period-are-revenue",
        "campaigns/results",
        "if deal.closed_at is None or not window.has(deal.closed_at):",
        "if deal.closed_at is None:",
        "the revenue of a month has all deals that were ever won",
        _RESULTS,
        _MONEY,
    ),
    _mutant(
        "fixed-costs-again-every-month",
        "campaigns/results",
        "return sums([*until, *(Money(one.currency, -one.amount) for one in before)])",
        "return sums([*until])",
        "each month has the costs of all months before it",
        _RESULTS,
    ),
    _mutant(
        "one-ad-is-paid-twice",
        "campaigns/results",
        "ads = list({(one.platform, one.day, one.row_key): one for part in parts for one in part.ads}.values())",
        "ads = [one for part in parts for one in part.ads]",
        "two campaigns that claim an ad double its cost in the sum of all",
        _RESULTS,
    ),
    _mutant(
        "no-cost-is-free",
        "kpis/definition",
        "if missing:",
        "if missing and self.unit is Unit.PERCENT:",
        "a campaign without a cost has leads for 0 yen",
        "tests/unit/kpis/test_formulas.py",
        _RESULTS,
    ),
)
