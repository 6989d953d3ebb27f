"""`sodate report send` and `deliveries`: the reports that leave by email."""

import time
from typing import Annotated, Any

import typer
from sodate.email.delivery.ses import SesMailer
from sodate.email.mailing import Mailing
from sodate.email.report_schedule import ScheduledReport
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.reports.from_counters import build_from_counters
from sodate.reports.send import ReportSender, scheduled
from sodate.reports.store import deliveries as stored_deliveries
from sodate.reports.store import recipient_key

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, outputs, ses_client, target
from sodate_cli.output import JsonOption
from sodate_cli.target import Target
from sodate_cli.test_sends import show_answers
from sodate_cli.times import Times

_ReportArgument = Annotated[str | None, typer.Argument(metavar="[REPORT]", help="Its `id` in reports.yaml.")]
_GONE = "(no longer a recipient)"


def send(
    report_id: _ReportArgument = None,
    at_once: Annotated[bool, typer.Option("--now", help="Send it; otherwise the plan is shown.")] = False,
    to: Annotated[list[str] | None, typer.Option("--to", help="Address (repeat); default: `to` of the report.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which reports leave by email, when, to whom; with --now, send one at once. The schedule goes on unchanged.

    Example: sodate report send weekly --now --to me@example.jp
    """
    with explained():
        where = target(stage)
        reports = scheduled(Definitions())
        if not at_once:
            _show_plan(reports, where, as_json=as_json)
            return
        report = _chosen(reports, report_id)
        answers = sender_of(where).send_now(report, to or report.to)
    show_answers(Message("Report {report}", report=report.id), answers, as_json=as_json)


def deliveries(report_id: _ReportArgument = None, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Which scheduled report reached SES for which recipient, and why not. `sending` and `unknown`: nobody knows.

    Example: sodate report deliveries weekly
    """
    with explained():
        target(stage)
        reports = scheduled(Definitions())
        chosen = [_chosen(reports, report_id)] if report_id else list(reports)
        times = Times.of_stage()
        rows = [row for one in chosen for row in _rows(one)]
    if as_json:
        columns = ("report", "period_from", "recipient", "state", "at", "reason")
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    shown = [(*row[:4], times.shown(str(row[4])), row[5]) for row in rows]
    titles = ("report", "period from", "recipient", "state", times.column("at"), "reason")
    output.show_table("Reports by email", titles, shown, nothing=Message("No report was due yet."))


def _rows(report: ScheduledReport) -> list[tuple[object, ...]]:
    addresses = {recipient_key(address): address for address in report.to}
    return [
        (report.id, one.first_day, addresses.get(one.recipient, _GONE), one.state.value, one.at, one.reason)
        for one in stored_deliveries(report.id)
    ]


def sender_of(where: Target) -> ReportSender:
    mailer = SesMailer(lambda: ses_client(where), outputs(where)["ConfigurationSet"])
    return ReportSender(Definitions(), mailer, build_from_counters, where.stage, lambda: now(where), time.sleep)


def _chosen(reports: tuple[ScheduledReport, ...], report_id: str | None) -> ScheduledReport:
    """Raises: `NotFound`."""
    if not reports:
        raise NotFound(Message("the playbook has no reports by email: add reports.yaml and apply it"))
    if report_id is None and len(reports) == 1:
        return reports[0]
    known = ", ".join(one.id for one in reports)
    found = next((one for one in reports if one.id == report_id), None)
    if found is None:
        raise NotFound(
            Message("there is no report {report_id!r}; known: {known}", report_id=report_id, known=known)
            if report_id
            else Message("which report? {known}", known=known)
        )
    return found


def _show_plan(reports: tuple[ScheduledReport, ...], where: Target, *, as_json: bool) -> None:
    rows: list[tuple[Any, ...]] = []
    if reports:
        zone = parsed(Definitions().live("mailing"), Mailing).sender.time_zone
        for one in reports:
            at, first, last = one.occasion(now(where), zone)
            when = (
                Message("monthly on day {day} at {time}", day=one.day or 1, time=one.at)
                if one.every == "month"
                else Message("on {weekday} at {time}", weekday=one.weekday or "monday", time=one.at)
            )
            kinds = [kind.value for kind in one.reports]
            rows.append((one.id, when, kinds, list(one.to), at.isoformat(), f"{first} – {last}"))
    columns = ("report", "when", "reports", "to", "latest time", "about")
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        times = Times.of_stage()
        shown = [
            tuple(times.shown(cell) if name == "latest time" else cell for name, cell in zip(columns, row, strict=True))
            for row in rows
        ]
        titles = ("report", "when", "reports", "to", times.column("latest time"), "about")
        output.show_table("Reports by email", titles, shown, nothing=Message("The playbook has no reports.yaml."))
