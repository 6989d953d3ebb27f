"""`sodate activity …`: the activities of CSV files."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sodate.activities.catalog import BY_HAND
from sodate.activities.live import declared_activities
from sodate.errors import Invalid
from sodate.intake.accept import Intake
from sodate.intake.activity_file import ActivityFile
from sodate.intake.bytes import records_of
from sodate.intake.formats import Cards, Reader, teams, zoom
from sodate.intake.leads import LeadFinder, LeadWriter
from sodate.intake.mapping import ActivityMapping, MappedActivities
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.runtime.clock import pause_between_attempts
from ulid import ULID

from sodate_cli import output
from sodate_cli.imports.files import opened
from sodate_cli.intake.files import RefusedRows, mapping_from
from sodate_cli.operator import StageOption, explained, now, secret, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Activities that other systems know of, from CSV files.", no_args_is_help=True)


class Format(StrEnum):
    ZOOM = "zoom"
    TEAMS = "teams"
    CARDS = "cards"
    GENERIC = "generic"


@app.command("import")
def import_activities(
    file: Annotated[str, typer.Argument(help="A CSV file, or s3://bucket/key.", show_default=False)],
    format_: Annotated[Format, typer.Option("--format", help="Whose shape the file has.")] = Format.GENERIC,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="mapping.yaml, for `generic`.")] = None,
    seminar: Annotated[str | None, typer.Option("--seminar", help="Id of the seminar, for zoom and teams.")] = None,
    exhibition: Annotated[str | None, typer.Option("--exhibition", help="Id of the exhibition, for cards.")] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Create leads that are not known; without consent, so never mailed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Activities from a CSV file, each once: the same file again changes nothing. Exit code 1 when a row was refused.

    Example: sodate activity import attendees.csv --format zoom --seminar spring --create
    """
    with explained():
        source_file = opened(file)
        where = target(stage)
        at, zone = now(where), Times.of_stage().zone
        reader, source, delimiter = _reader(format_, mapping, seminar or "", exhibition or "", (zone, at))
        found = records_of(source_file.at, delimiter)
        refused = RefusedRows(source_file.beside)
        key = secret(where, "address-key")["key"].encode()
        writer = LeadWriter(source, f"{format_}-{ULID.from_datetime(at)}", key, new_id, pause_between_attempts)
        intake = Intake(source, LeadFinder(key), at, writer if create else None, dry_run)
        declared = declared_activities(Definitions())
        counts = ActivityFile(reader, intake, declared, writer, at, refused.add).run(found.records)
    document = {"dry_run": dry_run, "encoding": found.encoding, **asdict(counts), "listed_in": refused.name}
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("What would happen" if dry_run else "Imported", document)
    raise typer.Exit(output.FAILED if counts.refused else output.OK)


@app.command("types")
def list_types(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Activities that people, files and the API may log: those of Sodate and those of activities.yaml.

    Example: sodate activity types
    """
    with explained():
        target(stage)
        declared = declared_activities(Definitions()).activities
    rows: list[dict[str, Any]] = [
        {"type": one.value, "ja": one.label_ja, "en": one.label_en, "fields": list(one.attributes), "declared": False}
        for one in BY_HAND
    ]
    rows += [
        {"type": one.id, "ja": one.label.ja, "en": one.label.en, "fields": [f.id for f in one.fields], "declared": True}
        for one in declared
    ]
    if as_json:
        output.show_json(rows)
        return
    shown = [(row["type"], row["ja"], row["en"], ", ".join(row["fields"])) for row in rows]
    output.show_table("Activities", ("type", "ja", "en", "fields"), shown)


def _reader(
    format_: Format, mapping: Path | None, seminar: str, exhibition: str, when: tuple[ZoneInfo, Any]
) -> tuple[Reader, str, str | None]:
    """The reader, the source of the ids, and the delimiter (None: found in the file)."""
    zone, at = when
    if mapping is not None and format_ is not Format.GENERIC:
        raise Invalid(
            Message("--mapping is for --format generic; leave it out: the other formats have their own columns")
        )
    if format_ in (Format.ZOOM, Format.TEAMS):
        if not seminar:
            raise Invalid(Message("--format {format} needs --seminar, the id that conditions ask for", format=format_))
        return (zoom if format_ is Format.ZOOM else teams)(seminar, zone), format_.value, None
    if format_ is Format.CARDS:
        return Cards({"exhibition": exhibition} if exhibition else {}, zone, at), "cards", None
    if mapping is None:
        return MappedActivities(None, zone), "generic", ","
    known = mapping_from(mapping, ActivityMapping)
    return MappedActivities(known, zone), known.source, known.delimiter


def new_id() -> str:
    return str(ULID())
