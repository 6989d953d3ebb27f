"""mapping.yaml: each mistake is reported with its line, and no column of a file is left out by accident."""

import pytest
from sodate.activities.catalog import ActivityType
from sodate.imports.mapping import ImportedType, Mapping, check_header
from sodate.imports.mappingfile import MappingInvalid, read_mapping

GOOD = """\
source: crm
columns:
  メール: email
  会社名: {to: primary.company, required: true}
ignore: [備考]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(MappingInvalid) as error:
        read_mapping("m.yaml", text.encode())
    return [f"{p.line}:{p.field}: {p.message} {p.hint}" for p in error.value.problems]


def mapping() -> Mapping:
    return read_mapping("m.yaml", GOOD.encode())


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("primary.company", "primary.Company", 4, "is not written"),
        ("required: true", "requierd: true", 4, "unknown key"),
        ("メール: email", "メール: primary.company", 3, "two columns go to"),
        ("メール: email", "メール: primary.mail", 2, "who is this row"),
        ("source: crm", "source: My CRM", 1, "is not written"),
        ("source: crm", "source: crm\nzone: Mars/Base", 2, "no time zone"),
        ("source: crm", "source: crm\nas_of: 2026-13-01", 2, "no day"),
        ("{to: primary.company, required: true}", "{to: primary.company, type: choice}", 4, "choices"),
        ("ignore: [備考]", "ignore: [備考", 5, "`[` is opened and not closed"),
        ("source: crm", "source: crm\nactivities: [{type: mail_sent, at: {value: x}}]", 2, "not possible"),
        ("source: crm", "source: crm\nopt_out: {column: 拒否, any_of: []}", 2, "at least 1"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    messages = problems(GOOD.replace(old, new))
    assert any(message.startswith(f"{line}:") and words in message for message in messages), messages


def test_consent_needs_its_four_parts() -> None:
    text = f"{GOOD}consent:\n  topics: [news]\n  given: {{column: 同意}}\n  at: {{column: 同意日}}\n"
    assert {message.split(":")[1] for message in problems(text)} == {
        "consent.wording",
        "consent.method",
        "consent.where",
    }


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(MappingInvalid, match=r"m\.yaml:2"):
        read_mapping("m.yaml", b"source: crm\n\xff")


def test_columns_are_known_by_their_folded_names() -> None:
    assert check_header(mapping(), ["メール", "会社名", "備考"]) == []
    assert check_header(mapping(), ["ﾒｰﾙ", " 会社名 ", "備考"]) == []


def test_every_column_of_the_file_is_accounted_for() -> None:
    messages = {(p.column, p.hint) for p in check_header(mapping(), ["メール", "会社", "備考", "電話", "電話"])}
    assert messages == {
        ("会社名", "did you mean `会社`?"),
        ("電話", "map it, or write it under `ignore`"),
        ("電話", "rename one of them"),
    }


def test_imported_activities_are_of_the_types_that_rules_know() -> None:
    """The deals are known to the log; a rule for them is a matter of the rules."""
    assert set(ImportedType) - {"deal_won", "deal_lost"} <= set(ActivityType)
