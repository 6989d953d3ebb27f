"""A history of leads whose true chances are known: what a learner could reach at best can be computed."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calibration.table import Floats

INDUSTRIES = ("製造", "小売", "IT", "建設", "医療")
SOURCES = ("検索", "広告", "展示会", "紹介", "")


@dataclass(frozen=True)
class History:
    """`chance` is the truth behind `won`."""

    header: list[str]
    rows: list[list[str]]
    chance: Floats
    won: Floats

    def write(self, path: Path, encoding: str = "utf-8") -> Path:
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([self.header, *self.rows])
        return path

    def with_column(self, name: str, cells: list[str]) -> "History":
        rows = [[*row, cell] for row, cell in zip(self.rows, cells, strict=True)]
        return History([*self.header, name], rows, self.chance, self.won)


def history(leads: int = 2500, seed: int = 7, harder: float = 0.0) -> History:
    """Minutes on the site from 15 on, 紹介 and 製造 with 300 employees or more help, 広告 hurts; the rest is noise."""
    random = np.random.default_rng(seed)
    industry = random.integers(0, len(INDUSTRIES), leads)
    source = random.choice(len(SOURCES), leads, p=(0.35, 0.3, 0.1, 0.1, 0.15))
    employees = np.round(np.exp(random.uniform(1, 8, leads)))
    minutes = np.round(random.exponential(12, leads), 1)
    noise = np.round(random.normal(0, 1, leads), 3)
    large_maker = (industry == 0) & (employees >= 300)
    log_odds = -2 - harder + 1.8 * (minutes >= 15) + 2.2 * (source == 3) - 1.2 * (source == 1) + 2.5 * large_maker
    chance = 1 / (1 + np.exp(-log_odds))
    won = (random.random(leads) < chance).astype(np.float64)
    columns = (
        [INDUSTRIES[code] for code in industry],
        [SOURCES[code] for code in source],
        [f"{number:.0f}" for number in employees],
        [str(number) for number in minutes],
        [str(number) for number in noise],
        [f"{one:.0f}" for one in won],
    )
    header = ["業種", "流入元", "employees", "minutesOnSite", "noise", "won"]
    return History(header, [list(row) for row in zip(*columns, strict=True)], chance, won)
