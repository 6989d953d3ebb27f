"""`sodate import` and `sodate export`: parse the command line, call one use case, print."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, secret, target
from sodate_cli.output import JsonOption

if TYPE_CHECKING:
    from sodate.imports.reader import Survey
    from sodate.imports.store import Progress

    from sodate_cli.imports.journal import Journal

_REPORT_EVERY_ROWS = 5_000
#: Leads listed in the terminal; the error file has all.
_MOST_SHOWN = 50


def import_leads(
    file: Annotated[str, typer.Argument(help="A CSV file, or s3://bucket/key.", show_default=False)],
    mapping: Annotated[Path | None, typer.Option("--map", help="mapping.yaml: which column becomes what.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; write nothing to the table.")
    ] = False,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print a mapping for this file, to be read and mended.")
    ] = False,
    segment: Annotated[
        list[str] | None, typer.Option("--segment", help="Put each lead into this static segment (repeat for more).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a row with any bad value, instead of setting the value aside.")
    ] = False,
    enroll: Annotated[
        str | None, typer.Option("--enroll", help="The sequence or scenario that rows with a consent enter.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell sales of nobody who becomes hot by this file; list them at the end.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --enroll: do not ask.")] = False,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="With --suggest: the playbook's directory; default: what is live.")
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leads from a CSV file. Start it again after an interruption: it goes on. Exit code 1 when a row did not go in.

    Example: sodate import leads.csv --map mapping.yaml --dry-run
    """
    from sodate_cli.imports.files import opened
    from sodate_cli.imports.journal import Journal
    from sodate_cli.imports.work import ImportTarget, mapping_of, run_import

    with explained():
        if suggest:
            _suggest(file, playbook, stage, as_json=as_json)
            return
        if mapping is None:
            output.fail("give --map mapping.yaml (and --suggest to begin with one)", output.USAGE)
        known = mapping_of(mapping).with_options(segment or [], strict=strict, quiet=quiet)
        where = target(stage)
        key = secret(where, "address-key")["key"].encode()
        import_target = ImportTarget(where.table, key, now(where), lambda: now(where))
        source = opened(file)
        if enroll is not None and not dry_run:
            with tempfile.TemporaryDirectory() as scratch:  # the journal of an interrupted import stays as it is
                beside = replace(source, beside=Path(scratch) / source.beside.name)
                planned = run_import(beside, known, import_target, dry_run=True, enroll=enroll)
            _agree(enroll, planned, yes, as_json=as_json)
            import_target = replace(import_target, now=now(where))
        reporter = _ProgressReporter(as_json=as_json)
        done = run_import(source, known, import_target, dry_run=dry_run, enroll=enroll, on_progress=reporter)
    _show(done, Journal(source.beside, where.table), dry_run=dry_run, as_json=as_json)
    raise typer.Exit(output.FAILED if done.counts["refused"] else output.OK)


def _suggest(file: str, playbook: Path | None, stage: str | None, *, as_json: bool) -> None:
    from sodate_cli.imports import suggest
    from sodate_cli.imports.files import opened

    source = opened(file)
    known, today = suggest.known_and_today(playbook, stage)
    suggestion, delimiter = suggest.suggestion_of(source, known[0] if known else None)
    if as_json:
        output.show_json(suggest.as_document(suggestion))
        return
    if suggest.is_at_a_terminal():
        suggestion = suggest.asked(suggestion)
    print(suggest.text_of(suggestion, source, delimiter, today, known[1] if known else None), end="")


class _ProgressReporter:
    """Prints one progress line per `_REPORT_EVERY_ROWS` rows."""

    def __init__(self, *, as_json: bool) -> None:
        self._next = 0 if as_json else _REPORT_EVERY_ROWS
        self._is_quiet = as_json

    def __call__(self, progress: "Progress", result: "Survey") -> None:
        rows = progress.counts["rows"]
        if self._is_quiet or rows < self._next:
            return
        self._next = rows + _REPORT_EVERY_ROWS
        share = progress.offset * 100 // max(result.size, 1)
        output.say(
            Message(
                "{rows:,} rows ({share} %), {refused:,} refused",
                rows=rows,
                share=share,
                refused=progress.counts["refused"],
            )
        )


def _agree(scenario: str, planned: "Progress", yes: bool, *, as_json: bool) -> None:
    """The number first: who enters gets emails."""
    counts = planned.counts
    output.say(
        Message(
            "up to {enrolled:,} of {rows:,} rows enter {scenario}; {consents:,} have a consent",
            enrolled=counts["enrolled"],
            rows=counts["rows"],
            scenario=scenario,
            consents=counts["consents"],
        )
    )
    if yes or not counts["enrolled"]:
        return
    if as_json or not sys.stdin.isatty():
        output.fail("nobody can be asked here; add --yes (and look at --dry-run before)", output.USAGE)
    if not output.confirm("Import, and let them enter?"):
        raise typer.Exit(output.FAILED)


def _show(done: "Progress", journal: "Journal", *, dry_run: bool, as_json: bool) -> None:
    from sodate.imports.report import LISTED

    listed = journal.errors.name if any(done.counts[name] for name in LISTED) else None
    hot = journal.hot_leads() if done.counts["hot"] else []
    document = {
        "import": done.import_id,
        "dry_run": dry_run,
        "encoding": done.encoding,
        **done.counts,
        "listed_in": listed,
    }
    if as_json:
        output.show_json({**document, "hot_leads": hot})
        return
    output.show_fields("What would happen" if dry_run else "Imported", document)
    if hot:
        rows = [(one["line"], one["lead"], one["reason"]) for one in hot[:_MOST_SHOWN]]
        output.show_table("Hot by this file; sales is not told", ("line", "lead", "reason"), rows)
        if len(hot) > _MOST_SHOWN:
            output.say(Message("and {more:,} more, of kind `hot` in {file}", more=len(hot) - _MOST_SHOWN, file=listed))


def export_leads(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.", show_default=False)],
    columns: Annotated[str | None, typer.Option("--columns", help="Comma-separated: email,primary.company …")] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="utf-8 (with BOM, as Excel wants it) or cp932.")
    ] = "utf-8",
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """All leads as CSV that no spreadsheet runs as formulas. It reads the whole table: an operator's command.

    Example: sodate export leads.csv --columns email,primary.company
    """
    from sodate.queries.export import export

    with explained():
        where = target(stage)
        written = export(file, columns, encoding)
    if as_json:
        output.show_json({"file": str(file), **written})
        return
    output.say(Message("{leads:,} leads of {where} in {file}", leads=written["leads"], where=where, file=file))
    if written["replaced"]:
        output.say(
            Message(
                "{replaced:,} lines have characters that {encoding} does not know; they became `?`",
                replaced=written["replaced"],
                encoding=encoding,
            )
        )
