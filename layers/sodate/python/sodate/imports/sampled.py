"""What the first cells of a column look like. Pure; a guess for `--suggest`, never a judgement over a row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from sodate.errors import Invalid
from sodate.imports.cells import BadCell, clean, moment, number_of
from sodate.imports.known_fields import FieldType, KnownField
from sodate.imports.mapping import NO, YES
from sodate.leads.address import parse_address
from sodate.leads.phone import region_of, to_e164
from sodate.leads.text import digits, fold

#: Cells that mean "nothing was said" in exports of forms and other systems.
NOT_GIVEN = (
    "-", "--", "ー", "－", "―", "n/a", "na", "null", "none", "nil", "select", "please select", "未入力", "未選択",
    "未設定", "未回答", "選択してください", "なし(未回答)", "(空白)", "不明",
)  # fmt: skip
#: Of the given cells, how many must look alike.
_MOST = 0.9
#: More distinct values than this are no list of choices.
_MOST_CHOICES = 40


@dataclass(frozen=True)
class Sampled:
    """The cells of one column in the first rows. `language` decides how a phone number without a country is read."""

    cells: tuple[str, ...]
    language: str = "ja"

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]], number: int, language: str) -> "Sampled":
        return cls(tuple(_cleaned(row[number]) for row in rows if len(row) > number), language)

    @cached_property
    def given(self) -> tuple[str, ...]:
        return tuple(cell for cell in self.cells if cell and fold(cell) not in NOT_GIVEN)

    @cached_property
    def folded(self) -> frozenset[str]:
        return frozenset(map(fold, self.given))

    @property
    def not_given(self) -> frozenset[str]:
        """As written, the cells that say nothing."""
        return frozenset(cell for cell in self.cells if fold(cell) in NOT_GIVEN)

    @property
    def is_constant(self) -> bool:
        return len(self.folded) <= 1

    @property
    def is_unique(self) -> bool:
        return len(self.given) == len(self.cells) == len(set(self.given)) > 0

    @cached_property
    def type(self) -> FieldType:
        """`""` where the cells tell nothing."""
        if not self.given:
            return ""
        if self.folded <= {*YES, *NO}:
            return "bool"
        if self.looks_like_addresses:
            return "text"
        if self._most(_is_number):
            return "number"
        if self._most(_is_date):
            return "date"
        return "phone" if self._most(self._is_phone) else "text"

    @property
    def looks_like_addresses(self) -> bool:
        return self._most(_is_address)

    def _is_phone(self, cell: str) -> bool:
        plain = digits(cell)
        if not plain.startswith(("0", "+", "(")) or sum(map(str.isdigit, plain)) < 9:
            return False
        try:
            to_e164(plain, region_of(self.language))
        except Invalid:
            return False
        return True

    def _most(self, looks: Callable[[str], bool]) -> bool:
        return bool(self.given) and sum(map(looks, self.given)) >= len(self.given) * _MOST


def values_of(sampled: Sampled, field: KnownField) -> dict[str, str]:
    """Cell → stored value, of the cells that are values or labels of the field's choices."""
    found = {cell: field.choices.get(fold(cell), "") for cell in dict.fromkeys(sampled.given)}
    return {cell: value for cell, value in found.items() if value}


def others_than(sampled: Sampled, field: KnownField) -> list[str]:
    """Cells that are none of the field's choices."""
    return [cell for cell in dict.fromkeys(sampled.given) if fold(cell) not in field.choices]


def are_choices_of(sampled: Sampled, field: KnownField) -> bool:
    """Whether the cells alone say that this is the field: all are among its choices, and there are several."""
    words = sampled.folded
    return 2 <= len(words) <= _MOST_CHOICES and words <= field.choices.keys() and not words <= {*YES, *NO}


def _cleaned(cell: str) -> str:
    try:
        return clean(cell)
    except BadCell:
        return ""


def _is_number(cell: str) -> bool:
    plain = digits(cell)
    if plain.startswith("0") and plain[1:].isdecimal():  # an id, a postcode or a phone number
        return False
    try:
        number_of(cell)
    except BadCell:
        return False
    return True


def _is_date(cell: str) -> bool:
    try:
        moment(cell, ZoneInfo("UTC"))
    except BadCell:
        return False
    return True


def _is_address(cell: str) -> bool:
    if "@" not in cell and "＠" not in cell:
        return False
    try:
        parse_address(cell)
    except Invalid:
        return False
    return True
