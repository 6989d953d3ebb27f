"""Companies from a CSV file: dry run first, the same file again changes nothing, a bad row is told with its field."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.companies import store
from sodate.companies.manage import Description, create
from sodate.dynamodb.table import Table
from sodate.errors import Invalid
from sodate.imports.row import Trouble
from sodate.intake.bytes import records_of
from sodate.intake.company_file import CompanyCounts, CompanyFile, CompanyIntake
from sodate.intake.company_row import CompanyMapping, MappedCompanies

from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NUMBERS = count(1)
HEADER = "会社ID,会社名,ホームページ,業種,都道府県,従業員数\n"
ROWS = (
    "C-1,株式会社例示,https://www.example.co.jp/about,製造業,東京都,１，２００名\n"
    "C-2,テスト商事,sub.trading.jp; trading.com,卸売,大阪府,\n"
)


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryTable]:
    memory = MemoryTable()
    Table("sodate-company-files", memory).use()
    yield memory


def run(
    text: str, *, apply: bool = True, source: str | None = "crm", encoding: str = "utf-8", mapping: object = None
) -> tuple[CompanyCounts, list[Trouble]]:
    data = text.encode(encoding)
    troubles: list[Trouble] = []
    known = CompanyMapping.model_validate(mapping) if mapping else None
    intake = CompanyIntake(source, NOW, lambda: f"N{next(NUMBERS)}", apply)
    found = records_of(lambda at: io.BytesIO(data[at:]), known.delimiter if known else None)
    return CompanyFile(MappedCompanies(known), intake, troubles.append).run(found.records), troubles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_companies_are_created_by_id_or_domain_whatever_the_encoding(encoding: str) -> None:
    counts, troubles = run(HEADER + ROWS, encoding=encoding)
    assert (counts.created, counts.refused, troubles) == (2, 0, [])
    one, other = sorted(store.companies(), key=lambda company: company.external["crm"])
    assert (one.name, one.domains, one.industry, one.region) == ("株式会社例示", ("example.co.jp",), "製造業", "東京都")
    assert (one.employees, other.employees, other.domains) == (1200, None, ("trading.jp", "trading.com"))
    assert store.owner_of_reference("crm", "C-1") == store.owner_of_domain("example.co.jp") == one.id


def test_the_same_file_again_changes_nothing_and_an_empty_cell_neither(memory: MemoryTable) -> None:
    run(HEADER + ROWS)
    before = dict(memory.items)
    counts, _ = run(HEADER + ROWS + "C-1,,,,,\n")
    assert (counts.unchanged, counts.created, counts.changed) == (3, 0, 0)
    assert dict(memory.items) == before


@given(st.permutations(["a,x.co.jp,一\n", "a,x.co.jp,二\n", "b,y.co.jp,三\n", ",z.jp,四\n", ",,五\n", "c,z.jp,四\n"]))
def test_a_dry_run_says_what_the_import_then_does_and_writes_nothing(rows: list[str]) -> None:
    memory = MemoryTable()
    Table("sodate-company-files", memory).use()
    text = "id,domain,name\n" + "".join(rows)
    planned = run(text, apply=False)
    assert not memory.items
    done = run(text)
    assert planned[0] == done[0]
    assert [(one.line, one.column) for one in planned[1]] == [(one.line, one.column) for one in done[1]]


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (",名無し,,,,", "id", "neither an id nor a domain"),
        ("C-9,x,gmail.com,,,", "domain", "free mail"),
        ("C-9,x,info@example.co.jp,,,", "domain", "no company's domain"),
        ("C-9,x,http://[::1,,,", "domain", "no company's domain"),
        ("C-9,x,co.jp,,,", "domain", "no company's domain"),
        ("C-9,x,localhost,,,", "domain", "no company's domain"),
        ("C-9,x,,,,約百名", "employees", "whole number"),
        ("C-9,x,,,,-5", "employees", "whole number"),
        ("C-9," + "長" * 201 + ",,,,", "name", "200 characters"),
        ("C" * 300 + ",x,,,,", "external", "source:id"),
        ("C-1,x,trading.jp,,,", "id", "merge them"),
    ],
)
def test_a_bad_row_is_refused_with_line_and_field_and_holds_up_no_other(row: str, field: str, says: str) -> None:
    run(HEADER + ROWS)
    for apply in (False, True):
        counts, (trouble,) = run(HEADER + row + "\nC-3,次,,,,\n", apply=apply)
        assert (trouble.line, trouble.column) == (2, field)
        assert says in trouble.reason
        assert counts.refused == 1 and counts.rows == 2


def test_an_id_is_of_a_system_and_a_second_id_of_one_system_is_refused() -> None:
    counts, (trouble,) = run("id,name\nC-1,x\n", source=None)
    assert (counts.refused, trouble.column) == (1, "id") and "--source" in trouble.reason
    create(Description({}, ["example.co.jp"], [("crm", "OLD")]), NOW, lambda: "K1")
    counts, (trouble,) = run(HEADER + ROWS.splitlines(keepends=True)[0])
    assert counts.refused == 1 and "OLD" in trouble.reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("name,業種\nx,y\n", "id or domain"),
        ("id,会社ID\nC-1,x\n", "two columns"),
        ("id,会社名,会社名\nC-1,x,y\n", "two columns `会社名`"),
        ("ID,name,ｉｄ\nC-1,x,C-2\n", "two columns"),
    ],
)
def test_a_file_whose_header_nobody_knows_is_refused_as_a_whole(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        run(text)


def test_a_mapping_names_the_columns_and_what_is_passed_over() -> None:
    mapping = {"source": "erp", "columns": {"コード": "id", "分類": "industry"}, "ignore": ["備考"], "delimiter": ";"}
    counts, _ = run("コード;分類;備考\nA1;小売;x\n", source="erp", mapping=mapping)
    assert counts.created == 1
    assert store.load_company(str(store.owner_of_reference("erp", "A1")))[0].industry == "小売"


@given(st.text(max_size=60))
def test_no_text_is_an_error_of_ours(text: str) -> None:
    Table("sodate-company-files", MemoryTable()).use()
    try:
        counts, troubles = run(f"id,domain,name,employees\nC-1,{text}\n", encoding="utf-8")
    except UnicodeEncodeError:
        return
    assert counts.rows == counts.created + counts.changed + counts.unchanged + counts.refused
    assert len(troubles) == counts.refused


def test_columns_that_nobody_knows_are_passed_over_and_named_once() -> None:
    reader = MappedCompanies(None)
    data = "id,備考,会社名,備考,担当\nC-1,a,例示,b,c\nC-2,,,,\n".encode()
    intake = CompanyIntake("crm", NOW, lambda: f"N{next(NUMBERS)}", apply=True)
    counts = CompanyFile(reader, intake, lambda trouble: None).run(records_of(lambda at: io.BytesIO(data[at:])).records)
    assert (counts.created, counts.refused, reader.passed_over) == (2, 0, ("備考", "担当"))


def test_a_mapping_is_told_of_a_column_that_the_file_has_twice() -> None:
    mapping = {"source": "erp", "columns": {"コード": "id"}, "ignore": ["備考"]}
    with pytest.raises(Invalid, match="two columns `コード`"):
        run("コード,備考,ｺｰﾄﾞ\nA1,x,A2\n", source="erp", mapping=mapping)
    assert run("コード,備考,備考\nA1,x,y\n", source="erp", mapping=mapping)[0].created == 1


def test_an_id_in_full_width_is_the_same_id() -> None:
    text = "id,name\nＣＲＭ１,一\nCRM1,二\n　CRM1 ,二\n"
    planned = run(text, apply=False)[0]
    counts, _ = run(text)
    assert (counts.created, counts.changed, counts.unchanged) == (1, 1, 1)
    assert planned == counts
    assert store.owner_of_reference("crm", "ＣＲＭ１") == store.owner_of_reference("crm", "CRM1") is not None


@pytest.mark.parametrize(
    ("cell", "domains"),
    [
        ("https://www.example.co.jp/a,b/c;d?x=1,2", ("example.co.jp",)),
        ("https://example.co.jp/a,b.html,https://example.com/c", ("example.co.jp", "example.com")),
        ("example.co.jp/a,www.example.com/b", ("example.co.jp", "example.com")),
        ("example.co.jp,example.com；trading.jp、other.jp", ("example.co.jp", "example.com", "trading.jp", "other.jp")),
        ("https://example.co.jp/go?to=https://example.com/", ("example.co.jp",)),
        ("ＥＸＡＭＰＬＥ．ｃｏ．ｊｐ，example.com,", ("example.co.jp", "example.com")),
    ],
)
def test_a_comma_in_the_path_of_a_url_divides_nothing(cell: str, domains: tuple[str, ...]) -> None:
    counts, troubles = run(f'id,domain\nC-1,"{cell}"\n')
    assert (counts.created, troubles) == (1, [])
    assert store.companies()[0].domains == domains


def test_what_a_wrong_encoding_has_left_is_refused_with_line_and_column() -> None:
    counts, (trouble,) = run("id,name\nC-1,株式\ufffd会社\nC-2,例示\n")
    assert (counts.created, trouble.line, trouble.column) == (1, 2, "name")
    assert "UTF-8" in trouble.reason
