"""The scoring engine on rows of the history: compares with the live rule set and verifies the learnt points."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from sodate.leads.lead import Profile
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.rules import RuleSet

from calibration.table import Column, Floats, Outcomes

#: The history has attributes only, which count the same at any time.
_NOW = datetime(2000, 1, 1, tzinfo=UTC)


def points(rules: RuleSet, data: Outcomes) -> Floats:
    """Total of each lead in production. The history has no activities, so activity rules give no points."""
    engine = ScoringEngine(rules)

    def total(profile: Profile) -> int:
        return engine.view(engine.replay(profile, (), _NOW), 0).total

    return np.array([total(profile) for profile in profiles(data)], dtype=np.float64)


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
