"""Files of conversions in the shape that each ad platform takes. Pure.

Columns after the platforms' own descriptions: docs/campaigns.md names them.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from sodate.campaigns.conversion import Platform, Row
from sodate.money import Money, amount_text

_TOKYO = ZoneInfo("Asia/Tokyo")


def google_csv(rows: Sequence[Row]) -> str:
    """Offline conversions of clicks. Columns that no row needs are left out, as the upload takes no empty ones."""
    columns = [*_GOOGLE]
    columns += [kind for kind in ("GBRAID", "WBRAID") if any(kind.lower() in row.ids for row in rows)]
    columns += ["Email"] if any(row.hashed_email for row in rows) else []
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["Parameters:TimeZone=+0000"])
    writer.writerow(columns)
    for row in rows:
        cells = _google_cells(row)
        writer.writerow([cells[column] for column in columns])
    return out.getvalue()


def meta_lines(rows: Sequence[Row]) -> str:
    """Events of the Conversions API for CRMs, one JSON document per line."""
    return "".join(f"{json.dumps(meta_event(row), ensure_ascii=False, sort_keys=True)}\n" for row in rows)


def meta_event(row: Row) -> dict[str, Any]:
    one, user = row.conversion, dict[str, Any]()
    if row.hashed_email:
        user["em"] = [row.hashed_email]
    if "fbclid" in row.ids and row.clicked_at is not None:
        user["fbc"] = f"fb.1.{int(row.clicked_at.timestamp() * 1000)}.{row.ids['fbclid']}"
    custom: dict[str, Any] = {"event_source": "crm", "lead_event_source": "Sodate"}
    if one.money is not None:
        custom |= {"value": _plain_amount(one.money), "currency": one.money.currency}
    return {
        "event_name": one.name,
        "event_time": int(one.at.timestamp()),
        "event_id": one.key,
        "action_source": "system_generated",
        "user_data": user,
        "custom_data": custom,
    }


def yahoo_csv(rows: Sequence[Row]) -> str:
    """Yahoo!広告, search: the columns of its template, all of them and in this order; times with their zone."""
    return _csv([_YAHOO, *(_yahoo_cells(row) for row in rows)])


def microsoft_csv(rows: Sequence[Row]) -> str:
    """Microsoft Advertising: the columns of its template and no other; times in UTC, as the first line says."""
    return _csv([["Parameters:TimeZone=+0000"], _MICROSOFT, *(_microsoft_cells(row) for row in rows)])


#: The file of a platform, and its encoding.
FILES: Mapping[Platform, tuple[Callable[[Sequence[Row]], str], str]] = {
    "google": (google_csv, "utf-8"),
    "meta": (meta_lines, "utf-8"),
    "yahoo": (yahoo_csv, "cp932"),
    "microsoft": (microsoft_csv, "utf-8"),
}
_GOOGLE = (
    "Google Click ID", "Conversion Name", "Conversion Time", "Conversion Value", "Conversion Currency", "Order ID",
)  # fmt: skip


def _google_cells(row: Row) -> dict[str, str]:
    one = row.conversion
    return {
        "Google Click ID": row.ids.get("gclid", ""),
        "Conversion Name": one.name,
        "Conversion Time": f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "Conversion Value": _plain_amount(one.money) if one.money is not None else "",
        "Conversion Currency": one.money.currency if one.money is not None else "",
        "Order ID": one.key,
        "GBRAID": row.ids.get("gbraid", ""),
        "WBRAID": row.ids.get("wbraid", ""),
        "Email": row.hashed_email,
    }


def _plain_amount(money: Money) -> str:
    return amount_text(money.amount, money.currency).replace(",", "")


_YAHOO = ["YCLID", "コンバージョン名", "コンバージョン発生日時", "1コンバージョンあたりの価値", "通貨コード"]
_MICROSOFT = ["Microsoft Click ID", "Conversion Name", "Conversion Time", "Conversion Value", "Conversion Currency"]


def _yahoo_cells(row: Row) -> list[str]:
    one = row.conversion
    at = f"{one.at.astimezone(_TOKYO):%Y%m%d %H%M%S} Asia/Tokyo"
    return [row.ids.get("yclid", ""), one.name, at, *_value_and_currency(one.money)]


def _microsoft_cells(row: Row) -> list[str]:
    one, at = row.conversion, row.conversion.at.astimezone(UTC)
    # 4/1/2026 6:50:54 PM: without leading zeros in month, day and hour.
    time = f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
    return [row.ids.get("msclkid", ""), one.name, time, *_value_and_currency(one.money)]


def _value_and_currency(money: Money | None) -> tuple[str, str]:
    return (_plain_amount(money), money.currency) if money is not None else ("", "")


def _csv(lines: Sequence[Sequence[str]]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()
