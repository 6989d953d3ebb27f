"""What goes back to ad platforms: who may be sent, with which ids, in which format."""

import csv
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from sodate.campaigns.conversion import (
    Conversion,
    ConversionState,
    Recipient,
    Row,
    SetAside,
    google_csv,
    hashed,
    meta_event,
    meta_lines,
    row_of,
)
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
    assert hashed(" Taro@Example.JP ") == hashlib.sha256(b"taro@example.jp").hexdigest()


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
