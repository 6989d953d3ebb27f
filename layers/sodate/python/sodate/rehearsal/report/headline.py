"""The first lines of a report: what was rehearsed, and the figures that matter most. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sodate.rehearsal.report.catalogs import Catalog, shown


@dataclass(frozen=True)
class Headline:
    """`figures`: each with its words, which follow it."""

    title: str
    people: str
    figures: tuple[tuple[str, str], ...]


def headline(document: Mapping[str, Any], catalog: Catalog) -> Headline:
    days = list(document["emails"]["by_day"])
    length = (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1
    about = {"people": document["people"]["all"], "days": length, "seed": str(document["seed"])}
    return Headline(
        catalog.text("page", "title", first=days[0], last=days[-1]),
        catalog.text("page", "for", time_zone=document["time_zone"], **about),
        tuple((shown(value), text) for value, text in _figures(document, catalog)),
    )


def _figures(document: Mapping[str, Any], catalog: Catalog) -> Iterator[tuple[int | str, str]]:
    people, emails, cost, sales = (document[name] for name in ("people", "emails", "cost", "sales"))
    yield people["confirmed"], catalog.text("figure", "confirmed", arrived=people["arrived"])
    yield emails["all"], catalog.text("figure", "emails")
    yield emails["opt_in"], catalog.text("figure", "opt_in")
    if emails["busiest_day"] is not None:
        day, hour = emails["busiest_day"], emails["busiest_hour"]
        yield day["emails"], catalog.text("figure", "busiest_day", day=day["day"])
        yield hour["emails"], catalog.text("figure", "busiest_hour", hour=hour["hour"])
    yield f"{cost['usd']:,.2f}", catalog.text("figure", "usd", emails=cost["emails"])
    yield sum(sum(days.values()) for days in sales["signals"].values()), catalog.text("figure", "signals")
    yield sum(sum(days.values()) for days in sales["calls"].values()), catalog.text("figure", "calls")
    yield sum(people["opt_outs"].values()), catalog.text("figure", "opt_outs")
