"""A suggestion as mapping.yaml. What a person must decide is marked `# ?`, with the reason. Pure."""

import json
from collections.abc import Iterable, Iterator
from datetime import date

from sodate.imports.suggestion import ColumnSuggestion, Suggestion
from sodate.imports.synonyms import OPT_OUT, OUTCOME

QUESTION = "# ?"


def mapping_text(suggestion: Suggestion, name: str, delimiter: str, today: date, zone: str | None) -> str:
    """`name`: of the file. `today`: the day of activities that have none. `zone`: of times without an offset."""
    return "\n".join(_lines(suggestion, name, delimiter, today, zone)) + "\n"


def _lines(suggestion: Suggestion, name: str, delimiter: str, today: date, zone: str | None) -> Iterator[str]:
    asked = sum(bool(one.question) for one in suggestion.columns)
    yield f"# A suggestion from {_comment(name)}: read every line. docs/import.md says what each key means."
    if asked:
        yield f"# {asked} of {len(suggestion.columns)} columns have a question, marked `{QUESTION}`."
    yield "source: my-system  # whose ids these are"
    if suggestion.language != "ja":
        yield f"language: {suggestion.language}"
    if zone is not None:
        yield f"zone: {zone}"
    if delimiter != ",":
        yield f"delimiter: {_quoted(delimiter)}"
    yield f"not_given: {_quoted(list(suggestion.not_given))}"
    yield "columns:"
    by_use: dict[str, list[ColumnSuggestion]] = {"ignore": [], OPT_OUT: [], OUTCOME: []}
    for one in suggestion.columns:
        if one.use in by_use:
            by_use[one.use].append(one)
        else:
            yield from _asked(f"  {_quoted(one.column)}: {_right(one)}", one)
    for one in by_use[OPT_OUT]:
        yield from _asked(f"opt_out: {{column: {_quoted(one.column)}, any_of: {_quoted(list(one.words))}}}", one)
    yield from _activities(by_use[OUTCOME], today)
    yield from _ignored(by_use["ignore"])


def _activities(columns: Iterable[ColumnSuggestion], today: date) -> Iterator[str]:
    for one in columns:
        yield from _asked("activities:", one)
        for type_, words in (("deal_won", one.words), ("deal_lost", one.lost)):
            if words:
                when = f"when: {{column: {_quoted(one.column)}, any_of: {_quoted(list(words))}}}"
                yield f'  - {{type: {type_}, {when}, at: {{value: "{today.isoformat()}"}}}}'


def _ignored(columns: list[ColumnSuggestion]) -> Iterator[str]:
    yield "ignore:" if columns else "ignore: []"
    for one in columns:
        yield from _asked(f"  - {_quoted(one.column)}", one)


def _asked(line: str, one: ColumnSuggestion) -> Iterator[str]:
    yield f"{line}  {QUESTION} {_comment(one.question)}" if one.question else line


def _right(one: ColumnSuggestion) -> str:
    parts = [f"to: {one.use}"]
    if one.type != "text":
        parts.append(f"type: {one.type}")
    if one.choices:
        pairs = ", ".join(f"{_quoted(cell)}: {_quoted(value)}" for cell, value in one.choices.items())
        parts.append(f"choices: {{{pairs}}}")
    if one.required:
        parts.append("required: true")
    return one.use if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _quoted(value: object) -> str:
    """JSON is YAML, so no name and no cell is read as a number, a key or a comment."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> str:
    """No line end leaves the comment."""
    return "".join(character if character.isprintable() else " " for character in text)
