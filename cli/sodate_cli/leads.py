"""`sodate lead …`: profile and timeline of a lead, and the reason for each email sent or not sent."""

from typing import Annotated, Any

import typer
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.queries.explanation import explanation
from sodate.queries.lead import overview
from sodate.queries.timeline import timeline as timeline_of
from sodate.runtime.readers import must_read

from sodate_cli import output
from sodate_cli.labels import Labels, by_label
from sodate_cli.lead_letter import letter
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.privacy.parts import looked_at
from sodate_cli.times import Times

app = typer.Typer(help="One lead: profile, timeline, and the reasons for everything.", no_args_is_help=True)
EmailArgument = Annotated[str, typer.Argument(help="Mail address, as typed by anybody.")]
#: Fields of the overview that are times.
_MOMENTS = ("phase_since", "created")


@app.command()
def show(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Profile, consent, score and phase of a lead.

    Example: sodate lead show taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        looked_at(lead_id, where, "lead show", now(where))
        document = overview(Definitions(reads=must_read), lead_id, now(where))
        who, times, labels = name_of(lead_id), Times.of_stage(), Labels.of_stage()
    if as_json:
        output.show_json(document)
    else:
        at: dict[str, object] = {
            times.column(name): times.shown(document[name]) for name in ("phase_since", "created") if name in document
        }
        aside = ("email", "phase_since", "created", "phase_label")
        rest = {name: value for name, value in document.items() if name not in aside}
        rest["phase"] = document.get("phase_label") or document["phase"]
        fields = {"email": document["email"], **_with_labels(rest, labels), **at}
        output.show_fields(Message("Lead {who}", who=who), fields)


@app.command()
def timeline(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Everything that happened to a lead, oldest first: posts, consent, mails, opens, clicks, signals.

    Example: sodate lead timeline taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        looked_at(lead_id, where, "lead timeline", now(where))
        rows, who, times = timeline_of(lead_id), name_of(lead_id), Times.of_stage()
        labels = Labels.of_stage()
    if as_json:
        output.show_json(rows)
    else:
        shown = [
            (times.shown(row["at"]), labels.of("activity", row["what"]), times.within(row["detail"])) for row in rows
        ]
        columns = (times.column("time"), "what", "detail")
        output.show_table(
            Message("Timeline of {who}", who=who),
            columns,
            shown,
            nothing=Message("Nothing is recorded of {who}.", who=who),
        )


@app.command()
def explain(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Why this person has this score, did or did not get each mail, and what comes next.

    Example: sodate lead explain taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        looked_at(lead_id, where, "lead explain", now(where))
        document = explanation(Definitions(reads=must_read), lead_id, now(where))
        who, times, labels = name_of(lead_id), Times.of_stage(), Labels.of_stage()
    if as_json:
        output.show_json(document)
    else:
        output.show_letter(times.title(Message("About {who}", who=who)), letter(who, document, times, labels.of))


def _with_labels(document: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """The overview for people: labels of form fields, topics, categories and the owner beside or for their ids."""
    shown = {(labels.named("field", name) if "." in name else name): value for name, value in document.items()}
    shown["consent"] = {labels.named("topic", topic): status for topic, status in document["consent"].items()}
    categories = {name: labels.of("category", name) for name in document["totals"]}
    shown["totals"] = by_label(categories, document["totals"])
    shown["owner"] = labels.named("owner", document["owner"]) if document["owner"] else document["owner"]
    return shown


def name_of(lead_id: str) -> str:
    """The address as it is mailed, with the typed one where they differ; the id for a lead without address."""
    return shown_name(load_profile(lead_id))


def shown_name(profile: Profile) -> str:
    if not profile.address:
        return profile.lead_id
    if profile.mailbox in ("", profile.address):
        return profile.address
    return Message("{mailbox} (typed as {typed})", mailbox=profile.mailbox, typed=profile.address)
