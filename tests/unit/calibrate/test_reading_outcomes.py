"""Any file ends in typed columns or in words that say what is wrong, where, and what to do."""

from pathlib import Path

import numpy as np
import pytest
from calibration.mapping import read_mapping
from calibration.outcomes import read_outcomes, snake
from sodate.errors import Invalid

from tests.support.history import history


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_same_columns_come_out_of_every_encoding(tmp_path: Path, encoding: str) -> None:
    sample = history(300)
    data = read_outcomes(sample.write(tmp_path / "h.csv", encoding), "won")
    industry, source, employees, *_ = data.columns
    assert [column.is_number for column in data.columns] == [False, False, True, True, True]
    assert set(industry.levels) == {"製造", "小売", "IT", "建設", "医療"}
    assert int((~source.given).sum()) == sum(row[1] == "" for row in sample.rows) > 0
    assert employees.path == "secondary.employees"
    assert data.won.tolist() == sample.won.tolist()


def test_values_that_production_folds_together_are_one(tmp_path: Path) -> None:
    sample = history(300).with_column("plan", ["Ｐｒｏ", "pro", "PRO"] * 100).with_column("seats", ["１,２００"] * 300)
    plan, seats = read_outcomes(sample.write(tmp_path / "h.csv"), "won").columns[-2:]
    assert len(plan.levels) == 1
    assert seats.is_number and seats.values[0] == 1200


def test_leads_that_are_still_open_and_rows_that_do_not_fit_are_left_out_with_a_note(tmp_path: Path) -> None:
    sample = history(300)
    sample.rows[0][-1] = ""
    sample.rows[1].append("one cell too many")
    data = read_outcomes(sample.write(tmp_path / "h.csv"), "won")
    assert len(data) == 298
    assert len(data.notes) == 2


def _text(*lines: str) -> bytes:
    return "\n".join(lines).encode()


GOOD = [f"{n % 7},{n % 2}" for n in range(300)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: a header"),
        (_text("a,won"), "no rows"),
        (_text("a,b", *GOOD), "no column 'won'; say which one tells who was won: --target NAME (a, b)"),
        (_text("a,A,won", "1,2,0"), "two columns are named 'a'"),
        (_text("a,won", "1,0", "2,maybe"), "row 3, column 'won': 'maybe' is neither 1 (won) nor 0 (lost)"),
        (_text("a,won", *[f"{n},0" for n in range(300)]), "every lead was lost"),
        (_text("a,won", *GOOD[:100]), "too little to learn from; at least 200 leads with 30 won"),
        (_text("a,won", *[f"{n},{int(n < 29)}" for n in range(300)]), "29 won: too little"),
        ("a,won\nあ,1\n".encode() + "い,0\n".encode("cp932") + b"\x81\xff\n", "neither UTF-8 nor CP932 throughout"),
    ],
)
def test_a_wrong_file_is_rejected_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(content)
    with pytest.raises(Invalid) as error:
        read_outcomes(path, "won")
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_is_rejected_in_words(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        read_outcomes(tmp_path / "none.csv", "won")


def test_a_mapping_names_the_attributes_and_reads_their_cells(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "source: crm\nnot_given: ['-']\ncolumns:\n  業種: primary.industry\n  key: external_id\n"
        "  mail: {to: secondary.mail_ok, type: bool}\n  rank: {to: secondary.size, choices: {L: large}}\n"
    )
    sample = history(300).with_column("key", [str(n) for n in range(300)])
    sample = sample.with_column("mail", ["はい", "いいえ", "-"] * 100).with_column("rank", ["L", "S", "-"] * 100)
    data = read_outcomes(sample.write(tmp_path / "h.csv"), "won", read_mapping(mapping))
    assert [column.path for column in data.columns] == ["primary.industry", "secondary.mail_ok", "secondary.size"]
    _, mail, rank = data.columns
    assert set(mail.levels) == {"True", "False"}, "as the profile's booleans read when rules compare them"
    assert set(rank.levels) == {"large", "S"}
    assert not mail.given[2] and not rank.given[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [("columns: [", "line"), ("a: 1", "a mapping has `columns`"), ("columns:\n  nope: secondary.x\n", "has not")],
)
def test_a_wrong_mapping_is_rejected_in_words(tmp_path: Path, content: str, words: str) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(content)
    with pytest.raises(Invalid, match=words):
        read_outcomes(history(300).write(tmp_path / "h.csv"), "won", read_mapping(mapping))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Total Time Spent on Website", "total_time_spent_on_website"),
        ("TotalVisits", "total_visits"),
        ("2nd  Visit!", "nd_visit"),
        ("業種", ""),
        ("What matters most to you in choosing a course", "what_matters_most_to_you_in_choosing_a_c"),
    ],
)
def test_names_become_attribute_names(name: str, path: str) -> None:
    assert snake(name) == path


def test_columns_without_a_latin_name_get_different_attributes(tmp_path: Path) -> None:
    paths = [column.path for column in read_outcomes(history(300).write(tmp_path / "h.csv"), "won").columns]
    assert len(set(paths)) == len(paths)
    assert np.all([path.startswith("secondary.") for path in paths])
