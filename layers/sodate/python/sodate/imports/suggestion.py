"""Suggests what each column of a file becomes, from what a playbook knows, common names, and the first rows. Pure.

A target that no form, rule or condition of the playbook knows is a question, never a silent decision.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count

from sodate.imports.known_fields import FieldType, KnownField, plain_name, words_of
from sodate.imports.mapping import NO, YES
from sodate.imports.sampled import Sampled, are_choices_of, others_than, values_of
from sodate.imports.synonyms import (
    ALWAYS_TAKEN,
    AS_TYPED,
    CREATED,
    EMAIL,
    EXTERNAL_ID,
    MEANING,
    OPT_OUT,
    OUTCOME,
    OWN_COLUMNS,
    UPDATED,
)
from sodate.leads.text import fold
from sodate.messages import Message

_TARGET = re.compile(r"(email|created|updated|(primary|secondary|source)\.[a-z][a-z0-9_]{0,39})")
_OWN_TARGETS = (EMAIL, EXTERNAL_ID, CREATED, UPDATED)
_STOPS = {*YES, "停止", "配信停止", "拒否", "不要", "不可", "配信しない", "希望しない", "unsubscribed", "opted out"}
#: Of a column that says who stops: these people go on.
_AGREES = {"受け取る", "希望する", "希望", "配信する", "配信", "配信中", "可", "許可", "subscribed"}
_OPPOSITES = dict(zip(map(fold, NO), YES, strict=False)) | {"いいえ": "はい", "×": "○", "無": "有", "なし": "あり"}
_WON = {*YES, "won", "closed won", "受注", "成約", "獲得"}
_LOST = {*NO, "lost", "closed lost", "失注", "不成立", "見送り"}
#: Characters; a shorter Japanese label (`名`, `会社`) is a part of too many names.
_SHORTEST_PART = 3


@dataclass(frozen=True)
class ColumnSuggestion:
    """`use`: a target, `ignore`, `opt_out` or `outcome`. `question`: what a person must decide; empty: sure.

    `words`: cells that mean yes (`opt_out`), won (`outcome`); `lost`: cells that mean lost.
    """

    column: str
    use: str
    type: FieldType = "text"
    choices: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    required: bool = False
    question: str = ""


@dataclass(frozen=True)
class Suggestion:
    columns: tuple[ColumnSuggestion, ...]
    not_given: tuple[str, ...]
    language: str

    def decided(self, column: str, use: str) -> "Suggestion":
        """With what a person said of one column."""
        columns = [
            ColumnSuggestion(column, use, one.type if use == one.use else "text", one.choices if use == one.use else {})
            if one.column == column
            else one
            for one in self.columns
        ]
        return replace(self, columns=tuple(columns))


def is_target(text: str) -> bool:
    return text in _OWN_TARGETS or _TARGET.fullmatch(text) is not None


def suggest(header: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, KnownField] | None) -> Suggestion:
    """`rows`: the first ones. `known`: by path; None: no playbook could be read, so nothing is known of it."""
    names = [name.strip() for name in header]
    language = "ja" if any(not cell.isascii() for row in [names, *rows] for cell in row) else "en"
    sampled = [Sampled.of(rows, number, language) for number in range(len(names))]
    columns = _Columns(names, sampled, known)
    seen = sorted({cell for one in sampled for cell in one.not_given})
    return Suggestion(columns.suggested(), ("", *seen), language)


class _Columns:
    """The best matches take their targets first: what a form calls a column, then common names, then its cells."""

    def __init__(
        self, names: Sequence[str], sampled: Sequence[Sampled], known: Mapping[str, KnownField] | None
    ) -> None:
        self._names, self._sampled, self._known = names, sampled, known
        self._fields = known or {}
        self._found: dict[int, ColumnSuggestion] = {}

    def suggested(self) -> tuple[ColumnSuggestion, ...]:
        for way in (self._own_columns, self._by_label, self._by_common_name, self._by_cells, self._by_words):
            for number in range(len(self._names)):
                if number not in self._found and (one := way(number)) is not None:
                    self._found[number] = one
        return tuple(self._found.get(number) or self._left_over(number) for number in range(len(self._names)))

    def _is_free(self, target: str) -> bool:
        return all(one.use != target for one in self._found.values())

    def _to(self, number: int, target: str, question: str = "") -> ColumnSuggestion | None:
        """The column as a value of the target; None when another column goes there."""
        if not self._is_free(target):
            return None
        column, cells = self._names[number], self._sampled[number]
        if target in _OWN_TARGETS:
            is_sure_id = target == EXTERNAL_ID and cells.is_unique
            return ColumnSuggestion(column, target, required=is_sure_id, question=question)
        known = self._fields.get(target)
        if known is None and self._known is not None and not question:
            question = Message(
                "no form, rule or condition knows `{target}`: declare it in `fields` of playbook.yaml, or ignore"
                " the column",
                target=target,
            )
        return _typed(column, target, cells, known, question)

    # -- ways, the best first ------------------------------------------------------------------------------------------

    def _own_columns(self, number: int) -> ColumnSuggestion | None:
        """As `sodate export` names them."""
        column = self._names[number]
        if column in OWN_COLUMNS or (column == EMAIL and AS_TYPED in self._names):
            return ColumnSuggestion(column, "ignore")
        if column == AS_TYPED:
            return self._to(number, EMAIL)
        if column.startswith("external_id."):
            return self._to(number, EXTERNAL_ID)
        return self._to(number, column) if _TARGET.fullmatch(column) else None

    def _by_label(self, number: int) -> ColumnSuggestion | None:
        name = plain_name(self._names[number])
        for path, one in self._fields.items():
            if name in {plain_name(label) for label in (*one.labels, path.partition(".")[2])}:
                return self._to(number, path if path != "primary.email" else EMAIL)
        return None

    def _by_common_name(self, number: int) -> ColumnSuggestion | None:
        column, cells = self._names[number], self._sampled[number]
        meaning = MEANING.get(plain_name(column))
        match meaning:
            case None:
                return None
            case "opt_out":
                return _opt_out(column, cells) if self._is_free(OPT_OUT) else None
            case "outcome":
                return _outcome(column, cells) if self._is_free(OUTCOME) else None
            case "consent":
                why = Message(
                    "a consent needs evidence: write `consent` with words, date, how and where (docs/import.md)"
                )
                return ColumnSuggestion(column, "ignore", question=why)
        target = _path_of(self._fields, meaning)
        if self._known is None or target in self._fields or target in _OWN_TARGETS or target in ALWAYS_TAKEN:
            return self._to(number, target)
        return ColumnSuggestion(column, "ignore", question=_unused(target))

    def _by_cells(self, number: int) -> ColumnSuggestion | None:
        cells = self._sampled[number]
        if cells.looks_like_addresses:
            return self._to(number, EMAIL, Message("the name does not say so, but the cells are mail addresses"))
        if cells.type == "phone":
            path = next((path for path, one in self._fields.items() if one.type == "phone"), "primary.phone")
            return self._to(number, path, Message("the name does not say so, but the cells are phone numbers"))
        matching = [path for path, one in self._fields.items() if one.choices and are_choices_of(cells, one)]
        if len(matching) == 1:
            return self._to(number, matching[0], Message("the name does not say so, but the cells are its choices"))
        return None

    def _by_words(self, number: int) -> ColumnSuggestion | None:
        """`Page Views Per Visit` has all words of `pages_per_visit`; `ご担当者フリガナ` contains `フリガナ`."""
        name = self._names[number]
        near = [
            path
            for path, one in self._fields.items()
            if self._is_free(path) and any(_is_near(name, own) for own in (*one.labels, path.partition(".")[2]))
        ]
        if len(near) != 1:
            return None
        return self._to(number, near[0], Message("the name is only near to `{target}`", target=near[0]))

    def _left_over(self, number: int) -> ColumnSuggestion:
        column, cells = self._names[number], self._sampled[number]
        slug = re.sub(r"[^a-z0-9]+", "_", fold(column)).strip("_")[:36]
        target = f"secondary.{slug if slug[:1].isalpha() else f'column_{number + 1}'}"
        numbered = (f"{target}_{number}" for number in count(2))
        target = next(name for name in chain([target], numbered) if self._is_free(name))
        if self._known is None:
            suggestion = _typed(column, target, cells, None, "")
            self._found[number] = suggestion
            return suggestion
        if cells.is_constant:
            return ColumnSuggestion(
                column, "ignore", question=Message("{question}; all cells seen are the same", question=_unused(target))
            )
        return ColumnSuggestion(column, "ignore", question=_unused(target))


def _path_of(fields: Mapping[str, KnownField], meaning: str) -> str:
    """The attribute of this playbook that has a label with the same meaning, or the usual one."""
    if meaning in fields or meaning in _OWN_TARGETS:
        return meaning
    for path, one in fields.items():
        if meaning in {MEANING.get(plain_name(label)) for label in (*one.labels, path.partition(".")[2])}:
            return path
    return meaning


def _is_near(name: str, label: str) -> bool:
    words, own = words_of(name), words_of(label)
    if (len(own) > 1 and own <= words) or (len(words) > 2 and words <= own):
        return True
    plain, other = plain_name(name), plain_name(label)
    return not other.isascii() and len(other) >= _SHORTEST_PART and other in plain


def _unused(target: str) -> str:
    return Message(
        "no form, rule or condition knows it (to keep it: `{target}`, declared in `fields` of playbook.yaml)",
        target=target,
    )


def _typed(column: str, target: str, cells: Sampled, known: KnownField | None, question: str) -> ColumnSuggestion:
    type_ = known.type if known is not None and known.type else cells.type or "text"
    if target == "primary.phone" and type_ == "text":
        type_ = "phone"
    if known is not None and known.choices and type_ == "choice":
        return _choice(column, target, cells, known, question)
    if type_ in ("choice", "list"):
        type_ = "text"
    is_other = cells.type not in ("", type_) and (type_, cells.type) != ("number", "bool")
    if type_ != "text" and is_other:
        question = question or Message(
            "`{target}` is of type {type}, and most of the cells do not look like it", target=target, type=type_
        )
    return ColumnSuggestion(column, target, type_, question=question)


def _choice(column: str, target: str, cells: Sampled, known: KnownField, question: str) -> ColumnSuggestion:
    """Labels become the stored values. Cells that are no choice stay as they are, and are asked about."""
    values, others = values_of(cells, known), others_than(cells, known)
    if others:
        question = question or Message(
            "not among the choices of `{target}`: {cells}", target=target, cells=_some(others)
        )
        return ColumnSuggestion(column, target, "text", question=question)
    if not values:
        return ColumnSuggestion(column, target, "text", question=question)
    every = {**{value: value for value in known.choices.values()}, **values}
    return ColumnSuggestion(column, target, "choice", every, question=question)


def _opt_out(column: str, cells: Sampled) -> ColumnSuggestion:
    said = [cell for cell in dict.fromkeys(cells.given) if fold(cell) in _STOPS]
    opposite = [_OPPOSITES[cell] for cell in sorted(cells.folded) if cell in _OPPOSITES]
    unknown = [cell for cell in dict.fromkeys(cells.given) if fold(cell) not in {*_STOPS, *_OPPOSITES, *_AGREES}]
    if said or opposite:
        why = ""
        if unknown:
            why = Message("does one of these mean too that nothing may be sent: {cells}?", cells=_some(unknown))
        return ColumnSuggestion(column, OPT_OUT, words=tuple(said or opposite), question=why)
    why = Message("which cells mean that nothing may be sent? Nothing in the first rows says so")
    return ColumnSuggestion(column, OPT_OUT, words=YES, question=why)


def _outcome(column: str, cells: Sampled) -> ColumnSuggestion:
    won = tuple(cell for cell in dict.fromkeys(cells.given) if fold(cell) in _WON)
    lost = tuple(cell for cell in dict.fromkeys(cells.given) if fold(cell) in _LOST)
    if not won and not lost:
        why = Message("which cells mean won, which lost? Write `activities` (docs/import.md)")
        return ColumnSuggestion(column, "ignore", question=why)
    why = Message("on which day? A column with the day is better: `at: {column: …}`")
    return ColumnSuggestion(column, OUTCOME, words=won, lost=lost, question=why)


def _some(cells: Sequence[str]) -> str:
    shown = ", ".join(cell if len(cell) <= 30 else f"{cell[:29]}…" for cell in list(cells)[:3])
    return f"{shown}{' …' if len(cells) > 3 else ''}"
