"""The one document of a rehearsal. Text, page and difference are made from it, so they cannot disagree. Pure.

It consists of JSON values in a fixed order: the same figures give the same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sodate.email.reputation.guards import daily_ceiling
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.report.findings import CAPS, findings, kind_of
from sodate.rehearsal.report.scenario_figures import percent, scenario_figures
from sodate.rehearsal.sending_rate import SendingRate

FORMAT = 1
ASSUMED = (
    "What people do is assumed, not measured, also where rates were learnt from the log: every figure follows from"
    " `assumptions`. An enrollment is one passage of a person; a person who enters a scenario twice counts twice there."
)
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


def document(
    figures: Figures, definitions: Rehearsed, assumptions: Assumptions, span: tuple[datetime, datetime], seed: int
) -> dict[str, Any]:
    """`span`: first and last instant of the rehearsal."""
    titles, programs = definitions.titles, definitions.programs
    content: dict[str, Any] = {
        "format": FORMAT,
        "note": ASSUMED,
        "seed": seed,
        "begin": span[0].isoformat(),
        "end": span[1].isoformat(),
        "time_zone": figures.time_zone.key,
        "people": {
            "all": figures.people,
            "arrived": figures.arrived,
            "confirmed": figures.confirmed,
            "opt_outs": _sorted(figures.opt_outs),
        },
        "emails": _emails(figures, definitions, assumptions, span),
        "entries_over_the_limit": _sorted(figures.waiting),
        "deferred": _by_source(figures.deferred),
        "skipped": _by_source(figures.skipped),
        "cap_hits": _by_source(_cap_hits(figures)),
        "together": [
            {"scenarios": [one, other], "people": count}
            for (one, other), count in sorted(figures.overlaps.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        "scenarios": {
            name: scenario_figures(programs[name], figures, titles.get(name, "")) for name in sorted(programs)
        },
        "broadcasts": {
            one.id: {
                "title": one.title,
                "emails": figures.emails_of(one.id),
                "experiments": [*_experiments(figures, one.id)],
            }
            for one in sorted(definitions.broadcasts, key=lambda one: one.id)
        },
        "answers": _answers(figures.answers),
        "cost": _cost(figures, assumptions),
        "sales": _sales(figures),
        "assumptions": assumptions.model_dump(mode="json"),
    }
    return {**content, "look_at": findings(content)}


def _emails(
    figures: Figures, definitions: Rehearsed, assumptions: Assumptions, span: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Marketing emails; `opt_in` is apart. `at_most`: what quota and warm-up allow on the busiest day."""
    days = [day.isoformat() for day in _days(figures.day(span[0]), figures.day(span[1] - _INSTANT))]
    by_day = _series(days, {(day.isoformat(), source): count for (day, source), count in figures.sent.items()})
    hours = [f"{hour:02}" for hour in range(24)]
    by_hour = _series(hours, {(f"{hour:02}", source): count for (hour, source), count in figures.hours.items()})
    by_source = Counter[str]()
    for (_, source), count in figures.sent.items():
        by_source[source] += count
    day, hour = _busiest(by_day), _busiest(by_hour)
    return {
        "all": figures.emails,
        "opt_in": figures.opt_in_emails,
        "by_source": _sorted(by_source),
        "busiest_day": {"day": day[0], "emails": day[1], "at_most": _at_most(day[0], definitions, assumptions)}
        if day
        else None,
        "busiest_hour": {"hour": hour[0], "emails": hour[1]} if hour else None,
        "waited_for_ses": sum(count for (_, reason), count in figures.deferred.items() if reason == SendingRate.REASON),
        "by_day": by_day,
        "by_hour": by_hour,
    }


def _at_most(day: str, definitions: Rehearsed, assumptions: Assumptions) -> int:
    ceiling = daily_ceiling(definitions.mailing.warm_up, date.fromisoformat(day))
    quota = assumptions.sending.per_day
    return quota if ceiling is None else min(quota, ceiling)


def _answers(answers: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    """By template. Bounces are in percent of the emails sent, the others in percent of those delivered."""
    by_template: dict[str, Counter[str]] = {}
    for (_, template, answer), count in answers.items():
        by_template.setdefault(template, Counter())[answer] += count
    return {template: _answers_to(counted) for template, counted in sorted(by_template.items())}


def _answers_to(counted: Counter[str]) -> dict[str, Any]:
    sent, delivered = counted["delivered"] + counted["bounced"], counted["delivered"]
    later = ("opened", "clicked", "unsubscribed", "complained")
    return {
        "sent": sent,
        "delivered": delivered,
        "bounced": counted["bounced"],
        **{answer: counted[answer] for answer in later},
        "percent": {
            "bounced": percent(counted["bounced"], sent),
            **{answer: percent(counted[answer], delivered) for answer in later},
        },
    }


def _experiments(figures: Figures, broadcast: str) -> Iterator[dict[str, Any]]:
    """Of each run: how its variants were answered, and `outcome:variant` for those who waited; None: nobody waited."""
    runs = {(occurrence, variant) for source, occurrence, variant, _ in figures.variants if source == broadcast}
    for occurrence in sorted({occurrence for occurrence, _ in runs}):
        variants = {
            variant: {
                answer: figures.variants[broadcast, occurrence, variant, answer]
                for answer in ("delivered", "opened", "clicked")
            }
            for run, variant in sorted(runs)
            if run == occurrence
        }
        yield {"run": occurrence, "variants": variants, "decided": figures.decided.get((broadcast, occurrence))}


def _cost(figures: Figures, assumptions: Assumptions) -> dict[str, Any]:
    """What SES asks, opt-in emails included. Nothing else of AWS."""
    emails, per_thousand = figures.emails + figures.opt_in_emails, assumptions.sending.usd_per_thousand
    return {"emails": emails, "usd_per_thousand": per_thousand, "usd": round(emails * per_thousand / 1000, 4)}


def _sales(figures: Figures) -> dict[str, Any]:
    """The busiest day is the one with the most signals and calls together, the first such day."""
    owners = sorted({owner for _, owner in (*figures.signals, *figures.calls)})
    return {
        "signals": {owner: _of_owner(figures.signals, owner) for owner in owners},
        "calls": {owner: _of_owner(figures.calls, owner) for owner in owners},
        "busiest_day": {owner: _busiest_day_of(figures, owner) for owner in owners},
        "answers": _sorted(figures.sales_answers),
    }


def _of_owner(counter: Mapping[tuple[date, str], int], owner: str) -> dict[str, int]:
    return {day.isoformat(): count for (day, one), count in sorted(counter.items()) if one == owner and count}


def _busiest_day_of(figures: Figures, owner: str) -> dict[str, Any]:
    load = Counter[date]()
    for counter in (figures.signals, figures.calls):
        for (day, one), count in counter.items():
            load[day] += count if one == owner else 0
    day = min(load, key=lambda one: (-load[one], one))
    return {"day": day.isoformat(), "signals": figures.signals[day, owner], "calls": figures.calls[day, owner]}


# -- in a fixed order ------------------------------------------------------------------------------------------------


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _series(keys: list[str], counted: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Every key, also one without an email; source → emails."""
    series: dict[str, dict[str, int]] = {key: {} for key in keys}
    for (key, source), count in sorted(counted.items()):
        series[key][source] = count
    return series


def _busiest(series: Mapping[str, Mapping[str, int]]) -> tuple[str, int] | None:
    totals = {key: sum(by_source.values()) for key, by_source in series.items()}
    key = min(totals, key=lambda one: (-totals[one], one))
    return (key, totals[key]) if totals[key] else None


def _by_source(counter: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (source, reason), count in sorted(counter.items()):
        if count:
            found.setdefault(source, {})[str(reason)] = count
    return found


def _sorted(counter: Mapping[str, int]) -> dict[str, int]:
    return {str(key): count for key, count in sorted(counter.items()) if count}


def _cap_hits(figures: Figures) -> Counter[tuple[str, str]]:
    """Emails that a cap deferred, and those that it made too late."""
    hits = Counter[tuple[str, str]]()
    for counter in (figures.deferred, figures.skipped):
        hits.update({key: count for key, count in counter.items() if kind_of(key[1]) in CAPS})
    return hits
