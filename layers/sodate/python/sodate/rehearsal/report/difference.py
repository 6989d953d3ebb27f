"""Two rehearsals as a difference in Markdown, fit for a pull request: what changed, and nothing else. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sodate.rehearsal.report.catalogs import catalog, shown
from sodate.rehearsal.report.comparable import Line, Value, lines_of, lines_of_scenario
from sodate.rehearsal.report.phrases import finding

MOST_LINES = 100
NO_DIFFERENCE = "The rehearsal shows no difference."
#: The rows that are left for tables once the sentences are written stay below `MOST_LINES` with this.
_MOST_SENTENCES = 12
_HEAD = ("| | before | after | change |", "|---|--:|--:|--:|")
_CONDITIONS = {
    "assumptions": "assumptions",
    "seed": "seeds",
    "begin": "beginnings",
    "end": "ends",
}

Document = Mapping[str, Any]


def difference(before: Document, after: Document) -> str:
    """Ends with a line break. Conditions that differ (seed, days, assumptions) are named: they change figures too."""
    changed = list(_changed(lines_of(before), lines_of(after)))
    kept = [name for name in after["scenarios"] if name in before["scenarios"]]
    for name in kept:
        pair = (lines_of_scenario(name, one["scenarios"][name]) for one in (before, after))
        changed += _changed(*pair)
    sentences = [*_conditions(before, after), *_appeared(before, after), *_found(before, after)]
    if not changed and not sentences:
        return f"{NO_DIFFERENCE}\n"
    lines = [_summary(before, after, changed), "", *_listed(sentences, _MOST_SENTENCES)]
    return "\n".join([*lines, *_tables(changed, MOST_LINES - len(lines) - 2)]) + "\n"


def _summary(before: Document, after: Document, changed: list[tuple[str, str, Value, Value]]) -> str:
    emails = [one["emails"]["all"] for one in (before, after)]
    groups = {group for group, *_ in changed if group.startswith("Scenario ")}
    scenarios = f"; {len(groups)} scenario{'s' if len(groups) != 1 else ''} with other figures" if groups else ""
    if emails[0] == emails[1]:
        return f"**The rehearsal differs: {shown(emails[0])} emails as before{scenarios}.**"
    return f"**The rehearsal differs: {shown(emails[0])} → {shown(emails[1])} emails ({_change(*emails)}){scenarios}.**"


def _conditions(before: Document, after: Document) -> Iterator[str]:
    """What makes figures differ although the playbook is the same."""
    names = [words for key, words in _CONDITIONS.items() if before[key] != after[key]]
    if names:
        differing = " and ".join(names)
        yield f"The two rehearsals have different {differing}, so not every difference comes from the playbook."


def _appeared(before: Document, after: Document) -> Iterator[str]:
    for kind in ("scenarios", "broadcasts"):
        old, new = before[kind], after[kind]
        yield from (f"New {kind[:-1]} {_code(name)}: {_size(after, name)}." for name in new if name not in old)
        yield from (f"Gone: {kind[:-1]} {_code(name)} ({_size(before, name)})." for name in old if name not in new)
    for name, scenario in after["scenarios"].items():
        if name in before["scenarios"]:
            old, new = ([step["id"] for step in one["steps"]] for one in (before["scenarios"][name], scenario))
            yield from _steps(f"{_code(name)}: new step", [step for step in new if step not in old])
            yield from _steps(f"{_code(name)}: step gone", [step for step in old if step not in new])


def _steps(words: str, steps: list[str]) -> Iterator[str]:
    if steps:
        yield f"{words} {', '.join(map(_code, steps))}."


def _size(document: Document, name: str) -> str:
    emails = f"{shown(document['emails']['by_source'].get(name, 0))} emails"
    scenario = document["scenarios"].get(name)
    return emails if scenario is None else f"{shown(scenario['entered'])} entered, {emails}"


def _found(before: Document, after: Document) -> Iterator[str]:
    """Findings without their figures: a dead branch that stays dead is no news."""
    words = catalog("en")
    old, new = ({_about(one): one for one in document["look_at"]} for document in (before, after))
    yield from (f"Look at this: {_plain(finding(words, one))}" for key, one in new.items() if key not in old)
    yield from (f"Not any more: {_plain(finding(words, one))}" for key, one in old.items() if key not in new)


def _about(one: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("finding", "scenario", "scenarios", "step", "exit", "to", "goal")
    return tuple(str(one.get(name)) for name in names)


def _changed(before: Iterable[Line], after: Iterable[Line]) -> Iterator[tuple[str, str, Value, Value]]:
    """Group, name, value before and after, by group; in it, what is new comes after what both have."""
    old, new = ({(line.group, line.name): line.value for line in lines} for lines in (before, after))
    groups = list(dict.fromkeys(group for group, _ in (*old, *new)))
    for key in sorted(dict.fromkeys([*old, *new]), key=lambda one: groups.index(one[0])):
        if old.get(key) != new.get(key):
            yield *key, old.get(key), new.get(key)


def _tables(changed: list[tuple[str, str, Value, Value]], most: int) -> Iterator[str]:
    """At most `most` lines, and one that counts the rest."""
    group, used = "", 0
    for position, (of, name, old, new) in enumerate(changed):
        head = ["", f"**{_plain(of)}**", "", *_HEAD] if of != group else []
        if used + len(head) >= most:
            yield from ("", f"… and {len(changed) - position} further rows; `--json` has them.")
            return
        row = f"| {_plain(name)} | {shown(old)} | {shown(new)} | {_change(old, new)} |"
        yield from (*head, row)
        group, used = of, used + len(head) + 1


def _listed(sentences: list[str], most: int) -> Iterator[str]:
    yield from (f"- {sentence}" for sentence in sentences[:most])
    if len(sentences) > most:
        yield f"- … and {len(sentences) - most} further changes."


def _change(old: Value, new: Value) -> str:
    """`+12, +4 %`; empty when one of them is no number. A count that is missing is 0."""
    old, new = (0 if value is None and isinstance(other, int) else value for value, other in ((old, new), (new, old)))
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return ""
    change = round(new - old, 4)
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    share = f", {sign}{abs(change) / old * 100:.0f} %" if old else ""
    return f"{sign}{shown(abs(change))}{share}"


def _code(name: str) -> str:
    return f"`{_plain(name)}`"


def _plain(text: str) -> str:
    """Text that can neither end a cell of a table nor begin a tag or code."""
    safe = text.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return " ".join(safe.split())
