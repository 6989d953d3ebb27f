"""`sodate scenario rehearse`: the playbook played through with imagined people, before anybody gets an email."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sodate.messages import Message
from sodate.runtime import clock

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption

if TYPE_CHECKING:
    from sodate.authoring.check import Checked

    from sodate_cli.target import Target

HERE = Path()
_LONGEST = 730
_Scenarios = Annotated[
    list[str] | None, typer.Argument(help="Drafts and paused scenarios that take part as if published.")
]
_Playbook = Annotated[Path, typer.Option("--playbook", help="The directory that holds playbook.yaml.")]
_Leads = Annotated[
    Path | None, typer.Option("--leads", help="CSV of people: columns such as primary.title, form, time_zone, day.")
]


def _log_days(text: str) -> int:
    days = text.removesuffix("d")
    if not (days.isascii() and days.isdecimal() and 1 <= int(days) <= _LONGEST):
        raise typer.BadParameter(
            Message("{text!r}: write a number of days from 1d to {longest}d", text=text, longest=_LONGEST)
        )
    return int(days)


_FromLog = Annotated[
    int | None,
    typer.Option(
        "--from-log", parser=_log_days, metavar="DAYS", help="The stage's leads, with rates of its log, e.g. 90d."
    ),
]
_People = Annotated[int, typer.Option("--synthetic", min=1, max=200_000, help="Number of imagined people.")]
_Days = Annotated[int, typer.Option("--days", min=1, max=730, help="How many days are played.")]
_Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same people and answers.")]
_Start = Annotated[
    datetime | None, typer.Option("--start", formats=["%Y-%m-%d"], help="First day; default: tomorrow, sender's time.")
]
_Against = Annotated[
    Path | None, typer.Option("--against", help="Another state of the playbook: print what changes, as markdown.")
]
_Html = Annotated[Path | None, typer.Option("--html", help="Also write a page with plots and graphs.")]


def rehearse(
    scenarios: _Scenarios = None,
    playbook: _Playbook = HERE,
    leads: _Leads = None,
    from_log: _FromLog = None,
    synthetic: _People = 1_000,
    days: _Days = 90,
    seed: _Seed = 1,
    start: _Start = None,
    against: _Against = None,
    html: _Html = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play all published scenarios and broadcasts of a playbook through with people on a virtual clock. Sends nothing.

    Example: sodate scenario rehearse --playbook playbooks/b2b-ja --html build/rehearsal.html
    """
    from sodate.authoring.rehearse import Crowd, Run, assumptions_of
    from sodate.authoring.rehearse import rehearse as play

    if leads is not None and from_log is not None:
        output.fail("give either --leads or --from-log", output.USAGE)
    if against is not None and (as_json or html is not None):
        output.fail("--against prints markdown: leave out --json and --html", output.USAGE)
    checked, before = _sound(playbook, as_json=as_json), _sound(against, as_json=as_json) if against else None
    with explained():
        where = target(stage) if from_log is not None else None
        begin = _first_instant(checked, start, now(where) if where else clock.now())
        run, crowd = Run(begin, days, seed, tuple(scenarios or ())), Crowd(leads, from_log, synthetic)
        assumptions = assumptions_of(checked)
        with output.progress(Message("{days} days are played", days=days)):
            document = play(checked.definitions(), assumptions, crowd, run)
            earlier = play(before.definitions(), assumptions, crowd, replace(run, also=())) if before else None
    if earlier is not None:
        _show_difference(earlier, document)
    else:
        _show(document, _write(document, html), as_json=as_json)


def show_difference_from_live(checked: "Checked", where: "Target") -> None:
    """Markdown: the playbook against what is live, from tomorrow on, with the sample of imagined people."""
    from sodate.authoring.rehearse import Crowd, Run, assumptions_of, live_definitions
    from sodate.authoring.rehearse import rehearse as play
    from sodate.playbook.store import Definitions

    run, crowd, assumptions = Run(_first_instant(checked, None, now(where))), Crowd(), assumptions_of(checked)
    before = play(live_definitions(Definitions()), assumptions, crowd, run)
    _show_difference(before, play(checked.definitions(), assumptions, crowd, run))


def _sound(playbook: Path, *, as_json: bool) -> "Checked":
    """Ends the command with all problems when the playbook has an error."""
    from sodate.authoring.check import check

    from sodate_cli.playbook.show import show_problems

    checked = check(playbook)
    if not checked.ok:
        show_problems(checked, as_json=as_json)
        raise typer.Exit(output.FAILED)
    return checked


def _first_instant(checked: "Checked", start: datetime | None, at: datetime) -> datetime:
    """Midnight of the first day, on the sender's clock."""
    mailing = checked.playbook.mailing
    zone = ZoneInfo(mailing.model.sender.time_zone if mailing and mailing.model else "UTC")
    day = start.date() if start is not None else at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _write(document: dict[str, Any], html: Path | None) -> Path | None:
    if html is None:
        return None
    from sodate.rehearsal.report.page import page

    try:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page(document), encoding="utf-8")
    except OSError as error:
        output.fail(Message("cannot write {html}: {strerror}", html=html, strerror=error.strerror))
    return html


def _show_difference(before: dict[str, Any], after: dict[str, Any]) -> None:
    from sodate.rehearsal.report.difference import difference

    print(difference(before, after))


def _show(document: dict[str, Any], written: Path | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        from sodate.rehearsal.report.text import sections

        for section in sections(document):
            if section.rows:
                output.show_table(section.title, section.columns, section.rows)
            else:
                output.show_letter(section.title, [("", section.sentences, section.entries)])
            output.show_text("")
    if written is not None:
        output.say(str(written))
