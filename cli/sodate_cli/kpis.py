"""`sodate kpi …`: figures of a scope and period, the funnel, and the comparison of the counters with a scan."""

from datetime import date
from typing import Annotated, Any

import typer
from sodate.errors import Invalid
from sodate.kpis import store
from sodate.kpis.catalog import COUNTED
from sodate.kpis.catalog_money import MONEY
from sodate.kpis.catalog_web import VISITORS
from sodate.kpis.definition import Kpi, Unit
from sodate.kpis.email_counts import ALL
from sodate.kpis.formula import NotDefined, Number, Ratio, Value
from sodate.kpis.funnel import FunnelStage
from sodate.kpis.period import Period, parse_period, today
from sodate.kpis.read import now_in, read, stays, visitors
from sodate.kpis.rebuild import rebuild
from sodate.kpis.scope_figures import ScopeFigures, read_scope
from sodate.kpis.scopes import has_visitors
from sodate.kpis.verify import Verified, verify
from sodate.messages import Message
from sodate.money import DIGITS
from sodate.playbook.store import Definitions
from sodate.reports.read_funnel import has_counters, read_funnel
from sodate.scoring.rescore import live_rules

from sodate_cli import output
from sodate_cli.labels import Labels
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="KPIs: figures from the counters, and their proof.", no_args_is_help=True)
ScopeArgument = Annotated[str, typer.Argument(help="all, or e.g. template:welcome, scenario:nurture, form:contact.")]
PeriodOption = Annotated[
    str | None, typer.Option("--period", help="2026, 2026-Q4, 2026-11, 2026-W48 or 2026-11-27; default: this month.")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, with --to instead of --period.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day.")]
MoneyOption = Annotated[bool, typer.Option("--money/--no-money", help="Costs and revenue: read their leads.")]
LanguageOption = Annotated[str, typer.Option("--language", help="ja or en: labels and definitions.")]


@app.command("show")
def show(
    scope: ScopeArgument = ALL,
    period: PeriodOption = None,
    first: FromOption = None,
    last: ToOption = None,
    language: LanguageOption = "ja",
    money: MoneyOption = True,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every KPI of a scope in a period, with its interval, the robots' share and the target.

    Costs and revenue are of `all` or of one campaign: their leads and deals are read, the rest comes from counters.
    Leads of a campaign are read with `--no-money` too. What the scope does not count has no value (`no_data`).

    Example: sodate kpi show template:welcome --period 2026-11
    """
    with explained():
        where = target(stage)
        if language not in ("ja", "en"):
            raise Invalid(Message("--language {language}: write ja or en", language=language))
        zone = _zone()
        chosen = _period(period, first, last, today(now(where), zone))
        definitions = Definitions()
        scoped = read_scope(definitions, scope, chosen, zone, now(where), money)
        figures = scoped.figures
        seen = visitors(scope, chosen) if figures.has_sessions and has_visitors(scope) else None
    rows = [_row(kpi, scoped, language) for kpi in (*COUNTED, VISITORS, *(MONEY if scoped.money is not None else ()))]
    next(row for row in rows if row["kpi"] == VISITORS.name).update(_visitors(seen))
    if as_json:
        output.show_json(
            {"scope": scope, "from": chosen.first, "to": chosen.last, "time_zone": zone, "kpis": rows,
             "counters": figures.counts}
        )  # fmt: skip
    else:
        columns = ("kpi", "label", "value", "currency", "interval", "robots", "target", "attainment")
        shown = [[_text(row[name]) for name in columns] for row in rows]
        output.show_table(f"{scope}, {chosen.first} – {chosen.last} ({zone})", columns, shown)


@app.command("funnel")
def show_funnel(
    scope: ScopeArgument = ALL,
    period: PeriodOption = None,
    first: FromOption = None,
    last: ToOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far the leads that came in a period have come: visitor, lead, MQL, SQL, deal, won.

    Visitors are another population than leads. `campaign:ID`, `segment:ID` and `owner:ID` read every lead.

    Example: sodate kpi funnel form:request-materials --period 2026-Q4
    """
    with explained():
        where = target(stage)
        chosen = _period(period, first, last, today(now(where), _zone()))
        reached = read_funnel(Definitions(), scope, chosen, _zone())
        is_counted = has_counters(scope)
        velocity = _number(read(scope, chosen).lead_velocity) if is_counted else None
        phases = _phases(scope) if is_counted else []
    rows = [_stage_row(one) for one in reached.stages]
    if as_json:
        document = {
            "scope": scope,
            "from": chosen.first,
            "to": chosen.last,
            "visitors": reached.visitors,
            "stages": rows,
        }
        output.show_json(document | {"lead_velocity": velocity, "phases": phases})
        return
    columns = ("stage", "reached", "rate", "lost", "hours")
    shown = [[_text(row[name]) for name in columns] for row in rows]
    if reached.visitors is not None:
        shown.insert(0, ["visitor", _text(reached.visitors), *("–" for _ in columns[2:])])
    output.show_table(
        Message("Funnel of {scope}, {first} – {last}", scope=scope, first=chosen.first, last=chosen.last),
        columns,
        shown,
    )
    if not is_counted:
        return
    output.say(Message("lead velocity (MQLs against the period before): {velocity} %", velocity=_text(velocity)))
    labels = Labels.of_stage()
    by_phase = [(labels.of("phase", one["phase"]), _text(one["leads_now"]), _text(one["mean_hours"])) for one in phases]
    output.show_table("Phases: leads now, mean time of completed stays", ("phase", "leads now", "mean hours"), by_phase)


@app.command("verify")
def verify_command(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Count everything from scratch (a scan of the table) and list where the counters differ.

    Changes of the last minutes are not added yet: they differ until then. Exit code 1 with a difference.

    Example: sodate kpi verify
    """
    with explained():
        target(stage)
        result = verify()
    _show_differences(result, as_json=as_json)
    if result.differences:
        raise typer.Exit(output.FAILED)


@app.command("rebuild")
def rebuild_command(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct counters that differ from a count from scratch. Run it while nothing is sent, and `verify` after it.

    Also after a changed time zone of the sender: days are then those of the new zone.

    Example: sodate kpi rebuild
    """
    with explained():
        where = target(stage)
        zone = _playbook_zone()
        result = verify(zone)
        if result.differences and not yes:
            output.confirm(
                Message("Correct {differences_count:,} counters?", differences_count=len(result.differences)),
                abort=True,
                err=True,
            )
        rounds = rebuild(result.differences, zone, now(where))
    document = {"corrected": len(result.differences), "rounds": rounds, "time_zone": zone}
    output.show_done(
        document,
        Message("{differences_count:,} counters corrected", differences_count=len(result.differences)),
        as_json=as_json,
    )


def _show_differences(result: Verified, *, as_json: bool) -> None:
    columns = ("scope", "which", "metric", "counted", "from_scratch")
    rows = [tuple(getattr(one, name) for name in columns) for one in result.differences]
    if as_json:
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        output.show_json({"items": result.items, "compared": result.compared, "differences": found})
        return
    nothing = Message(
        "{compared:,} counters of {items:,} items: no difference.", compared=result.compared, items=result.items
    )
    output.show_table("Differences", columns, rows[:200], nothing=nothing)


def _zone() -> str:
    return store.load_rounds().zone or _playbook_zone()


def _playbook_zone() -> str:
    return Times.of_stage().name


def _period(text: str | None, first: str | None, last: str | None, day: date) -> Period:
    if (first is None) != (last is None) or (text and first):
        raise Invalid(Message("give --period, or --from and --to together"))
    if first is None or last is None:
        return parse_period(text or f"{day:%Y-%m}")
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError as error:
        raise Invalid(
            Message("--from {first} --to {last}: write days of the calendar, as 2026-11-27", first=first, last=last),
            "period",
        ) from error


def _row(kpi: Kpi, scoped: ScopeFigures, language: str) -> dict[str, Any]:
    """Money is in yen or dollars, as in kpis.yaml, not in the smallest unit."""
    value, currency, goal = scoped.value(kpi), scoped.currency(kpi), scoped.target(kpi)
    interval = value.interval if isinstance(value, Ratio) and kpi.unit is not Unit.MONEY else None
    size = 10 ** DIGITS.get(currency, 0)
    return {
        "kpi": kpi.name,
        "label": kpi.label(language),
        "value": None if isinstance(value, NotDefined) else round(value.value / size, 2),
        "currency": currency or None,
        "why": getattr(value, "why", None),
        "unit": kpi.unit.value,
        "interval": [round(bound, 2) for bound in interval] if interval else None,
        "base": value.base if isinstance(value, Ratio) else None,
        "robots": _number(scoped.figures.robot_share(kpi)),
        "target": goal.value if goal else None,
        "attainment": _number(goal.attainment(value, currency)) if goal else None,
        "definition": kpi.meaning(language),
        "formula": kpi.formula(language),
        "version": kpi.version,
    }


def _visitors(seen: int | None) -> dict[str, Any]:
    """None: the scope counts none; `kpi funnel` reads those of a campaign by its definition."""
    return {"value": None, "why": "no_data"} if seen is None else {"value": float(seen)}


def _stage_row(one: FunnelStage) -> dict[str, Any]:
    minutes = _number(one.minutes)
    hours = None if minutes is None else round(minutes / 60, 1)
    return {"stage": one.stage, "reached": one.reached, "rate": _number(one.rate), "lost": one.lost, "hours": hours}


def _number(value: Value) -> float | None:
    """None: not defined."""
    return round(value.value, 2) if isinstance(value, Number | Ratio) else None


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return " – ".join(f"{bound:,.1f}" for bound in value)
    return f"{value:,.12g}" if isinstance(value, float | int) else str(value)


def _phases(scope: str) -> list[dict[str, Any]]:
    """Phases of the live rules: leads of the scope that are in each, and the mean time of completed stays."""
    counts, means = now_in(scope), stays(scope)
    rows = []
    for number, phase in enumerate(live_rules(Definitions()).rules.phases):
        mean = _number(means[number]) if number in means else None
        leads = int(counts.get(f"in_phase_{number}", 0))
        rows.append(
            {"phase": phase.id, "leads_now": leads, "mean_hours": None if mean is None else round(mean / 60, 1)}
        )
    return rows
