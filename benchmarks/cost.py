"""Counted quantities times a dated price list: what a million mails cost besides SES, line by line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).parent / "prices"
MODELS = ("a_la_carte", "essentials")


@dataclass(frozen=True)
class Line:
    """`quantity` is per mail, in units of the price named `price` (a million of them, a thousand, a GB)."""

    name: str
    price: str
    quantity: float


@dataclass(frozen=True)
class Prices:
    date: str
    region: str
    usd: dict[str, float]
    uncertain: frozenset[str]
    latency_ms: dict[str, float]

    def of_a_million(self, line: Line) -> float:
        """Dollars for a million mails."""
        per = {"million": 1.0, "thousand": 1e3, "second": 1e6, "gb": 1e6 / 1e9}[line.price.rpartition("_")[2]]
        return line.quantity * per * self.usd[line.price]


def prices(region: str, date: str | None = None) -> Prices:
    """The newest file unless a date is given."""
    path = PRICES / f"{date}.json" if date else max(PRICES.glob("*.json"))
    document = json.loads(path.read_text())
    listed = document["regions"][region]
    return Prices(
        date=document["date"],
        region=region,
        usd={name: entry["usd"] for name, entry in listed.items()},
        uncertain=frozenset(name for name, entry in listed.items() if not entry["certain"]),
        latency_ms={name: value for name, value in document["assumed_latency_ms"].items() if name != "note"},
    )


def regions() -> list[str]:
    return sorted(json.loads(max(PRICES.glob("*.json")).read_text())["regions"])


def bill(lines: list[Line], region: str) -> dict[str, Any]:
    """The total, its share of both SES prices, and the lines, dearest first."""
    listed = prices(region)
    found = {line.name: round(listed.of_a_million(line), 4) for line in lines}
    total = sum(found.values())
    ses = {model: listed.usd[f"ses_{model}_thousand"] * 1000 for model in MODELS}
    return {
        "usd_per_million": round(total, 3),
        "share_of_ses": {model: round(total / price, 4) for model, price in ses.items()},
        "lines": dict(sorted(found.items(), key=lambda entry: -entry[1])),
        "uncertain": sorted({line.name for line in lines if line.price in listed.uncertain}),
        "prices": listed.date,
    }
