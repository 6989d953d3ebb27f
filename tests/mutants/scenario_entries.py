"""Seeded bugs in entries by date and schedule, limits and policies of scenarios."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_DATES = "tests/functions/test_date_entries.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


SCENARIO_ENTRIES = (
    _mutant(
        "dates-that-are-past-enroll",
        "scenarios/date_entry",
        "end_of_wait(entry.as_wait, since, ",
        "end_of_wait(entry.as_wait, _EVER, ",
        "a date that is past already brings the lead in",
        _DATES,
    ),
    _mutant(
        "dates-that-have-moved-enroll",
        "scenarios/enter_by_date",
        "at is None or day_of(entry, lead) != reached.day:",
        "at is None:",
        "an extended renewal brings the lead in at the old date",
        _DATES,
    ),
    _mutant(
        "a-date-enrolls-again",
        "scenarios/admission",
        " or before.id == id_by(name, cause)):",
        "):",
        "one date brings the lead in again under a new definition",
        _DATES,
    ),
    _mutant(
        "entries-of-old-definitions-count",
        "scenarios/enter_by_date",
        "if entry_id(one) == reached.entry), None)",
        "), None)",
        "what an earlier definition planned enrolls",
        _DATES,
    ),
    _mutant(
        "time-zones-are-not-asked-again",
        "scenarios/enter_by_date",
        "if at > now:  # the time zone",
        "if False:  # the time zone",
        "a lead that moved enters at the time of its old time zone",
        _DATES,
    ),
    _mutant(
        "unchanged-dates-are-planned-again",
        "scenarios/plan_dates",
        "if before is None or before.attribute(entry.date) != after.attribute(entry.date)",
        "if before is None or True",
        "each change of a profile writes a due entry",
        _DATES,
    ),
)
