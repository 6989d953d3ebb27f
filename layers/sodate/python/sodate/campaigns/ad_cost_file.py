"""Reads reports of ad platforms: Google Ads (Japanese, English; UTF-8, UTF-16 with tabs), Yahoo!広告 (CP932), others.

The header is found below title lines by the names of its columns, rows of totals are used to check the sum, and one
unreadable row never rejects the others. Pure.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from itertools import chain, islice

from sodate.campaigns.ad_cost import AdCostRecord
from sodate.campaigns.ad_numbers import NotANumber, count_of, day_of, micros_of
from sodate.errors import Invalid
from sodate.imports.cells import NOT_DECODED, SAVE_AS_UTF8
from sodate.imports.reader import BadRow, Record
from sodate.intake.bytes import records_of
from sodate.leads.text import fold
from sodate.messages import Message
from sodate.money import DIGITS

LARGEST_FILE = 64 * 1024 * 1024
_HEADER_WITHIN = 40
_MOST_PROBLEMS = 1000
_LONGEST = 200
#: Folded names of columns, as the platforms write them.
_COLUMNS: dict[str, frozenset[str]] = {
    "day": frozenset({"日", "日付", "日別", "day", "date", "segments.date"}),
    "campaign": frozenset({"キャンペーン", "キャンペーン名", "campaign", "campaign name", "campaign.name"}),
    "ad_group": frozenset({"広告グループ", "広告グループ名", "ad group", "ad group name", "ad_group", "ad_group.name"}),
    "keyword": frozenset(
        {"検索キーワード", "キーワード", "search keyword", "keyword", "keyword text", "ad_group_criterion.keyword.text"}
    ),
    "impressions": frozenset({"表示回数", "インプレッション数", "impr.", "impressions", "metrics.impressions"}),
    "clicks": frozenset({"クリック数", "clicks", "metrics.clicks"}),
    "cost": frozenset({"費用", "コスト", "ご利用額", "cost", "spend", "amount spent"}),
    "cost_micros": frozenset({"cost (micros)", "cost_micros", "metrics.cost_micros", "費用(マイクロ)"}),
    "currency": frozenset({"通貨コード", "通貨", "currency code", "currency", "customer.currency_code"}),
}
_TOTALS = ("合計", "総計", "小計", "total", "grand total", "sub total", "subtotal")
_NOTHING = frozenset({"", "-", "--", "—"})


@dataclass
class AdCostFile:
    """`totals_differ`: the file has totals, and none of them is the sum of its rows."""

    encoding: str
    records: list[AdCostRecord] = field(default_factory=list)
    problems: list[BadRow] = field(default_factory=list)
    rows: int = 0
    totals_differ: bool = False


def read_ad_costs(data: bytes, platform: str, currency: str | None, recorded_at: datetime) -> AdCostFile:
    """`currency`: of a file that does not say it. Rows of one day, campaign, ad group and keyword are added up:
    reports by device or match type have several.

    Raises: `Invalid` for a file without a header, without days, or too large.
    """
    if len(data) > LARGEST_FILE:
        raise Invalid(
            Message(
                "the file has {mebibytes} MiB, and the limit is 64; export fewer days at once",
                mebibytes=len(data) // 1024 // 1024,
            ),
            "file",
        )
    opened = records_of(lambda at: BytesIO(data[at:] if at else data), _delimiter(data))
    records = iter(opened.records)
    columns = _header(list(islice(_written(records), _HEADER_WITHIN)))
    reader = _Reader(platform, currency, recorded_at, columns.by_meaning, AdCostFile(opened.encoding))
    for record in chain(columns.below, _written(records)):
        reader.read(record)
    return reader.result()


def _written(records: Iterable[Record]) -> Iterator[Record]:
    return (one for one in records if one.cells is None or any(cell.strip() for cell in one.cells))


def _delimiter(data: bytes) -> str:
    """A report has tabs or commas, and title lines that may have neither."""
    head = data[:20_000]
    return "\t" if head.count(b"\t") > head.count(b",") else ","


@dataclass(frozen=True)
class _Header:
    """Columns by what they mean, and the records that were read below it."""

    by_meaning: dict[str, int]
    below: list[Record]


def _header(records: Sequence[Record]) -> _Header:
    best: dict[str, int] = {}
    for index, record in enumerate(records):
        columns = _columns(record.cells or ())
        if {"day", "campaign"} <= columns.keys() and ("cost" in columns or "cost_micros" in columns):
            return _Header(columns, list(records[index + 1 :]))
        best = max(best, columns, key=len)
    missing = [name for name in ("day", "campaign", "cost") if name not in best]
    raise Invalid(
        Message(
            "none of the first {most_lines} lines names the columns (missing: {missing}); export the report by day,"
            " with the columns Campaign and Cost",
            most_lines=_HEADER_WITHIN,
            missing=", ".join(missing),
        ),
        "file",
    )


def _columns(cells: Sequence[str]) -> dict[str, int]:
    names = [fold(cell.strip().strip("\ufeff")) for cell in cells]
    found: dict[str, int] = {}
    for meaning, known in _COLUMNS.items():
        index = next((index for index, name in enumerate(names) if name in known), None)
        if index is not None:
            found[meaning] = index
    return found


@dataclass
class _Reader:
    platform: str
    currency: str | None
    recorded_at: datetime
    columns: Mapping[str, int]
    file: AdCostFile
    sums: dict[tuple[date, str, str, str], list[int]] = field(default_factory=dict)
    currencies: dict[tuple[date, str, str, str], str] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)

    def read(self, record: Record) -> None:
        line, cells = record.line, record.cells
        if cells is None:
            self._problem(line, record.reason)
            return
        wrong = next((number for number, cell in enumerate(cells, 1) if NOT_DECODED.search(cell)), None)
        if wrong is not None:
            self._problem(line, Message("column {number}: {reason}", number=wrong, reason=SAVE_AS_UTF8))
            return
        given = {name: cells[index].strip() for name, index in self.columns.items() if index < len(cells)}
        try:
            day = day_of(given.get("day", ""))
            if day is None:
                self._without_day(line, cells, given)
                return
            self._add(day, given)
        except (NotANumber, Invalid) as error:
            self._problem(line, str(error))

    def result(self) -> AdCostFile:
        costs = sum(figures[2] for figures in self.sums.values())
        self.file.totals_differ = bool(self.totals) and costs not in self.totals and not self.file.problems
        self.file.records = [self._record(key, figures) for key, figures in sorted(self.sums.items())]
        return self.file

    def _without_day(self, line: int, cells: Sequence[str], given: Mapping[str, str]) -> None:
        if any(fold(cell).startswith(_TOTALS) for cell in cells):
            self.totals.append(self._cost(given))
        else:
            self._problem(
                line, Message("{day!r} is no day; write 2026-10-01 or 2026/10/01", day=given.get("day", "")[:40])
            )

    def _add(self, day: date, given: Mapping[str, str]) -> None:
        currency = self._currency(given)
        names = (_name(given.get(name, "")) for name in ("campaign", "ad_group", "keyword"))
        campaign, ad_group, keyword = names
        key = (day, campaign, ad_group, keyword)
        if self.currencies.setdefault(key, currency) != currency:
            raise Invalid(
                Message(
                    "{currency} and {other} for the same ad on the same day: two currencies are never added; import"
                    " one file per currency",
                    currency=currency,
                    other=self.currencies[key],
                )
            )
        impressions, clicks = count_of(given.get("impressions", "")), count_of(given.get("clicks", ""))
        cost = self._cost(given)
        figures = self.sums.setdefault(key, [0, 0, 0])
        for index, value in enumerate((impressions, clicks, cost)):
            figures[index] += value
        self.file.rows += 1

    def _currency(self, given: Mapping[str, str]) -> str:
        written = unicodedata.normalize("NFKC", given.get("currency", "")).strip().upper()
        currency = written if written not in _NOTHING else self.currency
        if currency is None:
            raise Invalid(Message("the file has no currency column; give --currency, for example --currency JPY"))
        if currency not in DIGITS:
            raise Invalid(
                Message(
                    "{currency!r} is no currency of ISO 4217; write a code such as JPY, USD, EUR",
                    currency=currency[:10],
                )
            )
        return currency

    def _cost(self, given: Mapping[str, str]) -> int:
        if "cost_micros" in given:
            return count_of(given["cost_micros"])
        return micros_of(given.get("cost", ""))

    def _record(self, key: tuple[date, str, str, str], figures: Sequence[int]) -> AdCostRecord:
        day, campaign, ad_group, keyword = key
        impressions, clicks, cost = figures
        return AdCostRecord(
            self.platform, day, campaign, ad_group, keyword, impressions, clicks, cost, self.currencies[key],
            self.recorded_at,
        )  # fmt: skip

    def _problem(self, line: int, reason: str) -> None:
        if len(self.file.problems) < _MOST_PROBLEMS:
            self.file.problems.append(BadRow(line, reason))


def _name(cell: str) -> str:
    """Without control characters; a dash is no name."""
    plain = "".join(one for one in unicodedata.normalize("NFC", cell) if unicodedata.category(one)[0] != "C")
    plain = plain.strip()[:_LONGEST]
    return "" if plain in _NOTHING else plain
