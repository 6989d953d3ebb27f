"""One import from the command line: survey, header, rows, report. `commands.py` parses and prints."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sodate.errors import Invalid, NotFound
from sodate.imports.apply import Apply
from sodate.imports.decide import ImportContext
from sodate.imports.mapping import Mapping
from sodate.imports.mappingfile import read_mapping
from sodate.imports.reader import Survey, survey
from sodate.imports.references import check_references
from sodate.imports.row import Trouble
from sodate.imports.run import Run, import_id, read_header
from sodate.imports.store import Progress, advance, begin, find_progress
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.runtime.clock import pause_between_attempts
from sodate.scenarios.enter_by_import import EnterByImport
from sodate.scoring.rescore import live_rules
from ulid import ULID

from sodate_cli.imports.files import Opened, reading
from sodate_cli.imports.journal import Journal


@dataclass(frozen=True)
class ImportTarget:
    """Environment of an import: table name, address secret, when it began, and the clock of the stage."""

    table: str
    address_secret: bytes
    now: datetime
    clock: Callable[[], datetime]


def mapping_of(path: Path) -> Mapping:
    try:
        return read_mapping(str(path), path.read_bytes())
    except OSError as error:
        raise NotFound(
            Message(
                "{path} cannot be read ({reason}); look at its name and its permissions",
                path=path,
                reason=error.strerror,
            )
        ) from error


def run_import(
    file: Opened,
    mapping: Mapping,
    target: ImportTarget,
    *,
    dry_run: bool = False,
    enroll: str | None = None,
    on_progress: Callable[[Progress, Survey], None] = lambda progress, survey: None,
) -> Progress:
    """Import one file. `enroll`: the scenario or sequence that consented rows enter.

    Raises: `Invalid` for a file that does not match its mapping, before anything is written.
    """
    definitions = Definitions()
    check_references(mapping, definitions)
    with reading(file) as stream:
        result = survey(stream)
    encoding = result.encoding if mapping.encoding == "auto" else mapping.encoding
    with reading(file) as stream:
        header = read_header(stream, encoding, mapping)
    name = import_id(result.sha256, mapping)
    entrance = _entrance(definitions, mapping, enroll, name, target.clock)
    journal = Journal(file.beside, target.table, keeps=not dry_run, enroll=enroll)
    known = find_progress(name)
    progress = journal.resume(name) if known is not None and not dry_run else None
    if progress is None:
        journal.begin()
        progress = Progress(name, encoding)
    again = known is not None and known.finished
    context = ImportContext(mapping, name, target.now, again=again)
    apply = Apply(
        context,
        target.address_secret,
        lambda: str(ULID.from_datetime(target.now)),
        pause_between_attempts,
        dry_run=dry_run,
        rules=live_rules(definitions) if mapping.quiet else None,
        entrance=entrance,
    )

    def save(before: Progress, after: Progress, troubles: Sequence[Trouble]) -> Progress:
        on_progress(after, result)
        return journal.save(before, after, troubles)

    if not dry_run:
        known = begin(
            Progress(name, encoding), json.dumps(mapping.model_dump(mode="json"), ensure_ascii=False), target.now
        )
    done = Run(mapping, header, apply, save, target.now).go(file.at, progress)
    if known is not None and not dry_run and not known.finished:
        advance(known, done, target.now)
    journal.end(done)
    return done


def _entrance(
    definitions: Definitions, mapping: Mapping, enroll: str | None, name: str, clock: Callable[[], datetime]
) -> EnterByImport | None:
    """Raises: `NotFound`, `Conflict`; `Invalid` when no row of the file can have a consent to the scenario's topic."""
    if enroll is None:
        return None
    entrance = EnterByImport.of(definitions, enroll, name, clock)
    topic = entrance.program.topic
    if mapping.consent is None or topic not in mapping.consent.topics:
        raise Invalid(
            Message(
                "--enroll {scenario}: it is about the topic {topic}, to which `consent` of the mapping says nothing",
                scenario=enroll,
                topic=topic,
            )
        )
    return entrance
