"""Leaking columns are rejected by default, by name or by values."""

from pathlib import Path

import numpy as np
import pytest
from calibration.leakage import Screened, screen
from calibration.outcomes import read_outcomes
from sodate.errors import Invalid

from tests.support.history import History, history

LEADS = 1500


def screened(tmp_path: Path, sample: History, after: tuple[str, ...] = (), allow: tuple[str, ...] = ()) -> Screened:
    return screen(read_outcomes(sample.write(tmp_path / "h.csv"), "won"), after, allow)


def rejected(result: Screened) -> dict[str, str]:
    return {one.column: one.rule for one in result.rejected}


def test_what_was_known_before_is_allowed(tmp_path: Path) -> None:
    result = screened(tmp_path, history(LEADS))
    assert rejected(result) == {}
    assert result.allowed == ("業種", "流入元", "employees", "minutesOnSite", "noise")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Deal Stage", "outcome-name"),
        ("失注理由", "outcome-name"),
        ("closed_at", "outcome-name"),
        ("Lead Score", "other-score"),
        ("他社スコア", "other-score"),
        ("Lead Quality", "judgement-name"),
        ("Tags", "judgement-name"),
        ("見込み度", "judgement-name"),
        ("somethingElse", None),
        ("Discord server", None),
        ("Vintage", None),
    ],
)
def test_a_name_that_speaks_of_the_outcome_is_rejected(tmp_path: Path, name: str, rule: str | None) -> None:
    sample = history(LEADS).with_column(name, [str(n % 3) for n in range(LEADS)])
    assert rejected(screened(tmp_path, sample)).get(name) == rule


def test_a_column_that_is_too_good_alone_is_rejected(tmp_path: Path) -> None:
    sample = history(LEADS)
    random = np.random.default_rng(1)
    cells = ["a" if won != (random.random() < 0.1) else "b" for won in sample.won]
    assert rejected(screened(tmp_path, sample.with_column("x", cells))) == {"x": "too-good"}


def test_many_values_learnt_by_heart_are_not_too_good(tmp_path: Path) -> None:
    """Every value of a column of noise seems to foretell its own rows; other rows do not agree."""
    sample = history(LEADS)
    random = np.random.default_rng(1)
    cells = [f"v{random.integers(0, 500)}" for _ in range(LEADS)]
    assert rejected(screened(tmp_path, sample.with_column("x", cells))) == {}


def test_a_field_that_the_won_ones_have_was_filled_in_late(tmp_path: Path) -> None:
    sample = history(LEADS)
    random = np.random.default_rng(1)
    late = ["b" if random.random() < (0.6 if won else 0.2) else "" for won in sample.won]
    early = ["b" if random.random() < 0.4 else "" for _ in sample.won]
    result = screened(tmp_path, sample.with_column("x", late).with_column("y", early))
    assert rejected(result) == {"x": "filled-in-late"}


def test_traces_of_edits_are_rejected(tmp_path: Path) -> None:
    sample = history(LEADS).with_column("x", (["Modified"] + ["Opened"] * 9) * (LEADS // 10))
    assert rejected(screened(tmp_path, sample)) == {"x": "edit-trace"}


def test_identities_are_rejected_and_amounts_are_not(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    sample = history(LEADS).with_column("Prospect ID", [f"p-{n}" for n in range(LEADS)])
    sample = sample.with_column("serial", [str(10_000 - n) for n in range(LEADS)])
    sample = sample.with_column("revenue of last year", [str(n) for n in random.permutation(10**6)[:LEADS]])
    sample = sample.with_column("会社名", [f"会社{n // 2}" for n in range(LEADS)]).with_column("flag", ["No"] * LEADS)
    result = rejected(screened(tmp_path, sample))
    assert result.pop("revenue of last year") == "outcome-name", "revenue may be that of the deal: say --allow"
    assert result == {"Prospect ID": "identity", "serial": "identity", "会社名": "identity", "flag": "constant"}


def test_options_overrule_both_ways(tmp_path: Path) -> None:
    sample = history(LEADS).with_column("Lead Quality", ["a", "b", "c"] * (LEADS // 3))
    result = screened(tmp_path, sample, after=("employees",), allow=("lead quality",))
    assert rejected(result) == {"employees": "after"}
    assert "Lead Quality" in result.allowed
    assert [one.rule for one in result.suspects] == ["judgement-name"], "it is used, and the report goes on warning"


def test_a_name_that_the_file_has_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no column 'nope'"):
        screened(tmp_path, history(LEADS), after=("nope",))


def test_states_of_the_day_of_the_export_are_suspects(tmp_path: Path) -> None:
    sample = history(LEADS).with_column("Last Activity", ["a", "b", "c"] * (LEADS // 3))
    assert [(one.column, one.rule) for one in screened(tmp_path, sample).suspects] == [
        ("Last Activity", "suspect-snapshot")
    ]
