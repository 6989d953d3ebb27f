"""Seeded bugs in deals, companies and activities of other systems."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_DEAL, _STORED = "tests/unit/deals/test_deal.py", "tests/store/test_deals.py"
_COMPANIES, _API = "tests/store/test_companies.py", "tests/functions/test_activities_api.py"
_SYSTEM, _FORMATS = "tests/functions/test_deals.py", "tests/unit/intake/test_formats.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=(tests,))


DEALS = (
    _mutant(
        "a-late-record-changes-the-past",
        "deals/deal",
        "recorded = [one for one in known if one.recorded_at <= at]",
        "recorded = known",
        "a report of last month says something else this month",
        _DEAL,
    ),
    _mutant(
        "the-last-duplicate-wins",
        "deals/deal",
        "first.setdefault(change.key, change)",
        "first[change.key] = change",
        "a redelivery moves a change to a later recording, out of the reports that had it",
        _DEAL,
    ),
    _mutant(
        "changes-apply-in-the-order-of-recording",
        "deals/deal",
        "return self.effective_at, self.recorded_at, self.key",
        "return self.recorded_at, self.effective_at, self.key",
        "a late record of an earlier stage overrules the order",
        _DEAL,
    ),
    _mutant(
        "concurrent-changes-of-a-deal-are-lost",
        "deals/store",
        "unchanged = DealItem.version == before.version if before.version else DealItem.pk.does_not_exist()",
        "unchanged = DealItem.version >= 0 if before.version else DealItem.pk.does_not_exist()",
        "the head of a deal shows a state without the change in between",
        _STORED,
    ),
    _mutant(
        "an-erased-contact-comes-back",
        "deals/store",
        "if one.lead_id in living)]",
        ")]",
        "an activity is written for a lead that was erased",
        _STORED,
    ),
    _mutant(
        "a-nightly-export-is-a-change-every-night",
        "deals/entry",
        "if entry.id is None and not _says_more(before, change):",
        "if entry.id is None and not change.key:",
        "500 nights later the deal takes no change any more",
        _STORED,
    ),
    _mutant(
        "two-currencies-are-added",
        "money",
        "totals[one.currency] = totals.get(one.currency, 0) + one.amount",
        'totals["JPY"] = totals.get("JPY", 0) + one.amount',
        "a hundred dollars are a hundred yen",
        "tests/unit/test_money.py",
    ),
    _mutant(
        "feedback-guesses-among-open-deals",
        "sales/feedback_deal",
        "return still_open[0] if len(still_open) == 1 else None",
        "return still_open[0] if still_open else None",
        "another deal of the lead is won than the one that sales meant",
        _SYSTEM,
    ),
    _mutant(
        "two-first-leads-make-two-companies",
        "companies/store",
        "return [Put.new(CompanyOwnerItem(pk, keys.OWNER, company_id=after.id)) for pk in wanted]",
        "return [Put(CompanyOwnerItem(pk, keys.OWNER, company_id=after.id)) for pk in wanted]",
        "a domain leads to two companies, each with half of the leads",
        _COMPANIES,
    ),
    _mutant(
        "a-free-mail-provider-is-a-company",
        "companies/domain",
        "return None if company in _FREE_MAIL or domain in _FREE_MAIL else company",
        "return company",
        "all private addresses are one company, the best one",
        "tests/unit/companies/test_domain.py",
    ),
    _mutant(
        "a-revoked-token-goes-on",
        "intake/token",
        'if token is None or not is_right or token.status(now) != "active":',
        "if token is None or not is_right:",
        "who left the company still writes",
        _API,
    ),
    _mutant(
        "a-repeated-id-with-another-time-counts-twice",
        "intake/store",
        "writes = [lead_exists, Put.new(receipt), Put(activity_item(activity))]",
        "writes = [lead_exists, Put(receipt), Put.new(activity_item(activity))]",
        "a corrected time is a second activity",
        _API,
    ),
    _mutant(
        "declared-silence-ends-inactivity",
        "activities/catalog",
        "return type_ not in _NO_ENGAGEMENT and PASSIVE not in about",
        "return type_ not in _NO_ENGAGEMENT",
        "a letter to a dormant lead wakes it up",
        "tests/unit/conditions/test_activity_fields.py",
    ),
    _mutant(
        "who-came-back-attended-for-the-first-minutes",
        "intake/formats",
        '"minutes": sum(minutes)}',
        '"minutes": minutes[0]}',
        "a lost connection costs the points of the seminar",
        _FORMATS,
    ),
)
