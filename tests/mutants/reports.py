"""Seeded bugs in reports: figures that differ between forms, names that become code, emails that leave twice."""

from tests.mutants.mutants import Mutant

_REPORTS = "layers/sodate/python/sodate/reports/"
_RENDERERS = "tests/unit/reports/test_renderers.py"
_NUMBERS = "tests/unit/reports/test_numbers.py"
_EMAIL = "tests/functions/test_report_email.py"
_COMMAND = "tests/functions/test_report_command.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str) -> Mutant:
    return Mutant(name, f"{_REPORTS}{file}.py", ((old, new),), breaks, tests=(tests,))


REPORTS = (
    _mutant(
        "two-currencies-on-one-axis",
        "blocks_markup",
        "or len({cell.currency for cell in cells}) > 1",
        "",
        "a chart compares yen with dollars",
        _RENDERERS,
    ),
    _mutant(
        "a-name-of-a-link-is-a-formula",
        "as_csv",
        "writer.writerows([escaped(cell) for cell in row] for row in _rows(report, words))",
        "writer.writerows(_rows(report, words))",
        "a spreadsheet executes what a stranger wrote into a link",
        _RENDERERS,
    ),
    _mutant(
        "nothing-of-nothing-is-zero",
        "document",
        "return Figure(None, Unit.PERCENT, reason=Reason.NOTHING_TO_DIVIDE_BY)",
        "return Figure(0.0, Unit.PERCENT)",
        "a rate of no email is 0 % instead of not defined",
        _NUMBERS,
    ),
    _mutant(
        "small-shares-are-nothing",
        "numbers",
        "while abs(value) >= 5e-5 and digits < 4 and not round(abs(value), digits):",
        "while False:",
        "a complaint rate of 0.04 % is shown as 0.0 %",
        _NUMBERS,
    ),
    _mutant(
        "a-claimed-report-leaves-again",
        "store",
        "is_free = ReportDeliveryItem.pk.does_not_exist() | (ReportDeliveryItem.state == DeliveryState.DEFERRED.value)",
        "is_free = ReportDeliveryItem.pk.does_not_exist() | (ReportDeliveryItem.state != DeliveryState.ACCEPTED.value)",
        "after a crash a recipient may get a report twice",
        _EMAIL,
    ),
    _mutant(
        "a-deferred-report-is-lost",
        "send",
        "    Verdict.DEFERRED: DeliveryState.DEFERRED,",
        "    Verdict.DEFERRED: DeliveryState.REJECTED,",
        "a stopped circuit breaker consumes the weekly report",
        _EMAIL,
    ),
    _mutant(
        "robots-walk-the-journey",
        "lead_record",
        "if span.has(one.at) and one.key not in robots",
        "if span.has(one.at)",
        "the journey map counts what robots did",
        _COMMAND,
    ),
    _mutant(
        "one-lead-can-be-recognised",
        "persona_map",
        "        if leads >= FEWEST:",
        "        if leads:",
        "the journey map tells what a single lead read",
        _COMMAND,
    ),
)
