"""Printing of problems, plans and results: for people with rich, for programs as JSON."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text
from sodate.authoring.apply import Applied
from sodate.authoring.check import Checked
from sodate.authoring.diff import short, short_pair
from sodate.authoring.plan import Change, Plan
from sodate.messages import Message
from sodate.playbook.problem import Problem, errors

from sodate_cli import output
from sodate_cli.languages import ENGLISH, spoken, words
from sodate_cli.target import Target

_console = Console(highlight=False)
_STYLE = {"error": "bold red", "warning": "yellow"}
_SEVERITY = {"error": Message("error"), "warning": Message("warning")}
#: Fields of a change that are shown without `--full`.
_SHOWN = 12
_MARK = {"added": ("+", "green"), "changed": ("~", "yellow"), "retired": ("-", "red"), "left": ("!", "dim")}


def show_problems(checked: Checked, *, as_json: bool) -> None:
    wrong = errors(checked.problems)
    if as_json:
        output.show_json({"ok": checked.ok, "problems": [problem.as_dict() for problem in checked.problems]})
        return
    for problem in checked.problems:
        _print_problem(problem)
    warnings = len(checked.problems) - len(wrong)
    counts = Counter(definition.kind for definition in checked.definitions())
    what = ", ".join(_counted(number, kind) for kind, number in counts.items())
    verdict = (words("OK"), "bold green") if checked.ok else (words("NOT OK"), "bold red")
    totals = f": {_counted(len(wrong), 'error')}, {_counted(warnings, 'warning')}"
    _console.print(Text.assemble(verdict, totals, f" ({what or words('nothing readable')})"), soft_wrap=True)


def _counted(number: int, word: str) -> str:
    """`mailing`, `rules` and `sales` are there once at most. Other languages have no plural of these words."""
    if spoken() != ENGLISH:
        return f"{words(_SEVERITY.get(word, word))} {number}"
    return f"{number} {word}s" if number != 1 and not word.endswith("s") else f"{number} {word}"


def _print_problem(problem: Problem) -> None:
    line = Text.assemble(
        (f"{problem.file}:{problem.line}", "bold"),
        "  ",
        (words(_SEVERITY[problem.severity]), _STYLE[problem.severity]),
        f" {problem.field}: " if problem.field else " ",
        _clean(words(problem.message)),
        (f"  [{problem.rule}]", "dim"),
    )
    _console.print(line, soft_wrap=True)
    for extra in (
        problem.hint and f"→ {words(problem.hint)}",
        problem.source and words(Message("source: {source}", source=problem.source)),
    ):
        if extra:
            _console.print(Text("    " + _clean(extra), style="dim"), soft_wrap=True)


def show_settings(settings: Mapping[str, Any], target: Target) -> None:
    """What is laid over the files on this stage. On standard error, so that what a command prints stays a document."""
    for path, value in settings.items():
        output.say(
            Message(
                "setting of {stage}: {key} = {short}", stage=target.stage or target.table, key=path, short=short(value)
            )
        )


def show_plan(plan: Plan, target: Target, *, as_json: bool, full: bool = False) -> None:
    if as_json:
        document = {"target": target.table, "unchanged": plan.unchanged}
        parts = {"changes": plan.changes, "left": plan.left}
        refused = {"refused": [problem.as_dict() for problem in plan.refused]}
        output.show_json(
            document | {name: [change.as_dict() for change in part] for name, part in parts.items()} | refused
        )
        return
    _console.print(Text(words(Message("Plan for {target}", target=target)), style="bold"))
    for change in [*plan.changes, *plan.left]:
        _print_change(change, full=full)
    if not plan.changes:
        _console.print(words("Nothing changes."))
    _console.print(
        Text(
            words(
                Message("{changed} changes, {unchanged} unchanged", changed=len(plan.changes), unchanged=plan.unchanged)
            ),
            style="dim",
        )
    )
    for problem in plan.refused:
        _print_problem(problem)


def _print_change(change: Change, *, full: bool) -> None:
    mark, style = _MARK[change.what]
    version = words(Message(" (live: version {version})", version=change.live_version)) if change.live_version else ""
    _console.print(Text(f"{mark} {change.kind} {change.id}{version}", style=style))
    shown = change.fields if full else change.fields[:_SHOWN]
    for field in shown:
        before, after = (_whole(field.before), _whole(field.after)) if full else short_pair(field.before, field.after)
        line = f"    {field.field}: {before} → {after}"
        _console.print(Text(_clean(line)), soft_wrap=True)
    if folded := change.fields[len(shown) :]:
        kinds = Counter(field.field.partition("[")[0].partition(".")[0] for field in folded)
        listed = ", ".join(f"{kind} {number}" for kind, number in kinds.items())
        more = Message("… and {count} more fields ({listed}); --full shows them", count=len(folded), listed=listed)
        _console.print(Text(f"    {words(more)}", style="dim"))
    for note in change.affects:
        _console.print(Text(f"    ▸ {_clean(words(note))}", style="cyan"), soft_wrap=True)


def _whole(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def show_applied(applied: Sequence[Applied], target: Target, backfill: str | None, *, as_json: bool) -> None:
    """`backfill`: id of the job that was started."""
    if as_json:
        output.show_json({"target": target.table, "applied": [asdict(one) for one in applied], "backfill": backfill})
        return
    rows = [(one.kind, one.id, one.version, one.what) for one in applied]
    output.show_table(Message("Applied to {target}", target=target), ("kind", "id", "version", "what"), rows)
    if backfill:
        output.say(Message("every lead is looked at anew: sodate score status {backfill}", backfill=backfill))


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text.replace("\n", " "))
