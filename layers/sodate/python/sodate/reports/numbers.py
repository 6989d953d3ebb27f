"""Figures and days as people read them, in Japanese and English. The only place that turns a figure into text. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sodate.money import DIGITS
from sodate.reports.document import Cell, Figure, Period, Unit
from sodate.web.words import Words

_SIGNS = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
NOT_MEASURED = "–"


def shown(cell: Cell, words: Words) -> str:
    """`1,234`, `12.3%`, `¥1,200`, `2.5 days`; in words when it is not defined; a dash when it is not measured."""
    if isinstance(cell, str):
        return cell
    if cell is None or (cell.value is None and cell.reason is None):
        return NOT_MEASURED
    if cell.value is None:
        return words.text("not_defined", str(cell.reason))
    return _with_unit(cell.value, cell, words)


def shown_interval(figure: Figure, words: Words) -> str:
    """`8.1–17.2%`; empty without an interval."""
    if figure.interval is None:
        return ""
    low, high = figure.interval
    return words.text("unit", "percent", value=f"{_percent(low)}–{_percent(high)}")


def major(figure: Figure) -> int | float | None:
    """The value as a spreadsheet has it: money in yen and dollars, not in cents."""
    if figure.value is None or figure.unit is not Unit.MONEY:
        return figure.value
    digits = _digits(figure.currency)
    return round(figure.value / 10**digits, digits) if digits else round(figure.value)


def shown_day(day: date, words: Words) -> str:
    return words.text("page", "day", year=f"{day.year}", month=f"{day.month:02d}", day=f"{day.day:02d}")


def shown_period(period: Period, words: Words) -> str:
    return words.text(
        "page",
        "period",
        first=shown_day(period.first, words),
        last=shown_day(period.last, words),
        zone=period.time_zone,
    )


def shown_time(at: datetime, time_zone: str, words: Words) -> str:
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{shown_day(local.date(), words)} {local:%H:%M}"


def _with_unit(value: int | float, figure: Figure, words: Words) -> str:
    match figure.unit:
        case Unit.MONEY:
            return _money(value, figure.currency)
        case Unit.COUNT | Unit.NUMBER | Unit.POINTS:
            return _number(value, 0 if figure.unit is Unit.COUNT else 1)
        case Unit.PERCENT:
            return words.text("unit", "percent", value=_percent(value))
        case unit:
            return words.text("unit", str(unit), value=_number(value, 1))


def _money(value: int | float, currency: str) -> str:
    digits = _digits(currency)
    amount = f"{abs(value) / 10**digits:,.{digits}f}"
    sign = "-" if value < 0 and float(amount.replace(",", "")) else ""
    return f"{sign}{_SIGNS[currency]}{amount}" if currency in _SIGNS else f"{sign}{amount} {currency}".rstrip()


def _digits(currency: str) -> int:
    """Of an amount without a currency (a sum of nothing): none."""
    return DIGITS.get(currency, 2 if currency else 0)


def _percent(value: int | float) -> str:
    """`12.0`; below 0.1 with as many digits as it takes to show that it is not 0."""
    digits = 1
    while abs(value) >= 5e-5 and digits < 4 and not round(abs(value), digits):
        digits += 1
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not float(text.replace(",", "")) else text


def _number(value: int | float, digits: int) -> str:
    """`1,234`, `12.5`; a whole number has no point."""
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
