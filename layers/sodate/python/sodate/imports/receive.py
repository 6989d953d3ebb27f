"""Imports a CSV file of the import bucket, some thousand rows per invocation; the rest by a message to its own queue.

The PROGRESS item is the source of truth for the position. Problems of the file or mapping are written to the result
object, beside the counts; only transient failures are raised.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

from sodate.errors import Conflict, Invalid, NotFound
from sodate.imports import report
from sodate.imports.apply import Apply
from sodate.imports.bucket import INCOMING, Bucket, ImportFile, files_in
from sodate.imports.decide import ImportContext
from sodate.imports.mapping import Mapping as FileMapping
from sodate.imports.mappingfile import MAX_BYTES, MappingInvalid, read_mapping
from sodate.imports.reader import survey
from sodate.imports.references import check_references
from sodate.imports.row import Trouble
from sodate.imports.run import HeaderInvalid, Run, import_id, read_header
from sodate.imports.store import Progress, advance, begin, find_progress
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import live_rules

#: Bytes. The file is read once to the end before the first row; the command line has no such limit.
MAX_FILE = 256 * 1024 * 1024
#: Bytes, some ten thousand lines; a file with more errors has a wrong mapping rather than bad rows.
MAX_ERRORS = 2 * 1024 * 1024


@dataclass(frozen=True)
class Receive:
    """`has_time`: another chunk fits into this invocation; `send` puts a message on the function's own queue."""

    bucket: Bucket
    definitions: Definitions
    address_secret: Callable[[], bytes]
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    has_time: Callable[[], bool]
    send: Callable[[Mapping[str, Any]], None]
    now: datetime

    def receive(self, body: str) -> dict[str, int]:
        """Process one queue message. Returns outcome names with the number of files.

        Raises: `Invalid` for a malformed message; `Transient` when the message must be retried.
        """
        try:
            message = json.loads(body)
        except ValueError as error:
            raise Invalid(Message("the message is no JSON"), "message") from error
        outcomes: dict[str, int] = {}
        for file in files_in(message):
            outcome = self._file(file)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        return outcomes or {"nothing": 1}

    def _file(self, file: ImportFile) -> str:
        if not (file.key.startswith(INCOMING) and file.key.endswith(".csv")):
            return "no_import"
        try:
            head = self.bucket.head(file)
        except NotFound:
            return "gone"
        if file.etag is not None and file.etag != head["ETag"]:
            return "replaced"  # the new file has its own notification
        try:
            return self._import(replace(file, etag=head["ETag"]), head)
        except Conflict:
            return "taken_over"
        except (Invalid, NotFound) as error:
            self._write_result(file, {"finished": False, "problems": _problems(error)})
            return "refused"

    def _import(self, file: ImportFile, head: Mapping[str, Any]) -> str:
        size = int(head["ContentLength"])
        if size > MAX_FILE:
            raise Invalid(
                Message(
                    "larger than {max_file} MiB; use `sodate import s3://…` or cut it in pieces",
                    max_file=MAX_FILE // 1024**2,
                )
            )
        mapping = self._mapping(file, head)
        name = import_id(f"{file.bucket}/{file.key}@{file.etag}", mapping)

        def open_at(offset: int) -> BinaryIO:
            return self.bucket.open(file, offset, size)

        stored = find_progress(name)
        progress = stored or self._begin(name, mapping, open_at)
        with closing(open_at(0)) as stream:
            header = read_header(stream, progress.encoding, mapping)
        if not progress.finished:
            context = ImportContext(mapping, name, self.now)
            rules = live_rules(self.definitions) if mapping.quiet else None
            apply = Apply(context, self.address_secret(), self.new_id, self.pause, rules=rules)
            progress = Run(mapping, header, apply, self._saver(file), self.now).go(open_at, progress, self.has_time)
        if not progress.finished:
            self.send({"go_on": asdict(file)})
            return "goes_on"
        self._write_result(file, _result(file, progress))
        return "finished"

    def _mapping(self, file: ImportFile, head: Mapping[str, Any]) -> FileMapping:
        """Read the mapping beside the file, or at the key in its metadata `mapping`.

        Raises: `Invalid`, `NotFound`.
        """
        key = head.get("Metadata", {}).get("mapping") or file.mapping_key
        try:
            content = self.bucket.read(file.bucket, key, MAX_BYTES)
        except NotFound as error:
            raise NotFound(
                Message("its mapping {key} is not there; upload it first, then the file again", key=key)
            ) from error
        mapping = read_mapping(key, content)
        check_references(mapping, self.definitions)
        return mapping

    def _begin(self, name: str, mapping: FileMapping, open_at: Callable[[int], BinaryIO]) -> Progress:
        encoding: str = mapping.encoding
        if encoding == "auto":
            with closing(open_at(0)) as stream:
                encoding = survey(stream).encoding
        with closing(open_at(0)) as stream:
            read_header(stream, encoding, mapping)  # raises before anything is written to the table
        mapping_json = json.dumps(mapping.model_dump(mode="json"), ensure_ascii=False)
        return begin(Progress(name, encoding), mapping_json, self.now)

    def _saver(self, file: ImportFile) -> Callable[[Progress, Progress, Sequence[Trouble]], Progress]:
        def save(before: Progress, after: Progress, troubles: Sequence[Trouble]) -> Progress:
            new_lines = report.lines(troubles).encode()
            if troubles and before.errors_size + len(new_lines) <= MAX_ERRORS:
                current = report.head().encode()
                if before.errors_size:
                    source = file.bucket, file.result_key("errors.csv")
                    current = self.bucket.read(*source, MAX_ERRORS)[: before.errors_size]
                self.bucket.write(file, "errors.csv", current + new_lines, "text/csv; charset=utf-8")
                after = replace(after, errors_size=len(current + new_lines))
            else:
                after = replace(after, errors_size=before.errors_size)
            advance(before, after, self.now)
            return after

        return save

    def _write_result(self, file: ImportFile, result: Mapping[str, Any]) -> None:
        text = json.dumps({"file": file.key, **result}, ensure_ascii=False, indent=2)
        self.bucket.write(file, "result.json", text.encode(), "application/json")


def _result(file: ImportFile, done: Progress) -> dict[str, Any]:
    listed = file.result_key("errors.csv") if done.errors_size else None
    return {"import": done.import_id, "finished": True, "encoding": done.encoding, **done.counts, "listed_in": listed}


def _problems(error: Invalid | NotFound) -> list[dict[str, object]]:
    if isinstance(error, MappingInvalid):
        return [problem.as_dict() for problem in error.problems]
    if isinstance(error, HeaderInvalid):
        return [asdict(problem) for problem in error.problems]
    return [{"message": str(error)}]
