"""`sodate lead export|erase|access`: what is stored about one lead, its end, and who looked at it."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.privacy.access import access_log
from sodate.privacy.erasure import Erased, ErasurePlan, checked_because
from sodate.privacy.export import export_lead
from sodate.privacy.export_page import export_page
from sodate.privacy.places import OTHER_PLACES

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.privacy.parts import eraser, looked_at, merged_id, merger, named
from sodate_cli.times import Times

LeadArgument = Annotated[str, typer.Argument(help="Mail address, as typed by anybody; or the lead's id.")]


def export(
    lead: LeadArgument,
    file: Annotated[Path | None, typer.Option("--file", help="Write the JSON document here.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page for people here.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the page: ja or en.")] = "ja",
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that is stored about one lead, for the lead: one JSON document, and a page that explains it.

    Without a file the document is printed. Files are readable by you only, and never overwritten.

    Example: sodate lead export taro@example.jp --file taro.json --html taro.html
    """
    with explained():
        if language not in ("ja", "en"):
            raise Invalid(Message("--language {language}: write ja or en", language=language))
        where = target(stage)
        lead_id, moment = named(lead, where).lead_id, now(where)
        looked_at(lead_id, where, "lead export", moment)
        document = export_lead(lead_id, Definitions(), moment).document
        if file is not None:
            _write(file, output.json_text(document))
        if html is not None:
            _write(html, export_page(document, language))
    if as_json or (file is None and html is None):
        output.show_json(document)
    else:
        output.say("written: " + ", ".join(str(path) for path in (file, html) if path is not None))


def erase(
    lead: LeadArgument,
    because: Annotated[str, typer.Option("--because", help="A code: subject-request, ticket-4711 …")],
    plan_only: Annotated[bool, typer.Option("--plan", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase one lead everywhere, after saying what goes. Nobody emails it again; statistics stay.

    Run it again after an interruption: it goes on. Exit code 1 when something is left.

    Example: sodate lead erase taro@example.jp --because subject-request
    """
    with explained():
        reason = checked_because(because)
        where = target(stage)
        who, moment = named(lead, where), now(where)
        work = eraser(where, moment)
        plan = work.plan(who.lead_id, who.address_key)
        if plan_only or not (yes or _agreed(plan, as_json=as_json)):
            _show_plan(plan, as_json=as_json)
            raise typer.Exit(output.OK if plan_only else output.FAILED)
        erased = work.erase(who.lead_id, who.address_key, reason, person(where) or "unknown")
    _show_erased(erased, as_json=as_json)
    raise typer.Exit(output.OK if erased.is_complete else output.FAILED)


def merge(
    stays: Annotated[str, typer.Argument(help="Address or id of the lead that stays.")],
    joins: Annotated[str, typer.Argument(help="Address or id of the lead that becomes a part of it.")],
    because: Annotated[str, typer.Option("--because", help="A code: same-person, ticket-4711 …")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that two leads are one person. One log, one score, one set of caps; of their consents the stricter one holds.

    Sodate never does this by itself. `sodate lead unmerge` undoes it.

    Example: sodate lead merge taro@example.jp taro@old.example.jp --because same-person
    """
    with explained():
        reason = checked_because(because)
        where = target(stage)
        merged = merger(where, now(where)).merge(named(stays, where).lead_id, named(joins, where).lead_id, reason)
    output.show_done(
        asdict(merged),
        Message(
            "{joins} is a part of {stays} now; {copied} activities are in its log",
            joins=joins,
            stays=stays,
            copied=merged.copied,
        ),
        as_json=as_json,
    )


def unmerge(
    stays: Annotated[str, typer.Argument(help="Address or id of the lead that stayed.")],
    joins: Annotated[str, typer.Argument(help="Id of the lead that was merged into it, as `lead timeline` shows it.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo `sodate lead merge`: both leads are again what they were, and what happened since stays.

    Example: sodate lead unmerge taro@example.jp 01KAJ…
    """
    with explained():
        where = target(stage)
        undone = merger(where, now(where)).unmerge(named(stays, where).lead_id, merged_id(joins, where))
    output.show_done(
        asdict(undone),
        Message("undone; {copied} activities are taken out of the log of {stays}", copied=undone.copied, stays=stays),
        as_json=as_json,
    )


def access(lead: LeadArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Who looked at this lead, with which command, oldest first.

    Example: sodate lead access taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id, times = named(lead, where).lead_id, Times.of_stage()
        rows = access_log(lead_id)
        looked_at(lead_id, where, "lead access", now(where))
    if as_json:
        output.show_json(rows)
    else:
        shown = [(times.shown(row["at"]), row["by"], row["command"]) for row in rows]
        columns = (times.column("time"), "who", "what")
        output.show_table(times.title("Who looked"), columns, shown, nothing="Nobody looked at this lead.")


def _agreed(plan: ErasurePlan, *, as_json: bool) -> bool:
    if as_json:
        return False  # a program says --yes
    _show_plan(plan, as_json=False)
    return output.confirm("Erase this for good?")


def _show_plan(plan: ErasurePlan, *, as_json: bool) -> None:
    outside = {place.id: place.erased_by for place in OTHER_PLACES}
    if as_json:
        output.show_json({**asdict(plan), "outside_of_the_table": outside})
        return
    fields: dict[str, Any] = {
        "lead": plan.lead_id,
        "merged leads": plan.merged,
        "items of its partition": plan.items,
        "entries of lists": plan.elsewhere,
        "doubtful form posts": plan.quarantined,
        "import files": plan.files,
        "import files still read": plan.files_running,
        "dead letters": plan.dead_letters,
        "proofs of consent, cut down": plan.reduced,
    }
    title = "Nothing is left to erase" if plan.is_empty else "What will be erased"
    output.show_fields(title, fields)
    output.show_fields("Elsewhere", outside)


def _show_erased(erased: Erased, *, as_json: bool) -> None:
    if as_json:
        output.show_json({**asdict(erased), "complete": erased.is_complete})
        return
    output.show_fields(Message("Lead {lead_id} is erased", lead_id=erased.lead_id), erased.counts)
    if erased.left:
        output.say(
            Message(
                "left, because their import still runs: {left}; run the same command again later",
                left=", ".join(erased.left),
            )
        )


def _write(file: Path, text: str) -> None:
    """Raises: `Invalid` rather than write over anything."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise Invalid(
            Message("{file} cannot be written ({reason}); choose another name", file=file, reason=error.strerror)
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
