"""The `sodate` command. Each room of the command line mounts its own Typer app here with one line."""

from typing import Annotated

import typer
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.broadcasts import app as broadcast_app
from sodate_cli.calibrate import calibrate
from sodate_cli.calls import app as call_app
from sodate_cli.campaigns import app as campaign_app
from sodate_cli.corrections import adjust, judge
from sodate_cli.dlq import app as dlq_app
from sodate_cli.doctor.commands import doctor
from sodate_cli.exceptions import consent_exception
from sodate_cli.experiments import app as experiment_app
from sodate_cli.imports.commands import export_leads, import_leads
from sodate_cli.intake.activities import app as activity_app
from sodate_cli.intake.companies import app as company_app
from sodate_cli.intake.deals import app as deal_app
from sodate_cli.intake.tokens import app as token_app
from sodate_cli.kpis import app as kpi_app
from sodate_cli.languages import OPTION, VARIABLE, languages
from sodate_cli.lead_contact import enroll, leave, unblock
from sodate_cli.lead_log import log
from sodate_cli.lead_tracking import tracking
from sodate_cli.leads import app as lead_app
from sodate_cli.local.commands import app as local_app
from sodate_cli.playbook.commands import app as playbook_app
from sodate_cli.privacy.commands import app as privacy_app
from sodate_cli.privacy.lead_commands import access, erase, export, merge, unmerge
from sodate_cli.quarantine import app as quarantine_app
from sodate_cli.replies import app as replies_app
from sodate_cli.replies import sales_app
from sodate_cli.reports.commands import app as report_app
from sodate_cli.root import Root
from sodate_cli.scenarios import app as scenario_app
from sodate_cli.score import app as score_app
from sodate_cli.segments import app as segment_app
from sodate_cli.sends import app as sends_app
from sodate_cli.templates import app as template_app
from sodate_cli.tracking import app as tracking_app


def _known(language: str | None) -> str | None:
    if language is not None and language not in languages():
        raise typer.BadParameter(Message("one of: {names}", names=", ".join(f"`{name}`" for name in languages())))
    return language


app = typer.Typer(name="sodate", cls=Root, no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.callback()
def root(
    _: Annotated[
        str | None,
        typer.Option(
            OPTION,
            callback=_known,
            envvar=VARIABLE,
            help="Of all that is printed for people; default: that of LC_ALL, LC_MESSAGES or LANG.",
        ),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Tables as wide as their texts, for a pager such as less -S.")
    ] = False,
) -> None:
    """Lead nurturing in your own AWS account: forms, consent, step mail, scoring, hand-off to sales."""
    output.widen(wide)


app.add_typer(local_app, name="local")
app.add_typer(playbook_app, name="playbook")
lead_app.command("consent-exception")(consent_exception)
lead_app.command()(unblock)
lead_app.command()(enroll)
lead_app.command()(leave)
lead_app.command()(judge)
lead_app.command()(adjust)
lead_app.command()(log)
lead_app.command()(tracking)
lead_app.command()(export)
lead_app.command()(erase)
lead_app.command()(access)
lead_app.command()(merge)
lead_app.command()(unmerge)
app.add_typer(lead_app, name="lead")
score_app.command()(calibrate)
app.add_typer(call_app, name="call")
app.add_typer(activity_app, name="activity")
app.add_typer(company_app, name="company")
app.add_typer(deal_app, name="deal")
app.add_typer(token_app, name="token")
app.add_typer(score_app, name="score")
app.add_typer(scenario_app, name="scenario")
app.add_typer(segment_app, name="segment")
app.add_typer(broadcast_app, name="broadcast")
app.add_typer(experiment_app, name="experiment")
app.add_typer(template_app, name="template")
app.add_typer(campaign_app, name="campaign")
app.add_typer(tracking_app, name="tracking")
app.add_typer(kpi_app, name="kpi")
app.add_typer(report_app, name="report")
app.command("import")(import_leads)
app.command("export")(export_leads)
app.add_typer(sends_app, name="sends")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(replies_app, name="replies")
app.add_typer(sales_app, name="sales")
app.add_typer(dlq_app, name="dlq")
app.add_typer(privacy_app, name="privacy")
app.command()(doctor)

if __name__ == "__main__":
    app()
