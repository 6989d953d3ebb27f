"""Reports of ad platforms as people export them, and what is hostile in them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.campaigns.ad_cost import AdCostRecord, ad_spend, known_costs
from sodate.campaigns.ad_cost_file import AdCostFile, read_ad_costs
from sodate.campaigns.ad_numbers import NotANumber, count_of, day_of, micros_of
from sodate.errors import Invalid
from sodate.money import Money

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOGLE_JA = """検索キーワード レポート
2026年10月1日～2026年10月31日
日,キャンペーン,広告グループ,検索キーワード,通貨コード,表示回数,クリック数,クリック率,費用
2026-10-01,秋_資料請求,資料,"[リード 育成]",JPY,"1,234",56,4.54%,"12,345"
2026-10-01,秋_資料請求,資料, --,JPY,0,0, --,0
2026-10-02,秋_資料請求,資料,MA ツール,JPY,１２３,４,3.25%,￥１，０００
合計: アカウント, --, --, --,JPY,"1,357",60,4.4%,"13,345"
"""
GOOGLE_EN = (
    "Search keyword report\r\n\"October 1, 2026 - October 31, 2026\"\r\n"
    "Day\tCampaign\tAd group\tSearch keyword\tCurrency code\tImpr.\tClicks\tCTR\tCost\r\n"
    "Oct 1, 2026\tautumn\tmaterials\t\"lead nurturing\"\tUSD\t1,000\t20\t2.00%\t12.34\r\n"
    "2026-10-02\tautumn\tmaterials\tlead nurturing\tUSD\t --\t --\t --\t0.66\r\n"
    "Total: Account\t --\t --\t --\tUSD\t1,000\t20\t2.00%\t13.00\r\n"
)  # fmt: skip
YAHOO = """日,キャンペーン名,広告グループ名,キーワード,インプレッション数,クリック数,コスト
2026/10/1,秋_資料請求,資料,リード育成,500,10,"2,500"
2026/10/1,秋_資料請求,資料,㈱メール配信,30,1,300
合計,,,,530,11,"2,800"
"""


def read(text: str | bytes, platform: str = "google", currency: str | None = None) -> AdCostFile:
    return read_ad_costs(text.encode() if isinstance(text, str) else text, platform, currency, NOW)


def test_a_japanese_google_report_with_title_totals_dashes_and_full_width_digits() -> None:
    file = read(b"\xef\xbb\xbf" + GOOGLE_JA.encode())
    assert (file.rows, file.problems, file.totals_differ) == (3, [], False)
    assert {one.term: (one.day, one.impressions, one.clicks, one.cost_micros) for one in file.records} == {
        "リード 育成": (date(2026, 10, 1), 1234, 56, 12_345_000_000),
        "": (date(2026, 10, 1), 0, 0, 0),
        "ma ツール": (date(2026, 10, 2), 123, 4, 1_000_000_000),
    }


def test_an_english_google_report_in_utf_16_with_tabs() -> None:
    file = read(GOOGLE_EN.encode("utf-16"))
    assert (file.encoding, file.rows, file.problems, file.totals_differ) == ("utf-16", 2, [], False)
    assert ad_spend(file.records) == (Money("USD", 1300),)


def test_a_yahoo_report_in_cp932_has_no_currency_column() -> None:
    file = read(YAHOO.encode("cp932"), "yahoo", "JPY")
    assert (file.encoding, file.rows, file.totals_differ) == ("cp932", 2, False)
    assert sorted(one.keyword for one in file.records) == ["リード育成", "㈱メール配信"]


def test_cost_in_micros_and_columns_of_the_api() -> None:
    text = "segments.date,campaign.name,metrics.cost_micros,metrics.clicks\n2026-10-01,a,1234567,2\n"
    (one,) = read(text, currency="JPY").records
    assert (one.cost_micros, one.clicks, one.keyword) == (1_234_567, 2, "")


def test_rows_of_one_keyword_by_device_are_added_up() -> None:
    text = "day,campaign,device,clicks,cost\n2026-10-01,a,mobile,1,10.5\n2026-10-01,a,desktop,2,0.5\n"
    (one,) = read(text, currency="USD").records
    assert (one.clicks, one.cost_micros) == (3, 11_000_000)


def test_a_bad_row_is_reported_and_never_rejects_the_others() -> None:
    text = (
        "day,campaign,clicks,cost,currency\n"
        "2026-10-01,a,1,100,JPY\n"
        "10/01/2026,a,1,100,JPY\n"
        "2026-02-30,a,1,100,JPY\n"
        "2026-10-02,a,many,100,JPY\n"
        "2026-10-03,a,1,about 100,JPY\n"
        "2026-10-04,a,1,100,YEN\n"
        "2026-10-01,a,1,100,USD\n"
        "2026-10-05,a\n"
    )
    file = read(text)
    assert [one.line for one in file.problems] == [3, 4, 5, 6, 7, 8, 9]
    assert [one.day.day for one in file.records] == [1]


def test_a_campaign_that_is_called_total_is_no_row_of_totals() -> None:
    file = read("day,campaign,cost\n2026-10-01,Total branding,5\n", currency="JPY")
    assert [one.campaign for one in file.records] == ["Total branding"]


def test_a_file_that_was_cut_off_differs_from_its_totals() -> None:
    file = read(GOOGLE_JA.replace("2026-10-02,秋_資料請求,資料,MA ツール,JPY,１２３,４,3.25%,￥１，０００\n", ""))
    assert file.totals_differ


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"hello", b"\x81\x00\xff" * 10, "日,費用\n2026-10-01,1\n".encode()])
def test_a_file_that_is_no_report_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read(data, currency="JPY")
    assert "\n" not in str(refused.value)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    header = b"day,campaign,cost,clicks\n"
    for content in (data, header + data):
        try:
            read(content, currency="JPY")
        except Invalid:
            continue


def test_control_characters_and_lengths_of_names_are_bounded() -> None:
    file = read(f"day,campaign,keyword,cost\n2026-10-01,a\x07\u202eb,{'長' * 500},5\n", currency="JPY")
    (one,) = file.records
    assert (one.campaign, len(one.keyword)) == ("ab", 200)


@pytest.mark.parametrize(
    ("text", "micros"),
    [("1,234", 1_234_000_000), ("1,234.5", 1_234_500_000), ("1.234,50", 1_234_500_000), ("0,5", 500_000),
     ("12.34", 12_340_000), ("¥1,000", 1_000_000_000), (" --", 0), ("-5", -5_000_000), ("▲５", -5_000_000)],
)  # fmt: skip
def test_costs_are_read_in_the_forms_of_the_platforms(text: str, micros: int) -> None:
    assert micros_of(text) == micros


@pytest.mark.parametrize("text", ["12,34,56", "1.2.3", "１兆", "=1+1", "1e9", "9" * 16, "10,0000"])
def test_what_may_mean_two_numbers_is_no_number(text: str) -> None:
    with pytest.raises(NotANumber):
        micros_of(text)


def test_counts_and_days() -> None:
    assert (count_of("1,234"), count_of("--"), count_of("１２")) == (1234, 0, 12)
    assert {day_of(text) for text in ("2026-10-01", "2026/10/1", "2026年10月1日", "20261001", "Oct 1, 2026")} == {
        date(2026, 10, 1)
    }
    assert not any(day_of(text) for text in ("10/01/2026", "01.10.26", "", "2026-13-01", "1999-12-31"))


def test_a_correction_replaces_the_figure_from_its_own_time_on() -> None:
    def record(hour: int, cost: int) -> AdCostRecord:
        at = datetime(2026, 10, 5, hour, tzinfo=UTC)
        return AdCostRecord("google", date(2026, 10, 1), "a", "g", "k", 10, 1, cost, "JPY", at)

    records = [record(9, 200), record(3, 100)]
    assert [one.cost_micros for one in known_costs(records, datetime(2026, 10, 5, 9, tzinfo=UTC))] == [100]
    assert [one.cost_micros for one in known_costs(records, datetime(2026, 10, 5, 9, 1, tzinfo=UTC))] == [200]


def test_a_damaged_row_holds_up_no_other_whatever_is_wrong_with_it() -> None:
    """A quote that is never closed, and bytes of another encoding, as in files that were glued together."""
    text = '日,キャンペーン,費用\n2026-10-01,a,5\n2026-10-02,"b,6\n2026-10-03,c,7\n'
    file = read(text.encode() + b"2026-10-04,\xff\xff,8\n2026-10-05,e,9\n", currency="JPY")
    assert [one.line for one in file.problems] == [3, 5]
    assert [(one.day.day, one.cost_micros // 10**6) for one in file.records] == [(1, 5), (3, 7), (5, 9)]


@pytest.mark.parametrize("wrong", ["\ufffd", "\uf8f0"])
def test_a_row_in_a_wrong_encoding_is_refused_with_its_column_and_the_others_count(wrong: str) -> None:
    text = f"Day,Campaign,Cost,Currency code\n2026-10-01,{wrong}x,100,JPY\n2026-10-02,y,200,JPY\n"
    file = read(text.encode())
    (problem,) = file.problems
    assert (file.rows, problem.line) == (1, 2)
    assert problem.reason.startswith("column 2: ") and "UTF-8" in problem.reason
