"""`sodate lead …`: profile and timeline of a lead, and the reason for each email sent or not sent."""

from typing import Annotated, Any

import typer
from sodate.playbook.store import Definitions
from sodate.queries.explanation import explanation
from sodate.queries.lead import overview
from sodate.queries.timeline import timeline as timeline_of
from sodate.runtime.readers import must_read

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption

app = typer.Typer(help="One lead: profile, timeline, and the reasons for everything.", no_args_is_help=True)
EmailArgument = Annotated[str, typer.Argument(help="Mail address, as typed by anybody.")]


@app.command()
def show(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Profile, consent, score and phase of a lead.

    Example: sodate lead show taro@example.jp
    """
    with explained():
        where = target(stage)
        document = overview(Definitions(reads=must_read), find_lead(email, where), now(where))
    if as_json:
        output.show_json(document)
    else:
        output.show_fields(f"Lead {email}", document)


@app.command()
def timeline(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Everything that happened to a lead, oldest first: posts, consent, mails, opens, clicks, signals.

    Example: sodate lead timeline taro@example.jp
    """
    with explained():
        rows = timeline_of(find_lead(email, target(stage)))
    if as_json:
        output.show_json(rows)
    else:
        shown = [(row["at"], row["what"], row["detail"]) for row in rows]
        output.show_table(f"Timeline of {email}", ("time (UTC)", "what", "detail"), shown)


@app.command()
def explain(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Why this person has this score, did or did not get each mail, and what comes next.

    Example: sodate lead explain taro@example.jp
    """
    with explained():
        where = target(stage)
        document = explanation(Definitions(reads=must_read), find_lead(email, where), now(where))
    if as_json:
        output.show_json(document)
        return
    output.show_fields(f"Why: {email}", document["state"])
    output.show_table("Score", ("points", "category", "reason", "how"), [_score_row(r) for r in document["score"]])
    signal_rows = [channel_row(signal) for signal in document["told"]]
    output.show_table("Sales was told", ("time (UTC)", "total", "owner", "channels", "answer"), signal_rows)
    mails = [(m["planned"], m["mail"], m["state"], m["why"]) for m in document["mails"]]
    output.show_table("Mails", ("planned (UTC)", "mail", "state", "why"), mails)
    steps = [(n["sequence"], n["step"], n["due"], n["waits"]) for n in document["next"]]
    output.show_table("Next", ("sequence", "step", "due (UTC)", "waits for"), steps)


def _score_row(line: dict[str, Any]) -> tuple[str, str, str, str]:
    parts = [f"{part['at'][:10]} {part['activity']} {part['points']:+d} → {part['now']:g}" for part in line["parts"]]
    shown = [*parts[:5], *([f"and {len(parts) - 5} more"] if len(parts) > 5 else [])]
    if abs(line["rounding_and_cap"]) >= 0.5:
        shown.append(f"cap {line['rounding_and_cap']:+g}")
    if line["group_cap"]:
        shown.append(f"group's cap {line['group_cap']:+d}")
    return f"{line['points']:+d}", line["category"] or "", line["reason"], "\n".join(shown)


def channel_row(state: dict[str, Any]) -> tuple[str, str, str, str, str]:
    channels = "\n".join(f"{name}: {what}" for name, what in state["channels"].items())
    owner = f"{state['owner'] or 'nobody yet'} ({state['because']})" if state["because"] else state["owner"] or "nobody"
    waits = f" (waits until {state['waits_until'][:16]}Z)" if state["waits_until"] else ""
    return state["at"], str(state["total"]), owner, channels + waits, state["answer"] or "nobody answered yet"
