"""`sodate import --suggest`: reads the file and the playbook, asks where somebody answers, and prints a mapping."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from sodate.authoring.check import check
from sodate.authoring.known_fields import known_fields, live_definitions
from sodate.errors import Invalid, SodateError
from sodate.imports.known_fields import KnownField
from sodate.imports.reader import Records, survey
from sodate.imports.suggestion import Suggestion, is_target, suggest
from sodate.imports.suggestion_text import mapping_text
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.runtime import clock

from sodate_cli import output
from sodate_cli.imports.files import Opened, reading
from sodate_cli.languages import words
from sodate_cli.operator import now, target
from sodate_cli.target import explain

_SAMPLE = 1000
_DELIMITERS = (",", ";", "\t")

#: What is known of the fields of leads, and the sender's time zone.
Known = tuple[dict[str, KnownField], str | None]


def known_and_today(directory: Path | None, stage: str | None) -> tuple[Known | None, date]:
    """What the playbook knows: of a directory, else of the stage. None, and a warning, where neither can be read."""
    if directory is not None:
        return known_of_files(directory), clock.now().date()
    try:
        where = target(stage)
        return known_of_stage(), now(where).date()
    except (SodateError, ClientError, BotoCoreError) as error:
        output.say(
            Message(
                "warning: no playbook was read ({why}); give --playbook DIR, and labels of forms are used",
                why=explain(error),
            )
        )
        return None, clock.now().date()


def known_of_files(directory: Path) -> Known:
    """Raises: `Invalid` for a playbook with errors."""
    checked = check(directory)
    if not checked.ok:
        first = next(problem for problem in checked.problems if problem.severity == "error")
        raise Invalid(
            Message(
                "{directory} has errors, the first: {problem}; run `sodate playbook check {directory}`",
                directory=directory,
                problem=first.sentence(),
            )
        )
    mailing = checked.playbook.mailing.model if checked.playbook.mailing else None
    declared = mailing.fields if mailing is not None else ()
    zone = mailing.sender.time_zone if mailing is not None else None
    return known_fields(checked.definitions(), declared), zone


def known_of_stage() -> Known:
    definitions = Definitions()
    live = live_definitions(definitions)
    if not live:
        raise Invalid(Message("no playbook is live on the stage; apply one, or give --playbook DIR"))
    return known_fields(live), str(definitions.live("mailing").body["sender"]["time_zone"])


def suggestion_of(file: Opened, known: Mapping[str, KnownField] | None) -> tuple[Suggestion, str]:
    """The suggestion, and the delimiter of the file.

    Raises: `Invalid` for a file without a first line.
    """
    with reading(file) as stream:
        result = survey(stream)
    rows, delimiter = max(((_rows(file, result.encoding, one), one) for one in _DELIMITERS), key=_width)
    if not rows:
        raise Invalid(Message("the file has no first line that names its columns; put one there"), "header")
    return suggest(rows[0], rows[1:], known), delimiter


def suggested(file: Opened, known: Known | None, today: date) -> str:
    """A mapping.yaml as text."""
    suggestion, delimiter = suggestion_of(file, known[0] if known else None)
    return text_of(suggestion, file, delimiter, today, known[1] if known else None)


def text_of(suggestion: Suggestion, file: Opened, delimiter: str, today: date, zone: str | None) -> str:
    return mapping_text(suggestion, file.name, delimiter, today, zone, words)


def asked(suggestion: Suggestion) -> Suggestion:
    """What somebody at the terminal says of each question; Enter keeps what is suggested."""
    for one in suggestion.columns:
        if one.question:
            output.say(Message("column {column}: {question}", column=one.column, question=one.question))
            suggestion = suggestion.decided(one.column, use) if (use := _answer(one.use)) != one.use else suggestion
    return suggestion


def is_at_a_terminal() -> bool:
    """The mapping goes to standard output, so questions and answers go by the terminal's other two."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def as_document(suggestion: Suggestion) -> dict[str, Any]:
    return asdict(suggestion)


def _answer(use: str) -> str:
    while True:
        prompt = output.sentence("target, such as secondary.budget, or `ignore`")
        answer = str(typer.prompt(f"  {prompt}", default=use, err=True)).strip()
        if answer in (use, "ignore") or is_target(answer):
            return answer
        output.say("  a target is email, external_id, created, updated, primary.NAME, secondary.NAME or source.NAME")


def _rows(file: Opened, encoding: str, delimiter: str) -> list[list[str]]:
    with reading(file) as stream:
        records = Records(stream, encoding, delimiter)
        return [
            record.cells for record, _ in zip(records, range(_SAMPLE + 1), strict=False) if record.cells is not None
        ]


def _width(found: tuple[list[list[str]], str]) -> int:
    return len(found[0][0]) if found[0] else 0
