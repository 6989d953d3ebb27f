"""Leads one after another, with all their items, from a file of the table's items.

A position says where the next lead begins, so that a run may stop and go on.
"""

import gzip
import io
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, cast

from sodate.dynamodb.item import Row
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.scoring.replay import Case, cases

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


def _lines(path: Path, file: BinaryIO, start: int) -> Iterator[tuple[Row, int]]:
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
            raise Invalid(
                Message("{key}, {where}: this is no item of the table in DynamoDB's JSON", key=path, where=where)
            ) from error
        yield item, position
