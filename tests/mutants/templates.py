"""Seeded bugs in templates: wrong results, wrong language, values that nobody declared, test sends that count."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_RESULTS = "tests/unit/queries/test_template_results.py"
_COMMAND = "tests/functions/test_template_results.py"
_FILES = "tests/unit/playbook/test_template_files.py"
_LANGUAGES = "tests/functions/test_template_languages.py"
_TEST_SENDS = "tests/functions/test_template_test_send.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=(tests,))


TEMPLATES = (
    _mutant(
        "clicks-of-robots-are-people",
        "queries/template_results",
        "            reactions[_REACTIONS[one.type]].add(one.key not in robots)\n",
        "            reactions[_REACTIONS[one.type]].add(True)\n",
        "a version looks good because link checkers like it",
        _RESULTS,
    ),
    _mutant(
        "clicks-on-other-emails-count",
        "queries/template_results",
        'if one.about.get("send") == email.send_id and one.type in _REACTIONS:',
        "if one.type in _REACTIONS:",
        "each email of a lead has the clicks of all",
        _RESULTS,
    ),
    _mutant(
        "complaints-are-not-delivered",
        "queries/template_results",
        '"complained": (Figure.DELIVERED, Figure.COMPLAINED)',
        '"complained": (Figure.COMPLAINED,)',
        "more complaints, fewer deliveries",
        _RESULTS,
    ),
    _mutant(
        "links-show-what-leads-clicked",
        "email/content/template_links",
        "if pattern.fullmatch(url)), OTHER_LINKS)",
        "if pattern.fullmatch(url)), url)",
        "addresses in a link become lines of a report",
        "tests/unit/email/test_template_links.py",
    ),
    _mutant(
        "failed-emails-were-sent",
        "queries/count_template_results",
        'if send["rank"] >= RANK["sent"]:',
        'if send["rank"] >= RANK["planned"]:',
        "skipped and failed sends count as sent",
        _COMMAND,
    ),
    _mutant(
        "one-segment-is-counted",
        "queries/count_template_results",
        "for part in pool.map(count, range(SEGMENTS)):",
        "for part in pool.map(count, [0]):",
        "most leads are missing from the results",
        _COMMAND,
    ),
    _mutant(
        "test-sends-are-marketing",
        "email/delivery/seed_send",
        '"purpose": PURPOSE,',
        '"purpose": "marketing",',
        "a click in a test email becomes an activity of the lead with that address",
        _TEST_SENDS,
    ),
    _mutant(
        "everybody-gets-the-own-language",
        "email/delivery/marketing_email",
        "template = self.template.in_language(profile.language)",
        "template = self.template",
        "leads who read English get Japanese",
        _LANGUAGES,
    ),
    _mutant(
        "values-of-a-step-are-forgotten",
        "scenarios/program",
        "variables=step.variables, ",
        "",
        "each step of a sequence invites to the default seminar",
        _LANGUAGES,
    ),
    _mutant(
        "only-the-first-language-is-linted",
        "authoring/lint/context",
        "for part in (compiled, *compiled.variants)",
        "for part in (compiled,)",
        "an English email without an unsubscribe link is published",
        _FILES,
    ),
    _mutant(
        "values-of-any-type-are-accepted",
        "email/content/variables",
        'return "" if fits else',
        'return "" if fits or True else',
        "a word where the template calculates with a number fails every email",
        _FILES,
    ),
)
