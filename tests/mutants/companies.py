"""Seeded bugs in the doors for other systems: IAM, companies in conditions, unknown activities, merges, Meta."""

from tests.mutants.mutants import Mutant, _mutant

_API, _COMPANIES = "tests/functions/test_activities_api.py", "tests/store/test_companies.py"
_MERGE, _OTHER_RELEASE = "tests/functions/test_merge.py", "tests/functions/test_other_release.py"

COMPANIES: tuple[Mutant, ...] = (
    _mutant(
        "a-principal-is-believed-on-every-route",
        "functions/activities_api/handler.py",
        'if request.route.startswith("POST /iam/"):',
        "if request.principal:",
        "a route that IAM does not guard lets in whoever is named",
        tests=_API,
    ),
    _mutant(
        "each-session-has-a-ceiling-of-its-own",
        "intake/principal.py",
        'f"{match[1]}:{what}/{match[2]}"',
        "arn",
        "a role that signs anew makes as many requests as it likes",
        tests=_API,
    ),
    _mutant(
        "the-older-copy-of-a-company-wins",
        "companies/copy_attributes.py",
        "if now == attributes:",
        "if True:",
        "a lead keeps an industry that its company has no more",
        tests=_COMPANIES,
    ),
    _mutant(
        "a-part-says-nothing-of-its-own",
        "companies/company.py",
        "getattr(whole, name) or getattr(company, name)",
        "getattr(whole, name)",
        "a merge takes from leads what only the part knew",
        tests=_COMPANIES,
    ),
    _mutant(
        "a-dry-run-of-companies-writes",
        "intake/company_file.py",
        "if self.apply:",
        "if self.apply or self.source:",
        "looking at a file changes companies",
        tests="tests/store/test_company_file.py",
    ),
    _mutant(
        "an-activity-that-nobody-declares-is-read",
        "runtime/readers.py",
        "if unknown := never_declared(types_not_of_the_catalog(read)):",
        "if unknown := list[str]():",
        "a rule of a newer release never holds, instead of the last good version",
        tests=_OTHER_RELEASE,
    ),
    _mutant(
        "an-activity-that-left-the-playbook-is-unknown",
        "playbook/store.py",
        "for version in range(newest, 0, -1):",
        "for version in range(newest, max(0, newest - 20), -1):",
        "an apply makes the definitions of before unreadable",
        tests=_OTHER_RELEASE,
    ),
    _mutant(
        "a-merged-lead-stays-in-its-scenarios",
        "privacy/merge.py",
        "merged_away(theirs, replace(left, blocked=str(Block.MERGED))),",
        "merged_away(theirs, replace(theirs, blocked=str(Block.MERGED))),",
        "one person is counted in two enrollments",
        tests=_MERGE,
    ),
    _mutant(
        "an-unmerge-brings-back-a-contact-that-was-taken-off",
        "deals/move_contacts.py",
        "if change is None or _role(deal, stays) is None:",
        "if change is None:",
        "a deal has a contact that sales has removed",
        tests=_MERGE,
    ),
    _mutant(
        "a-company-by-merge-is-kept",
        "companies/merge_leads.py",
        "if mine is not None and mine.by == store.BY_MERGE else ()",
        "if False else ()",
        "after an unmerge a private address belongs to a company",
        tests=_MERGE,
    ),
    _mutant(
        "one-bad-event-rejects-the-first-of-its-request",
        "campaigns/meta_client.py",
        "if len(rows) == 1:",
        "if rows:",
        "a conversion is lost because of another one",
        tests="tests/unit/campaigns/test_meta_client.py",
    ),
)
