"""What the learner sees: typed columns, one row a lead. Values compare as the production rules compare them (folded)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """`numbers` (NaN: not given) or `codes` into `levels` (-1: not given); `name` as the file has it, `path` as rules do."""

    name: str
    path: str
    numbers: Floats | None = None
    codes: Ints | None = None
    levels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.numbers is not None

    @property
    def given(self) -> Bools:
        if self.numbers is not None:
            return ~np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes >= 0

    def as_numbers(self) -> Floats:
        """For the tree learner: the number, or the code of the text; NaN where nothing is given."""
        if self.numbers is not None:
            return self.numbers
        assert self.codes is not None
        return np.where(self.codes < 0, np.nan, self.codes.astype(np.float64))

    def take(self, rows: Ints) -> "Column":
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = None if self.codes is None else self.codes[rows]
        return Column(self.name, self.path, numbers, codes, self.levels)


@dataclass(frozen=True)
class Outcomes:
    """Columns and what became of each lead (1 won, 0 lost). `notes`: what a reader of the figures should know."""

    columns: tuple[Column, ...]
    won: Floats
    notes: tuple[str, ...] = ()

    def take(self, rows: Ints) -> "Outcomes":
        return Outcomes(tuple(column.take(rows) for column in self.columns), self.won[rows], self.notes)

    def only(self, names: set[str]) -> "Outcomes":
        return Outcomes(tuple(column for column in self.columns if column.name in names), self.won, self.notes)

    def __len__(self) -> int:
        return len(self.won)
