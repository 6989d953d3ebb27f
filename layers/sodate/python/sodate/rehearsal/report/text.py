"""A rehearsal for the terminal: short sections, which the command line prints. Pure.

A table that has no row is no section.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sodate.rehearsal.report import tables
from sodate.rehearsal.report.catalogs import Catalog, catalog, shown
from sodate.rehearsal.report.headline import headline
from sodate.rehearsal.report.phrases import finding
from sodate.rehearsal.report.tables import Table

_MOST_FINDINGS, _MOST_ROWS = 10, 8
_TABLES = (tables.overview, tables.not_sent, tables.goals, tables.experiments, tables.sales)


@dataclass(frozen=True)
class Section:
    """Sentences and a list, or one table."""

    title: str
    sentences: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(document: Mapping[str, Any], language: str = "en") -> tuple[Section, ...]:
    """For `output.show_letter`, and for `output.show_table` where there are rows."""
    words = catalog(language)
    head = headline(document, words)
    figures = "; ".join(f"{figure} {text}" for figure, text in head.figures)
    return (
        Section(head.title, (head.people, figures)),
        Section(words.text("page", "look_at"), *_look_at(document, words)),
        *(_section(one, words) for one in (make(document, words) for make in _TABLES) if one.rows),
        Section(words.text("page", "assumptions"), (words.text("page", "assumed"), _assumed_most(document, words))),
    )


def _assumed_most(document: Mapping[str, Any], words: Catalog) -> str:
    people, emails = document["assumptions"]["people"], document["assumptions"]["emails"]
    named = {"existing": people["existing"], "opt_in": people["opt_in"]}
    answers = {answer: emails[answer] for answer in ("opened", "clicked", "unsubscribed")}
    return words.text("page", "assumed_most", **named, **answers)


def _look_at(document: Mapping[str, Any], words: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = [finding(words, one) for one in document["look_at"]]
    if not lines:
        return (words.text("page", "nothing_to_look_at"),), ()
    return (), tuple(_cut(lines, _MOST_FINDINGS, words))


def _section(table: Table, words: Catalog) -> Section:
    kept, rest = table.rows[:_MOST_ROWS], len(table.rows) - _MOST_ROWS
    rows = [tuple(shown(cell) for cell in row) for row in kept]
    if rest > 0:
        rows.append((words.text("page", "more", number=rest), *[""] * (len(table.columns) - 1)))
    return Section(table.title, columns=table.columns, rows=tuple(rows))


def _cut(lines: list[str], most: int, words: Catalog) -> Iterator[str]:
    yield from lines[:most]
    if len(lines) > most:
        yield words.text("page", "more", number=len(lines) - most)
