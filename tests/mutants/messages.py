"""Seeded bugs in what people read: languages, mends, and errors that follow from another one."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_MISTAKES, _MESSAGES = "tests/unit/mistakes", "tests/unit/test_messages.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, file, ((old, new),), breaks, tests=tests)


MESSAGES = (
    _mutant(
        "an-error-forgets-its-template",
        f"{_SODATE}messages.py",
        "        return self\n",
        "        return str.__str__(self)  # type: ignore[return-value]\n",
        "what a model refuses is said in English to everybody",
        _MESSAGES,
    ),
    _mutant(
        "cells-are-translated",
        "cli/sodate_cli/output.py",
        "return words(value) if isinstance(value, Message) else str(value)",
        "return words(value) if isinstance(value, str) else str(value)",
        "a lead whose name is a word of ours is shown with another name",
        _MESSAGES,
    ),
    _mutant(
        "a-misspelt-key-is-missing-too",
        f"{_SODATE}playbook/explain.py",
        "        if _is_misspelt(detail, details):\n            continue\n",
        "",
        "one typing error is two problems",
        _MISTAKES,
    ),
    _mutant(
        "times-of-documents-are-utc",
        "cli/sodate_cli/times.py",
        "        return times.within(value)\n",
        "        return value\n",
        "a Japanese marketer reads a time of nine hours before",
        "tests/functions/test_times_for_people.py",
    ),
    _mutant(
        "an-own-activity-has-no-label",
        f"{_SODATE}activities/kinds.py",
        "for type_ in ActivityType} | own",
        "for type_ in ActivityType}",
        "the timeline shows ids of the playbook's own activities",
        "tests/functions/test_labels_for_people.py",
    ),
    _mutant(
        "any-loop-is-over-links-of-the-brand",
        f"{_SODATE}authoring/lint/links.py",
        """ if what == "brand.links"} - other""",
        "}",
        "an answer of a stranger decides where a link of the email goes",
        "tests/unit/playbook/test_brand_in_emails.py",
    ),
    _mutant(
        "a-merged-lead-is-a-second-member",
        f"{_SODATE}queries/campaign_members.py",
        "lead_id = stays.get(one.lead_id, one.lead_id)",
        "lead_id = one.lead_id",
        "one person is listed twice",
        "tests/functions/test_merged_figures.py",
    ),
    _mutant(
        "the-bound-of-a-day-is-not-said",
        f"{_SODATE}privacy/request.py",
        "return Bound.DAY if begun >= MOST_PER_DAY else None",
        "return None",
        "the list says that requests are erased within the hour, and they are not",
        "tests/unit/test_bounds_of_requests.py",
    ),
    _mutant(
        "the-mailbox-hears-no-browser",
        "cli/sodate_cli/local/mailbox/site.py",
        """request.headers.get("accept-language", "").split(",")""",
        """"".split(",")""",
        "a Japanese marketer reads an English mailbox",
        "tests/unit/local/test_mailbox_language.py",
    ),
    _mutant(
        "an-unreadable-file-is-none",
        f"{_SODATE}authoring/loader.py",
        "return Doc(file, stem, None, None, {}) if (self.source.root / file).is_file() else None",
        "return None",
        "a rules.yaml in UTF-16 makes errors in other files",
        _MISTAKES,
    ),
    _mutant(
        "only-the-first-slip",
        f"{_SODATE}playbook/yaml_errors.py",
        "same = [one for one in plain if slip.pattern.search(lines[one])]",
        "same = [number]",
        "who typed ten full-width colons mends them in ten runs",
        _MISTAKES,
    ),
    _mutant(
        "the-column-that-was-meant-is-unknown-too",
        f"{_SODATE}imports/mapping.py",
        "(*used, *mapping.ignore, *meant)",
        "(*used, *mapping.ignore)",
        "one misspelt column of a file is two problems",
        _MISTAKES,
    ),
    _mutant(
        "problems-of-a-mapping-are-english",
        "cli/sodate_cli/intake/files.py",
        'joined("\\n", [one.sentence() for one in problems])',
        '"\\n".join(one.sentence() for one in problems)',
        "who misspells a target of a mapping of deals reads English",
        _MISTAKES,
    ),
    _mutant(
        "a-refused-row-names-no-column",
        f"{_SODATE}intake/mapping.py",
        "return next((name for name, goes_to in columns.items() if goes_to == target), target)",
        "return target",
        "the list of refused rows names a key of the API, which is not in the file",
        _MISTAKES,
    ),
    _mutant(
        "comments-of-a-suggestion-are-english",
        f"{_SODATE}imports/suggestion_text.py",
        "replace(one, question=say(one.question))",
        "replace(one, question=str.__str__(one.question))",
        "the questions that are written into the mapping are in English",
        "tests/functions/test_suggested_mapping.py",
    ),
    _mutant(
        "the-list-of-refused-rows-is-english",
        "cli/sodate_cli/intake/files.py",
        "replace(one, reason=words(one.reason))",
        "replace(one, reason=one.reason)",
        "the list beside the file speaks another language than the command",
        "tests/functions/test_deals.py",
    ),
    _mutant(
        "an-expected-close-is-called-at",
        f"{_SODATE}intake/deal_entry.py",
        'read_time(value, zone, "expected_close")',
        "read_time(value, zone)",
        "a wrong day of `expected_close` is said of `at`, which the row does not have",
        _MISTAKES,
    ),
    _mutant(
        "an-error-is-an-f-string-again",
        f"{_SODATE}companies/company.py",
        'Message("a company cannot be merged with itself; name two companies")',
        '"a company cannot be merged with itself; name two companies"',
        "an error that the command line shows has no translation, and nobody notices",
        "tests/architecture/test_messages.py",
    ),
)
