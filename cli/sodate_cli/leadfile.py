"""Leads one after another, with all their items: from the stage's table, or from a file of its items.

A position says where the next lead begins, so that a run may stop and go on.
"""

import gzip
import io
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, cast

from sodate.errors import Invalid
from sodate.scoring.replay import Case, cases
from sodate.table import base
from sodate.table.bulk import Raw

Position = Any


def read_file(path: Path, start: Position | None = None) -> Iterator[tuple[Case, Position]]:
    """JSON lines, `{"Item": …}` as DynamoDB exports them, all of a lead together; `.gz` too.

    Raises `Invalid` with the line that cannot be read.
    """
    with _opened(path) as file:
        file.seek(start or 0)
        for _, group in groupby(_lines(path, file, start or 0), key=lambda line: line[0]["pk"]["S"]):
            lines = list(group)
            for case in cases(item for item, _ in lines):
                yield case, lines[-1][1]


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb", buffering=io.DEFAULT_BUFFER_SIZE * 16)


def _lines(path: Path, file: BinaryIO, start: int) -> Iterator[tuple[Raw, int]]:
    """Items and where the next one begins."""
    position = start
    for number, line in enumerate(file, 1):
        position += len(line)
        try:
            document = json.loads(line)
            item = document.get("Item", document)
            item["pk"]["S"], item["sk"]["S"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            where = f"line {number}" + (" after the checkpoint" if start else "")
            raise Invalid(f"{path}, {where}: this is no item of the table in DynamoDB's JSON") from error
        yield item, position


def read_table(start: Position | None = None, segment: int = 0, segments: int = 1) -> Iterator[tuple[Case, Position]]:
    """A scan gives the items of one lead together, whatever their number: they share a partition key."""
    for items, key in _leads(start, segment, segments):
        for case in cases(items):
            yield case, key


def _leads(start: Position | None, segment: int, segments: int) -> Iterator[tuple[list[Raw], Position]]:
    held: list[Raw] = []
    for item in _scanned(start, segment, segments):
        if held and held[0]["pk"] != item["pk"]:
            yield held, _key(held[-1])
            held = []
        held.append(item)
    if held:
        yield held, _key(held[-1])


def _scanned(start: Position | None, segment: int, segments: int) -> Iterator[Raw]:
    client = base.TableItem._get_connection().connection.client
    request: dict[str, Any] = {"TableName": base.TableItem.Meta.table_name}
    if segments > 1:
        request |= {"Segment": segment, "TotalSegments": segments}
    while True:
        if start is not None:
            request["ExclusiveStartKey"] = start
        answer = client.scan(**request)
        yield from answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return


def _key(item: Raw) -> Position:
    return {"pk": item["pk"], "sk": item["sk"]}
