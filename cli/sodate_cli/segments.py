"""`sodate segment …`: members, a preview of a definition, overlaps, static lists, and the back-fill."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.authoring.check import check
from sodate.conditions.one_line_printer import print_one_line
from sodate.dynamodb import table
from sodate.errors import Invalid, NotFound
from sodate.leads.store import profiles_of
from sodate.messages import Message
from sodate.playbook.problem import PlaybookInvalid
from sodate.playbook.store import Definitions
from sodate.queries.segments import Person, Preview, find_segment, preview
from sodate.scoring.rescore import live_rules
from sodate.segments.membership import Segments
from sodate.segments.refresh import Live
from sodate.segments.segment import SegmentSet
from sodate.segments.store import Member, every_member, members

from sodate_cli import output, score_job
from sodate_cli.labels import Labels
from sodate_cli.leads import EmailArgument, shown_name
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Segments: who is in one, and who would be.", no_args_is_help=True)
SegmentArgument = Annotated[str, typer.Argument(help="The segment's `id` in segments.yaml.")]


@app.command("list")
def list_segments(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every live segment and the number of its members.

    Example: sodate segment list
    """
    columns = ("id", "title", "kind", "members", "when")
    with explained():
        target(stage)
        segments = live()
        rows = [
            (
                segment.id,
                segment.title,
                "condition" if segment.when else "list",
                sum(1 for _ in every_member(segment.id)),
                print_one_line(segment.when) if segment.when else "",
            )
            for segment in segments.definitions.segments
        ]
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.show_table("Segments", columns, rows, nothing=Message("The playbook has no segments."))


@app.command("members")
def list_members(
    segment: SegmentArgument,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Members on one page.")] = 50,
    after: Annotated[str | None, typer.Option("--after", help="The cursor that the page before ended with.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The members of a segment, page by page.

    Example: sodate segment members tokyo-real-estate --limit 20
    """
    with explained():
        target(stage)
        find_segment(segment, live().definitions.segments)
        page, following = members(segment, _cursor(after), limit)
        profiles, times = profiles_of(member.lead_id for member in page), Times.of_stage()
    rows = [(shown_name(profiles[one.lead_id]) if one.lead_id in profiles else "(erased)", one) for one in page]
    if as_json:
        emails = {lead_id: profile.address for lead_id, profile in profiles.items()}
        result = [
            {"lead": one.lead_id, "email": emails.get(one.lead_id), "since": _at(one).isoformat()} for one in page
        ]
        output.show_json({"members": result, "after": following})
        return
    shown = [(email, one.lead_id, times.shown(_at(one).isoformat())) for email, one in rows]
    columns = ("address", "lead", times.column("since"))
    output.show_table(
        Message("Members of {segment}", segment=Labels.of_stage().named("segment", segment)),
        columns,
        shown,
        nothing=Message("Nobody is in {segment}.", segment=segment),
    )
    if following is not None:
        output.say(
            Message(
                "more: sodate segment members {segment} --limit {limit} --after {following}",
                segment=segment,
                limit=limit,
                following=following,
            )
        )


@app.command("preview")
def preview_segment(
    segment: SegmentArgument,
    playbook: Annotated[Path | None, typer.Option("--playbook", help="A playbook's folder; default: live.")] = None,
    sample: Annotated[int, typer.Option("--sample", min=0, max=100, help="Members to show with reasons.")] = 5,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count who is in a segment under a definition that may not be live yet, and who would enter or leave.

    It reads every lead and changes nothing.

    Example: sodate segment preview tokyo-real-estate --playbook playbooks/b2b-ja
    """
    with explained():
        where = target(stage)
        segments = live() if playbook is None else of_playbook(playbook)
        result = preview(segment, segments, live_rules(Definitions()), now(where), sample)
    if as_json:
        output.show_json(
            {
                **{name: getattr(result, name) for name in ("segment", "leads", "members", "entering", "leaving")},
                "predicates": dict(result.predicates),
                "sample": [_described(one) for one in result.sample],
                "moving": [{**_described(one), "enters": one.is_member} for one in result.moving],
            }
        )
    else:
        _show_preview(result)


@app.command("overlap")
def overlap(
    one: SegmentArgument, other: SegmentArgument, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """How many leads are in both of two segments, and in only one of them.

    Example: sodate segment overlap readers managers
    """
    with explained():
        target(stage)
        for segment in (one, other):
            find_segment(segment, live().definitions.segments)
        first, second = ({member.lead_id for member in every_member(segment)} for segment in (one, other))
    figures = {one: len(first), other: len(second), "both": len(first & second)}
    figures |= {f"only {one}": len(first - second), f"only {other}": len(second - first)}
    if as_json:
        output.show_json(figures)
    else:
        output.show_fields(Message("{one} and {other}", one=one, other=other), figures)


@app.command("add")
def add(segment: SegmentArgument, email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Put a lead into a static segment.

    Example: sodate segment add exhibition-2026 taro@example.jp
    """
    _change(segment, email, stage, ActivityType.SEGMENT_ADDED, as_json=as_json)


@app.command("remove")
def remove(
    segment: SegmentArgument, email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Take a lead out of a static segment.

    Example: sodate segment remove exhibition-2026 taro@example.jp
    """
    _change(segment, email, stage, ActivityType.SEGMENT_REMOVED, as_json=as_json)


@app.command("backfill")
def backfill(
    announce: Annotated[
        bool, typer.Option("--announce", help="Entering and leaving are activities and events: scenarios may start.")
    ] = False,
    parts: Annotated[
        int, typer.Option("--parts", help="Parts of the table, which are processed in parallel.")
    ] = score_job.PARTS,
    wait: Annotated[bool, typer.Option("--wait", help="Watch until it is done.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at every lead anew, on the stage: its segments, and its entries by date. `playbook apply` starts it too.

    Example: sodate segment backfill --wait
    """
    with explained():
        job = score_job.begin_backfill(target(stage), parts, announce=announce)
        if wait:
            score_job.show(score_job.wait(job), as_json=as_json)
            return
    if as_json:
        output.show_json({"job": job})
    else:
        output.say(Message("started: sodate score status {job}", job=job))


def live() -> Segments:
    """Raises: `NotFound` when the playbook has no segments."""
    segments = Live.of(Definitions()).segments
    if segments is None:
        raise NotFound(Message("the playbook has no segments: add segments.yaml and apply it"))
    return segments


def of_playbook(directory: Path) -> Segments:
    """Raises: `PlaybookInvalid`; `NotFound` when it has no segments."""
    checked = check(directory)
    if not checked.ok:
        raise PlaybookInvalid(checked.problems)
    body = next((one.body for one in checked.definitions() if one.kind == "segments"), None)
    if body is None:
        raise NotFound(Message("{directory} has no segments.yaml", directory=directory))
    return Segments(SegmentSet.model_validate(body), 0)


def _change(segment: str, email: str, stage: str | None, type_: ActivityType, *, as_json: bool) -> None:
    with explained():
        where = target(stage)
        if find_segment(segment, live().definitions.segments).when is not None:
            raise Invalid(
                Message(
                    "`{segment}` has a condition; only a segment without `when` can be changed by hand", segment=segment
                )
            )
        lead_id, at = find_lead(email, where), now(where)
        key = activity_key("list", segment, type_.value, at.isoformat())
        table.put(activity_item(Activity(lead_id, type_.value, at, key, {"segment": segment, "reason": "operator"})))
    document = {"lead": lead_id, "segment": segment, "activity": type_.value, "key": key}
    output.show_done(document, Message("logged; {segment} follows in a moment", segment=segment), as_json=as_json)


def _described(person: Person) -> dict[str, Any]:
    return {"lead": person.lead_id, "email": person.email, "reasons": dict(person.reasons)}


def _show_preview(result: Preview) -> None:
    figures = {
        "leads": result.leads,
        "members": result.members,
        "would enter": result.entering,
        "would leave": result.leaving,
    }
    output.show_fields(Message("Segment {segment}", segment=result.segment), figures)
    rows = list(result.predicates.most_common())
    if rows:
        output.show_table("Leads in which each condition holds", ("condition", "leads"), rows)
    moving = [(one.email, one.lead_id, "enters" if one.is_member else "leaves") for one in result.moving]
    if moving:
        output.show_table("Who would enter or leave, the first", ("address", "lead", "does"), moving)
    for person in result.sample:
        lines = [f"{'yes' if holds else 'no':3}  {words}" for words, holds in person.reasons]
        output.show_letter(person.email or person.lead_id, [("because", lines, ())])


def _cursor(after: str | None) -> str | None:
    number, separator, _ = (after or "0:").partition(":")
    if not separator or not number.isdecimal():
        raise Invalid(Message("--after {after!r}: give the cursor that the page before ended with", after=after))
    return after


def _at(member: Member) -> datetime:
    return datetime.fromtimestamp(member.since * 60, UTC)
