"""A suggestion as mapping.yaml. What a person must decide is marked `# ?`, with the reason. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

from sodate.imports.suggestion import ColumnSuggestion, Suggestion
from sodate.imports.synonyms import OPT_OUT, OUTCOME
from sodate.messages import Message

QUESTION = "# ?"
Say = Callable[[str], str]


def mapping_text(
    suggestion: Suggestion, name: str, delimiter: str, today: date, zone: str | None, say: Say = lambda text: text
) -> str:
    """`name`: of the file. `today`: the day of activities that have none. `zone`: of times without an offset.

    `say`: a comment in the language of its reader.
    """
    shown = replace(suggestion, columns=tuple(replace(one, question=say(one.question)) for one in suggestion.columns))
    return "\n".join([*_head(shown, name, say), *_lines(shown, delimiter, today, zone)]) + "\n"


def _head(suggestion: Suggestion, name: str, say: Say) -> Iterator[str]:
    asked, columns = sum(bool(one.question) for one in suggestion.columns), len(suggestion.columns)
    title = Message("A suggestion from {file}: read every line. docs/import.md says what each key means.", file=name)
    yield f"# {_comment(say(title))}"
    if asked:
        count = Message(
            "{asked} of {columns} columns have a question, marked `{mark}`.",
            asked=asked,
            columns=columns,
            mark=QUESTION,
        )
        yield f"# {_comment(say(count))}"
    yield f"source: my-system  # {_comment(say(Message('whose ids these are')))}"


def _lines(suggestion: Suggestion, delimiter: str, today: date, zone: str | None) -> Iterator[str]:
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
