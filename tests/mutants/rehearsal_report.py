"""Seeded bugs in what a rehearsal shows: figures that do not add up, dead branches unseen, text that becomes markup."""

from tests.mutants.mutants import Mutant

_REPORT = "layers/sodate/python/sodate/rehearsal/report/"
_SUMMARY = "tests/unit/rehearsal/test_report_summary.py"
_PAGE = "tests/unit/rehearsal/test_report_page.py"
_LAYOUT = "tests/unit/rehearsal/test_report_graph_layout.py"
_DIFFERENCE = "tests/unit/rehearsal/test_report_difference.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_REPORT}{file}.py", ((old, new),), breaks, tests=tests)


REHEARSAL_REPORT = (
    _mutant(
        "skipped-emails-vanish-from-the-graph",
        "exits",
        'return ("sent", "skipped")',
        'return ("sent",)',
        "who got no email has never left the step",
        _SUMMARY,
    ),
    _mutant(
        "last-email-ends-nobody",
        "scenario_figures",
        'return sum(one["enrollments"] for one in step["exits"] if one["exit"] == "then" and one["to"] == END)',
        "return 0",
        "enrollments that end with an email are said to be taken out by another scenario",
        _SUMMARY,
    ),
    _mutant(
        "dead-while-everybody-waits",
        "scenario_figures",
        'if step["came"] > step["inside"]:',
        'if step["came"]:',
        "a rehearsal that is too short calls every exit dead",
        _SUMMARY,
    ),
    _mutant(
        "opt-in-emails-are-free",
        "summary",
        "emails, per_thousand = figures.emails + figures.opt_in_emails,",
        "emails, per_thousand = figures.emails,",
        "the cost leaves out an email to each lead who arrives",
        _SUMMARY,
    ),
    _mutant(
        "document-in-the-order-of-counting",
        "summary",
        "for (source, reason), count in sorted(counter.items()):",
        "for (source, reason), count in counter.items():",
        "the same rehearsal gives other bytes",
        _SUMMARY,
    ),
    _mutant(
        "headings-are-markup",
        "page",
        'scenario["title"] or name,\n        name',
        'Markup(scenario["title"] or name),\n        name',
        "a title of a scenario runs a script in the browser of who reads the page",
        _PAGE,
    ),
    _mutant(
        "assumptions-are-markup",
        "markup",
        "return Markup('<th scope=\"row\">{}</th>').format(shown(cell))",
        "return Markup('<th scope=\"row\">{}</th>').format(Markup(shown(cell)))",
        "a value of a sample file runs a script",
        _PAGE,
    ),
    _mutant(
        "dead-line-looks-alive",
        "graph",
        'return "" if line.exit["enrollments"] else " dead"',
        'return ""',
        "an exit that nobody took is drawn like the others",
        _PAGE,
    ),
    _mutant(
        "boxes-overlap",
        "graph_layout",
        "+ GAP_X if index else 0.0",
        "- 2 * GAP_X if index else 0.0",
        "boxes of a layer cover each other",
        _LAYOUT,
    ),
    _mutant(
        "cycle-is-drawn-downwards",
        "graph_layout",
        "            found.add(position)\n",
        "            pass\n",
        "a cycle pushes the boxes down without end",
        _LAYOUT,
    ),
    _mutant(
        "what-vanished-is-not-compared",
        "difference",
        "dict.fromkeys([*old, *new]), key=",
        "dict.fromkeys(new), key=",
        "a reason to defer that is gone is not in the difference",
        _DIFFERENCE,
    ),
    _mutant(
        "difference-without-an-end",
        "difference",
        "if used + len(head) >= most:",
        "if used < 0:",
        "a difference of 400 rows in a pull request",
        _DIFFERENCE,
    ),
    _mutant(
        "cell-ends-early",
        "difference",
        'text.replace("|", "\\\\|")',
        'text.replace("¦", "|")',
        "a name with a bar moves the figures of its row",
        _DIFFERENCE,
    ),
)
