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
)
