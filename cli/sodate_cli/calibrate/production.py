"""The production fold on rows of the history: for comparing with the live rule set, and to prove that both agree."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sodate.leads.lead import Profile
from sodate.scoring.fold import score
from sodate.scoring.rules import RuleSet

from sodate_cli.calibrate.table import Column, Floats, Outcomes


def points(rules: RuleSet, data: Outcomes) -> Floats:
    """What production gives each lead for its attributes. The history knows no activities, so those rules give none."""
    return np.array([_points(rules, profile) for profile in profiles(data)], dtype=np.float64)


def _points(rules: RuleSet, profile: Profile) -> int:
    return score(profile, (), rules, was_hot=False).totals.total


def profiles(data: Outcomes) -> Iterator[Profile]:
    """As an import with the same mapping would store them: numbers as numbers, texts as typed, nothing for not given."""
    for row in range(len(data)):
        groups: dict[str, dict[str, Any]] = {"primary": {}, "secondary": {}, "source": {}}
        for column in data.columns:
            group, _, name = column.path.partition(".")
            if (value := _value(column, row)) is not None:
                groups[group][name] = value
        yield Profile(lead_id=str(row), mailbox="", address="", language="ja", **groups)


def _value(column: Column, row: int) -> float | str | None:
    if column.numbers is not None:
        number = float(column.numbers[row])
        return None if np.isnan(number) else int(number) if number == int(number) else number
    assert column.codes is not None
    code = int(column.codes[row])
    return None if code < 0 else column.levels[code]
