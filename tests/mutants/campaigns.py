"""Seeded bugs in campaigns: revenue that gets lost, reports that change afterwards, conversions that must not leave."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_ATTRIBUTION = "tests/unit/campaigns/test_attribution.py"
_TOUCHES = "tests/unit/campaigns/test_touches.py"
_RESULTS = "tests/unit/campaigns/test_results.py"
_CONVERSIONS = "tests/unit/campaigns/test_conversions.py"
_SYSTEM = "tests/functions/test_campaigns.py"
_MERGED, _MERGED_FIGURES = "tests/unit/campaigns/test_merged_leads.py", "tests/functions/test_merged_figures.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


CAMPAIGNS = (
    _mutant(
        "shares-are-rounded-down",
        "campaigns/attribution",
        "for index in largest[:left]:",
        "for index in largest[: left - 1]:",
        "parts of a deal miss it by one yen",
        _ATTRIBUTION,
    ),
    _mutant(
        "touches-in-the-order-given",
        "campaigns/attribution",
        "[distinct[order] for order in sorted(distinct)]",
        "list(distinct.values())",
        "the order of contacts decides who was first",
        _ATTRIBUTION,
    ),
    _mutant(
        "late-activities-change-old-reports",
        "campaigns/touch",
        "if one.known_minute < minute and one.at < as_of}",
        "if one.at < as_of}",
        "an event that arrives late changes last month's report",
        _TOUCHES,
        _RESULTS,
    ),
    _mutant(
        "corrected-costs-change-old-reports",
        "campaigns/ad_cost",
        "if int(one.recorded_at.timestamp()) // 60 < minute:",
        "if one.day < as_of.date():",
        "a corrected cost changes last month's report",
        _RESULTS,
    ),
    _mutant(
        "robots-are-touches",
        "campaigns/touch",
        "for one in log if one.key not in robots)",
        "for one in log)",
        "a link checker earns revenue",
        _TOUCHES,
    ),
    _mutant(
        "another-currency-in-the-roi",
        "kpis/money",
        "if len(self._currencies(kpi)) > 1:",
        "if False:",
        "dollars are divided by yen",
        _RESULTS,
    ),
    _mutant(
        "import-again-is-a-correction",
        "campaigns/import_costs",
        "is not None and before.figures != one.figures",
        "is not None",
        "the same report twice writes everything again",
        _SYSTEM,
    ),
    _mutant(
        "objections-are-exported",
        "campaigns/conversion",
        "if recipient.is_blocked:",
        "if False:",
        "who objected is sent to an ad platform",
        _CONVERSIONS,
        _SYSTEM,
    ),
    _mutant(
        "copies-of-a-merge-are-read",
        "activities/store",
        "[item for item in items if item.copied_from is None]",
        "items",
        "what a merged lead did counts for the lead that stays before they were one",
        _MERGED_FIGURES,
    ),
    _mutant(
        "a-merged-lead-counts-beside-the-one-that-stays",
        "campaigns/results",
        "for one in leads_at(facts.leads, as_of)]",
        "for one in facts.leads]",
        "one person is two leads of a campaign",
        _MERGED,
    ),
    _mutant(
        "a-later-merge-changes-an-older-report",
        "campaigns/lead_facts",
        "for one in sorted(known_at(said, as_of), key",
        "for one in sorted(said, key",
        "a report of a past day counts leads as they are merged today",
        _MERGED,
    ),
    _mutant(
        "the-lead-that-stays-is-not-looked-for",
        "campaigns/gather",
        "for lead_id in other_leads_in(one.log)} - seen",
        "for lead_id in ()} - seen",
        "the deal of a lead whose campaign touched only the merged lead is attributed to nothing",
        _MERGED_FIGURES,
    ),
    _mutant(
        "a-conversion-of-a-merged-lead-is-withheld",
        "campaigns/export_conversions",
        "stays = lead_that_stays(own)",
        "stays = None",
        "the ad platform never learns of it",
        _MERGED_FIGURES,
    ),
    _mutant(
        "a-repeat-is-exported-again",
        "campaigns/store",
        "table.put_new(item)",
        "table.put(item)",
        "a redelivered activity makes a second conversion of the one that was exported",
        _SYSTEM,
    ),
)
