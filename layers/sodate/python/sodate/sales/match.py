"""Matches leads and their activities against the playbook. Pure; compared after text folding (ﾌﾞﾁｮｳ = ブチョウ)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sodate.leads.lead import Profile
from sodate.leads.text import fold
from sodate.sales.definition import Fit, Talk

Fact = Mapping[str, Any]


def fits(wanted: Fit, profile: Profile) -> bool:
    value = profile.attribute(wanted.attribute)
    values = [fold(str(item)) for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]
    if wanted.contains is not None:
        return any(fold(wanted.contains) in item for item in values)
    return any(fold(option) in values for option in wanted.any_of or ())


def first_talk(talks: Iterable[Talk], profile: Profile, reasons: Iterable[Fact], latest: Iterable[Fact]) -> Talk | None:
    reasons, latest = list(reasons), list(latest)
    return next((talk for talk in talks if _talk_fits(talk, profile, reasons, latest)), None)


def _talk_fits(talk: Talk, profile: Profile, reasons: list[Fact], latest: list[Fact]) -> bool:
    if talk.lead is not None and not fits(talk.lead, profile):
        return False
    if talk.category is not None and all(reason.get("category") != talk.category for reason in reasons):
        return False
    return talk.activity is None or any(_did(talk, fact) for fact in latest)


def _did(talk: Talk, fact: Fact) -> bool:
    link = talk.link_contains is None or talk.link_contains in str(fact.get("link", ""))
    return fact.get("type") == talk.activity and link and talk.form in (None, fact.get("form"))
