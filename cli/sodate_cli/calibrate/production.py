"""The production fold on rows of the history: for comparing with the live rule set, and to prove that both agree."""

from collections.abc import Iterator

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
    """As an import with the same mapping would store them: numbers as numbers, texts as typed."""
    for row in range(len(data)):
        profile = Profile(lead_id=str(row), mailbox="", address="", language="ja")
        groups = {"primary": profile.primary, "secondary": profile.secondary, "source": profile.source}
        for column in data.columns:
            group, _, name = column.path.partition(".")
            if (value := _value(column, row)) is not None:
                groups[group][name] = value
        yield profile


def _value(column: Column, row: int) -> float | str | None:
    value = float(column.values[row])
    if np.isnan(value):
        return None
    if not column.is_number:
        return column.levels[int(value)]
    return int(value) if value == int(value) else value
