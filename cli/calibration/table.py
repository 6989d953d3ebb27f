"""Learning data: typed columns, one row per lead. Texts are folded, as in production."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """`name` as in the file, `path` as in rules. `values`: numbers, or indexes in `levels`; NaN: missing."""

    name: str
    path: str
    values: Floats
    levels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return not self.levels

    @property
    def given(self) -> Bools:
        return ~np.isnan(self.values)

    @property
    def codes(self) -> Ints:
        """For a text column: indexes in `levels`, -1 for missing."""
        return np.where(self.given, self.values, -1).astype(np.int64)

    def take(self, rows: Ints) -> "Column":
        return Column(self.name, self.path, self.values[rows], self.levels)


@dataclass(frozen=True)
class Outcomes:
    """Columns and the outcome of each lead (1 won, 0 lost). `notes`: remarks on the input for the report."""

    columns: tuple[Column, ...]
    won: Floats
    notes: tuple[str, ...] = ()

    def take(self, rows: Ints) -> "Outcomes":
        return Outcomes(tuple(column.take(rows) for column in self.columns), self.won[rows], self.notes)

    def only(self, names: set[str]) -> "Outcomes":
        return Outcomes(tuple(column for column in self.columns if column.name in names), self.won, self.notes)

    def __len__(self) -> int:
        return len(self.won)
