"""Each deliberate mistake in a file of costs, activities, deals or companies, and in a period, is said with what to do.

Of a row also the line and, where the file has one, the column; in both languages.
"""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sodate.campaigns.ad_cost_file import read_ad_costs
from sodate.dynamodb.table import Table
from sodate.errors import SodateError
from sodate.imports.reader import BadRow
from sodate.imports.row import Trouble
from sodate.intake.bytes import records_of
from sodate.intake.company_file import CompanyFile, CompanyIntake
from sodate.intake.company_row import MappedCompanies
from sodate.intake.deal_file import DealFile
from sodate.intake.deals import DealIntake
from sodate.intake.leads import LeadFinder
from sodate.intake.mapping import ActivityMapping, DealMapping, MappedActivities, MappedDeals
from sodate.kpis.period import parse_period
from sodate.sales.definition import Deals
from sodate_cli.intake.files import mapping_from
from sodate_cli.languages import say_in

from tests.fakes.table import MemoryTable
from tests.unit.mistakes.test_playbooks import JAPANESE, QUOTED

NOW, TOKYO = datetime(2026, 11, 20, tzinfo=UTC), ZoneInfo("Asia/Tokyo")
COSTS = '日,キャンペーン,費用,通貨コード\n2026-10-01,秋の資料請求,"１，２３４",JPY\n'
ACTIVITIES = "メール,日時,セミナー\na@aoba.co.jp,2026/11/18 10:00,spring\n"
ACTIVITY_MAPPING = """\
source: webinar
type: seminar_attended
columns:
  メール: lead
  日時: at
  セミナー: about.seminar
"""
DEALS = '商談ID,金額,段階,予定日\nD-1,"¥1,200,000",proposal,2027-03-31\n'
DEAL_MAPPING = """\
source: crm
currency: JPY
columns:
  商談ID: id
  金額: amount
  段階: stage
  予定日: expected_close
"""
COMPANIES = "会社ID,会社名,ドメイン,従業員数\nC-1,青葉測器,aoba.co.jp,300名\n"

M = TypeVar("M", ActivityMapping, DealMapping)


class Said(NamedTuple):
    """`words`: in the message."""

    line: int
    column: str
    words: tuple[str, ...]


def costs(text: str, _: Path) -> Iterator[BadRow]:
    yield from read_ad_costs(text.encode(), "google", None, NOW).problems


def activities(text: str, folder: Path) -> Iterator[BadRow]:
    reader = MappedActivities(mapping(ACTIVITY_MAPPING, folder, ActivityMapping), TOKYO)
    for record in records_of(lambda at: io.BytesIO(text.encode()[at:]), ",").records:
        yield from (row for row in reader.read(record) if isinstance(row, BadRow))


def deals(text: str, folder: Path) -> Iterator[Trouble]:
    troubles: list[Trouble] = []
    intake = DealIntake("crm", "csv", Deals(), LeadFinder(b"secret"), NOW, lambda: "01KAZ3NDEKTSV4RRFFQ69G5FAV")
    reader = MappedDeals(mapping(DEAL_MAPPING, folder, DealMapping), TOKYO, NOW)
    DealFile(reader, intake, troubles.append).run(records_of(lambda at: io.BytesIO(text.encode()[at:]), ",").records)
    yield from troubles


def companies(text: str, _: Path) -> Iterator[Trouble]:
    troubles: list[Trouble] = []
    intake = CompanyIntake("crm", NOW, lambda: "01KAZ3NDEKTSV4RRFFQ69G5FAV", apply=True)
    found = records_of(lambda at: io.BytesIO(text.encode()[at:]), ",")
    CompanyFile(MappedCompanies(None), intake, troubles.append).run(found.records)
    yield from troubles


def mapping(text: str, folder: Path, model: type[M]) -> M:
    file = folder / "mapping.yaml"
    file.write_text(text, encoding="utf-8")
    return mapping_from(file, model)


def mapped_deals(text: str, folder: Path) -> Iterator[BadRow]:
    mapping(text, folder, DealMapping)
    yield from ()


def period(text: str, _: Path) -> Iterator[BadRow]:
    parse_period(text)
    yield from ()


Read = Callable[[str, Path], Iterator[BadRow | Trouble]]
GOOD: dict[Read, str] = {
    costs: COSTS, activities: ACTIVITIES, deals: DEALS, companies: COMPANIES, mapped_deals: DEAL_MAPPING,
    period: "2026-11",
}  # fmt: skip
WHOLE_FILE = 0
#: Reader, what is replaced in its good file, and what is said of it.
MISTAKES: dict[str, tuple[Read, tuple[str, str], Said]] = {
    "a cost with a word": (costs, ("１，２３４", "千円"), Said(2, "", ("'千円' is no cost", "1,234.56"))),
    "a day of a cost that does not exist": (
        costs,
        ("2026-10-01", "2026-13-01"),
        Said(2, "", ("'2026-13-01' is no day", "write 2026-10-01")),
    ),
    "a currency that nobody has": (costs, ("JPY", "YEN"), Said(2, "", ("'YEN'", "such as JPY"))),
    "a report without costs": (costs, ("費用", "表示"), Said(WHOLE_FILE, "", ("missing: cost", "export the report"))),
    "an activity of nobody": (
        activities,
        ("a@aoba.co.jp", "青山 花子"),
        Said(2, "メール", ("neither an address nor the id of a lead", "write one of them")),
    ),
    "an activity on a day that does not exist": (
        activities,
        ("2026/11/18", "2026/11/31"),
        Said(2, "日時", ("does not exist",)),
    ),
    "a column of activities that the mapping forgot": (
        activities,
        (",セミナー\n", ",セミナー,備考\n"),
        Said(WHOLE_FILE, "", ("does not know the column `備考`", "`ignore`")),
    ),
    "a column of activities that is not there": (
        activities,
        ("日時", "参加日時"),
        Said(WHOLE_FILE, "", ("no column `日時`", "it has メール, 参加日時", "correct `columns`")),
    ),
    "an amount with a word": (deals, ("¥1,200,000", "未定"), Said(2, "金額", ("'未定' is no amount", "1,234,000"))),
    "dollars in a file of yen": (
        deals,
        ("¥1,200,000", "€1,200"),
        Said(2, "currency", ("'€1,200'", "another currency than JPY", "correct one")),
    ),
    "an expected close that is no day": (
        deals,
        ("2027-03-31", "来月"),
        Said(2, "予定日", ("`expected_close`: not a date", "write it as")),
    ),
    "a stage that sales.yaml does not have": (
        deals,
        ("proposal", "提案中"),
        Said(2, "段階", ("'提案中' is no stage", "map the cell under `stages`")),
    ),
    "a deal without an id": (deals, ("D-1", ""), Said(2, "商談ID", ("a deal needs `id`", "fill it in"))),
    "a word for employees": (
        companies,
        ("300名", "三百"),
        Said(2, "employees", ("employees='三百'", "whole number such as 1,200")),
    ),
    "a domain that no company has": (
        companies,
        ("aoba.co.jp", "co.jp"),
        Said(2, "domain", ("'co.jp' is no company's domain", "write example.co.jp")),
    ),
    "a company of which nobody says which": (
        companies,
        ("C-1,青葉測器,aoba.co.jp", ",青葉測器,"),
        Said(2, "id", ("neither an id nor a domain", "fill in one of them")),
    ),
    "a mapping of deals with a misspelt target": (
        mapped_deals,
        ("金額: amount", "金額: amonut"),
        Said(WHOLE_FILE, "", ("mapping.yaml:5", "columns.金額", "did you mean `amount`?")),
    ),
    "a month that does not exist": (period, ("2026-11", "2026-13"), Said(WHOLE_FILE, "", ("'2026-13'", "that exists"))),
    "a month in words": (
        period,
        ("2026-11", "11月"),
        Said(WHOLE_FILE, "", ("'11月'", "write a period as 2026, 2026-Q4, 2026-11")),
    ),
}


@pytest.fixture(autouse=True)
def memory() -> None:
    Table("sodate-mistakes", MemoryTable()).use()


def said(read: Read, text: str, folder: Path) -> list[tuple[int, str, str]]:
    try:
        found = list(read(text, folder))
    except SodateError as error:
        return [(WHOLE_FILE, "", str(error))]
    return [(one.line, one.column if isinstance(one, Trouble) else one.field, one.reason) for one in found]


@pytest.mark.parametrize("read", GOOD)
def test_the_files_without_a_mistake_are_good(tmp_path: Path, read: Read) -> None:
    assert said(read, GOOD[read], tmp_path) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_exactly_the_mistake_is_said(tmp_path: Path, name: str) -> None:
    read, (old, new), expected = MISTAKES[name]
    assert old in GOOD[read]

    ((line, column, message),) = said(read, GOOD[read].replace(old, new, 1), tmp_path)

    assert (line, column) == expected[:2], message
    assert all(words in message for words in expected.words), message


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_said_in_japanese_too(tmp_path: Path, name: str) -> None:
    read, (old, new), _ = MISTAKES[name]

    for *_, message in said(read, GOOD[read].replace(old, new, 1), tmp_path):
        in_japanese = say_in("ja", message)

        assert in_japanese != message
        assert JAPANESE.search(QUOTED.sub("", in_japanese)), in_japanese
        assert not [english for english in (" is ", " the ", "write", " a ") if english in in_japanese], in_japanese
