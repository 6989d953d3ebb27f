"""Amounts of money: whole numbers of a currency's smallest unit (ISO 4217), no floats, no sum of two currencies.

`parse_amount` reads what spreadsheets and people write (￥１２，０００, 1,234.50, 120万円); what could mean two
numbers is refused.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sodate.errors import Invalid
from sodate.messages import Message

#: Smallest units. A larger amount is a mistake of the source; sums of 10⁶ amounts stay exact in any client.
LARGEST = 10**15

# Active currencies of ISO 4217 by the number of digits after the decimal point. Without funds codes, metals and tests.
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DIGITS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
"""
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
#: Currency → digits after the decimal point.
DIGITS: dict[str, int] = {
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}
_SIGNS = {"¥": ("JPY", "CNY"), "円": ("JPY",), "$": (), "€": ("EUR",), "£": ("GBP",), "₩": ("KRW",)}
_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20}"
_NUMBER = re.compile(rf"(?P<minus>-?)(?P<whole>{_GROUPED})(?:\.(?P<part>[0-9]{{1,10}}))?")
_KANJI = re.compile(
    rf"(?:(?P<oku>{_GROUPED})億)?(?:(?P<man>(?:{_GROUPED})(?:\.[0-9]{{1,4}})?)万)?(?P<rest>{_GROUPED})?"
)
_MINUS = str.maketrans({"−": "-", "▲": "-", "△": "-", "‐": "-", "–": "-"})


@dataclass(frozen=True, order=True)
class Money:
    """`amount` in the currency's smallest unit: 1250 USD is 12.50 dollars, 1250 JPY is 1,250 yen."""

    currency: str
    amount: int

    def __str__(self) -> str:
        """`JPY 1,234`, `USD 12.50`."""
        return f"{self.currency} {amount_text(self.amount, self.currency)}"


def digits_of(currency: str) -> int:
    """Digits after the decimal point.

    Raises: `Invalid` for a code that ISO 4217 does not have.
    """
    digits = DIGITS.get(currency)
    if digits is None:
        raise Invalid(
            Message(
                "{currency!r} is no currency of ISO 4217; write a code such as JPY, USD, EUR", currency=currency[:10]
            ),
            "currency",
        )
    return digits


def amount_text(amount: int, currency: str) -> str:
    """`1,234`, `12.50`, with the digits of the currency."""
    digits = DIGITS.get(currency, 0)
    return f"{Decimal(amount).scaleb(-digits):,.{digits}f}"


def from_whole_units(units: int | Decimal | Fraction, currency: str) -> int:
    """`units` yen, dollars, … in the smallest unit, rounded half to even. Raises: `Invalid`, as `digits_of`."""
    factor: int = 10 ** digits_of(currency)
    return round(units * factor)


def parse_amount(text: str, currency: str) -> int:
    """The amount in the smallest unit; negative where it is written so.

    Raises: `Invalid` for text that is no amount of this currency: two readings, too many digits, another currency's
    sign, or more than `LARGEST`.
    """
    digits = digits_of(currency)
    plain = _without_signs(unicodedata.normalize("NFKC", text[:100]).translate(_MINUS), currency)
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    value = _kanji(plain) if "万" in plain or "億" in plain else _decimal(plain)
    if value is None:
        raise Invalid(
            Message("{text!r} is no amount; write digits, with or without commas: 1,234,000", text=text[:40]), "amount"
        )
    smallest = value.scaleb(digits)
    if smallest != smallest.to_integral_value():
        raise Invalid(
            Message(
                "{text!r}: {currency} has {digits} digits after the decimal point",
                text=text[:40],
                currency=currency,
                digits=digits,
            ),
            "amount",
        )
    if abs(smallest) > LARGEST:
        raise Invalid(
            Message("{text!r} is larger than any deal; look at the currency and the column", text=text[:40]), "amount"
        )
    return int(smallest)


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum per currency, by currency code: amounts of two currencies are never added."""
    totals: dict[str, int] = {}
    for one in amounts:
        totals[one.currency] = totals.get(one.currency, 0) + one.amount
    return tuple(Money(currency, total) for currency, total in sorted(totals.items()))


def _without_signs(text: str, currency: str) -> str:
    plain = re.sub(r"[\s\u3000]", "", text)
    for sign, currencies in _SIGNS.items():
        if sign in plain:
            if currencies and currency not in currencies:
                raise Invalid(
                    Message(
                        "{text!r} is written in another currency than {currency}; correct one of them",
                        text=text[:40],
                        currency=currency,
                    ),
                    "currency",
                )
            plain = plain.replace(sign, "", 1)
    upper = plain.upper()
    if upper.startswith(currency):
        return plain[len(currency) :]
    return plain[: -len(currency)] if upper.endswith(currency) else plain


def _decimal(text: str) -> Decimal | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return Decimal(f"{match['minus']}{match['whole'].replace(',', '')}.{match['part'] or '0'}")


def _kanji(text: str) -> Decimal | None:
    minus, text = text.startswith("-"), text.removeprefix("-")
    match = _KANJI.fullmatch(text)
    if match is None:
        return None
    units = (("oku", 10**8), ("man", 10**4), ("rest", 1))
    total = sum((Decimal((match[name] or "0").replace(",", "")) * unit for name, unit in units), Decimal(0))
    return -total if minus else total
