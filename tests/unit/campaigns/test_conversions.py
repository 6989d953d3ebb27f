"""What goes back to ad platforms: who may be sent, with which ids, in which format."""

import csv
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sodate.campaigns.attribution_rules import Upload
from sodate.campaigns.conversion import (
    Conversion,
    ConversionState,
    Platform,
    Recipient,
    Row,
    SetAside,
    hashed,
    row_of,
)
from sodate.campaigns.conversion_files import FILES, google_csv, meta_event, meta_lines
from sodate.money import Money

from tests.support.campaigning import day

WON = Conversion("google", "k1", "L1", "受注, 2026", day(30), Money("JPY", 1_234_000))
CLICKS = [
    (day(1), {"gclid": "Cj0-first"}),
    (day(20), {"gclid": "Cj0-last", "fbclid": "IwAR1"}),
    (day(31), {"gclid": "Cj0-after"}),
]
WHO = Recipient("Taro.Yamada+a@Gmail.com", False, False, CLICKS)


def kept(found: Row | SetAside) -> Row:
    assert isinstance(found, Row)
    return found


def reason(found: Row | SetAside) -> tuple[ConversionState, str]:
    assert isinstance(found, SetAside)
    return found.state, found.reason


def test_the_last_click_before_the_conversion_is_sent() -> None:
    row = kept(row_of(WON, WHO, day(31)))
    assert row.ids == {"gclid": "Cj0-last"} and row.clicked_at == day(20) and not row.hashed_email


def test_erased_leads_objections_and_old_conversions_are_never_sent() -> None:
    assert reason(row_of(WON, None, day(31))) == (ConversionState.WITHHELD, "erased")
    assert reason(row_of(WON, replace(WHO, is_blocked=True), day(31))) == (ConversionState.WITHHELD, "objected")
    assert reason(row_of(WON, WHO, day(30 + 90))) == (ConversionState.EXPIRED, "too_old")
    meta = replace(WON, platform="meta")
    assert reason(row_of(meta, WHO, day(30) + timedelta(days=6, seconds=1))) == (ConversionState.EXPIRED, "too_old")
    kept(row_of(meta, WHO, day(36)))


def test_an_address_is_hashed_only_with_consent() -> None:
    nameless = replace(WHO, clicks=[])
    assert reason(row_of(WON, nameless, day(31))) == (ConversionState.WITHHELD, "no_click_id_and_no_consent")
    row = kept(row_of(WON, replace(nameless, has_consent=True), day(31)))
    assert row.hashed_email == hashlib.sha256(b"taroyamada@gmail.com").hexdigest()
    assert hashed("Taro.Y+news@gmail.com", "meta") == hashlib.sha256(b"taro.y+news@gmail.com").hexdigest()
    assert hashed(" Taro@Example.JP ", "google") == hashlib.sha256(b"taro@example.jp").hexdigest()


def test_a_click_that_is_too_old_is_not_sent() -> None:
    old = replace(WHO, clicks=[(day(30) - timedelta(days=91), {"gclid": "Cj0-old"})])
    assert reason(row_of(WON, old, day(31)))[1] == "no_click_id_and_no_consent"


def test_the_file_for_google() -> None:
    lines = google_csv([kept(row_of(WON, WHO, day(31)))]).split("\r\n")
    assert lines[0] == "Parameters:TimeZone=+0000"
    header, row = csv.reader(lines[1:3])
    assert header == [
        "Google Click ID",
        "Conversion Name",
        "Conversion Time",
        "Conversion Value",
        "Conversion Currency",
        "Order ID",
    ]
    assert row == ["Cj0-last", "受注, 2026", "2026-10-30 15:00:00", "1234000", "JPY", "k1"]
    braid = kept(row_of(WON, replace(WHO, clicks=[(day(29), {"wbraid": "w-1"})]), day(31)))
    assert google_csv([braid]).splitlines()[1].endswith("Order ID,WBRAID")


def test_the_events_for_meta_are_one_document_per_line() -> None:
    meta = replace(WON, platform="meta", name="Won", money=Money("USD", 1250))
    row = kept(row_of(meta, replace(WHO, has_consent=True), day(31)))
    (line,) = meta_lines([row]).splitlines()
    event = json.loads(line)
    assert event == meta_event(row)
    assert event["user_data"]["fbc"] == f"fb.1.{int(day(20).timestamp() * 1000)}.IwAR1"
    assert (event["event_id"], event["event_time"]) == ("k1", int(day(30).timestamp()))
    assert event["custom_data"] == {
        "event_source": "crm",
        "lead_event_source": "Sodate",
        "value": "12.50",
        "currency": "USD",
    }


def test_the_file_for_yahoo_has_the_columns_of_its_template() -> None:
    """Times of Tokyo with their zone; the file is written in CP932."""
    won = replace(WON, platform="yahoo", name="受注", at=datetime(2026, 11, 20, 15, 4, 5, tzinfo=UTC))
    row = Row(won, {"yclid": "YSS.EAIaIQ-1"}, day(1))
    made, encoding = FILES["yahoo"]
    lines = (
        made([row, replace(row, conversion=replace(won, money=None))]).encode(encoding).decode("cp932").split("\r\n")
    )
    assert lines[0] == "YCLID,コンバージョン名,コンバージョン発生日時,1コンバージョンあたりの価値,通貨コード"
    assert lines[1] == "YSS.EAIaIQ-1,受注,20261121 000405 Asia/Tokyo,1234000,JPY"
    assert lines[2] == "YSS.EAIaIQ-1,受注,20261121 000405 Asia/Tokyo,,"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 4, 1, 18, 50, 54, tzinfo=UTC), "4/1/2026 6:50:54 PM"),
        (datetime(2026, 12, 31, 0, 5, 9, tzinfo=UTC), "12/31/2026 12:05:09 AM"),
        (datetime(2026, 12, 31, 12, 0, 0, tzinfo=UTC), "12/31/2026 12:00:00 PM"),
    ],
)
def test_the_file_for_microsoft_has_its_parameters_and_five_columns(at: datetime, shown: str) -> None:
    won = replace(WON, platform="microsoft", name="Won", at=at, money=Money("USD", 123_456))
    made, _ = FILES["microsoft"]
    lines = made([Row(won, {"msclkid": "abc123"}, day(1))]).split("\r\n")
    assert lines[0] == "Parameters:TimeZone=+0000"
    assert lines[1] == "Microsoft Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency"
    assert lines[2] == f"abc123,Won,{shown},1234.56,USD"


@pytest.mark.parametrize(("platform", "kind"), [("yahoo", "yclid"), ("microsoft", "msclkid")])
def test_platforms_that_know_clicks_only_get_no_address_even_with_consent(platform: Platform, kind: str) -> None:
    one = replace(WON, platform=platform)
    nameless = replace(WHO, has_consent=True)
    assert reason(row_of(one, nameless, day(31))) == (ConversionState.WITHHELD, "no_click_id_and_no_consent")
    row = kept(row_of(one, replace(nameless, clicks=[(day(20), {kind: "c1"})]), day(31)))
    assert (row.ids, row.hashed_email) == ({kind: "c1"}, "")


def test_a_name_that_the_file_cannot_hold_is_refused_in_the_playbook() -> None:
    on = {"activity": "deal_won"}
    assert Upload.model_validate({"id": "won", "on": on, "yahoo": "受注①", "microsoft": "Won"}).yahoo == "受注①"
    with pytest.raises(ValidationError, match="CP932"):
        Upload.model_validate({"id": "won", "on": on, "yahoo": "受注🎉"})
