"""A CSV file in the import bucket becomes leads, some thousand rows an invocation; then the import wakes itself again.

The PROGRESS item decides who is how far. Whatever is wrong with the file or its mapping is told in the result, beside
the counts; only what may work later is an error.
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
from sodate.imports.bucket import INCOMING, Bucket, Place, places_of
from sodate.imports.decide import Decide
from sodate.imports.mapping import Mapping as FileMapping
from sodate.imports.mappingfile import MAX_BYTES, MappingInvalid, read_mapping
from sodate.imports.reader import survey
from sodate.imports.row import Trouble
from sodate.imports.run import HeaderInvalid, Run, import_id, read_header
from sodate.imports.store import Progress, advance, begin, find_progress
from sodate.playbook.store import Definitions

#: Read once to the end before the first row; the command line has no such limit.
MAX_FILE = 256 * 1024 * 1024
#: Some ten thousand lines; a file with more is not a bad row but a bad mapping.
MAX_ERRORS = 2 * 1024 * 1024


@dataclass(frozen=True)
class Receive:
    """`go_on` says whether there is time for another chunk; `send` puts a message on the function's own queue."""

    bucket: Bucket
    definitions: Definitions
    address_secret: Callable[[], bytes]
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    go_on: Callable[[], bool]
    send: Callable[[Mapping[str, Any]], None]
    now: datetime

    def receive(self, body: str) -> dict[str, int]:
        """What became of each file, in words. Raises `Invalid` for what is no message, `Transient` to come again."""
        try:
            message = json.loads(body)
        except ValueError as error:
            raise Invalid("the message is no JSON", "message") from error
        outcomes: dict[str, int] = {}
        for place in places_of(message):
            outcome = self._file(place)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        return outcomes or {"nothing": 1}

    def _file(self, place: Place) -> str:
        if not (place.key.startswith(INCOMING) and place.key.endswith(".csv")):
            return "no_import"
        try:
            head = self.bucket.head(place)
        except NotFound:
            return "gone"
        if place.etag is not None and place.etag != head["ETag"]:
            return "replaced"  # the new file has its own notification
        try:
            return self._import(replace(place, etag=head["ETag"]), head)
        except Conflict:
            return "taken_over"
        except (Invalid, NotFound) as error:
            self._tell(place, {"finished": False, "problems": _problems(error)})
            return "refused"

    def _import(self, place: Place, head: Mapping[str, Any]) -> str:
        size = int(head["ContentLength"])
        if size > MAX_FILE:
            raise Invalid(f"larger than {MAX_FILE // 1024**2} MiB; use `sodate import s3://…` or cut it in pieces")
        mapping = self._mapping(place, head)
        name = import_id(f"{place.bucket}/{place.key}@{place.etag}", mapping)

        def open_at(offset: int) -> BinaryIO:
            return self.bucket.open(place, offset, size)

        known = find_progress(name)
        progress = known or self._begin(name, mapping, open_at)
        with closing(open_at(0)) as stream:
            header = read_header(stream, progress.encoding, mapping)
        if not progress.finished:
            apply = Apply(Decide(mapping, name, self.new_id, self.now), self.address_secret(), self.pause)
            progress = Run(mapping, header, apply, self._saver(place), self.now).go(open_at, progress, self.go_on)
        if not progress.finished:
            self.send({"go_on": asdict(place)})
            return "goes_on"
        self._tell(place, _result(place, progress))
        return "finished"

    def _mapping(self, place: Place, head: Mapping[str, Any]) -> FileMapping:
        """Beside the file, or where its metadata `mapping` says. Raises `Invalid` or `NotFound`."""
        key = head.get("Metadata", {}).get("mapping") or place.mapping_key
        try:
            content = self.bucket.read(place.bucket, key, MAX_BYTES)
        except NotFound as error:
            raise NotFound(f"its mapping {key} is not there; upload it first, then the file again") from error
        mapping = read_mapping(key, content)
        if mapping.consent is not None:
            known = [topic["id"] for topic in self.definitions.live("mailing").body["topics"]]
            if unknown := mapping.unknown_topics(known):
                raise Invalid(f"consent.topics: the playbook has no topic {unknown[0]}; it has {', '.join(known)}")
        return mapping

    def _begin(self, name: str, mapping: FileMapping, open_at: Callable[[int], BinaryIO]) -> Progress:
        encoding: str = mapping.encoding
        if encoding == "auto":
            with closing(open_at(0)) as stream:
                encoding = survey(stream).encoding
        with closing(open_at(0)) as stream:
            read_header(stream, encoding, mapping)  # what does not fit leaves no trace in the table
        words = json.dumps(mapping.model_dump(mode="json"), ensure_ascii=False)
        return begin(Progress(name, encoding), words, self.now)

    def _saver(self, place: Place) -> Callable[[Progress, Progress, Sequence[Trouble]], Progress]:
        def save(before: Progress, after: Progress, troubles: Sequence[Trouble]) -> Progress:
            found = report.lines(troubles).encode()
            if troubles and before.errors_size + len(found) <= MAX_ERRORS:
                held = report.head().encode()
                if before.errors_size:
                    where = place.bucket, place.result_key("errors.csv")
                    held = self.bucket.read(*where, MAX_ERRORS)[: before.errors_size]
                self.bucket.write(place, "errors.csv", held + found, "text/csv; charset=utf-8")
                after = replace(after, errors_size=len(held + found))
            else:
                after = replace(after, errors_size=before.errors_size)
            advance(before, after, self.now)
            return after

        return save

    def _tell(self, place: Place, result: Mapping[str, Any]) -> None:
        text = json.dumps({"file": place.key, **result}, ensure_ascii=False, indent=2)
        self.bucket.write(place, "result.json", text.encode(), "application/json")


def _result(place: Place, done: Progress) -> dict[str, Any]:
    listed = place.result_key("errors.csv") if done.errors_size else None
    return {"import": done.import_id, "finished": True, "encoding": done.encoding, **done.counts, "listed_in": listed}


def _problems(error: Invalid | NotFound) -> list[dict[str, object]]:
    if isinstance(error, MappingInvalid):
        return [problem.as_dict() for problem in error.problems]
    if isinstance(error, HeaderInvalid):
        return [asdict(problem) for problem in error.problems]
    return [{"message": str(error)}]
