"""Where a file to import lies: on this machine or in S3. Both are streams that can be opened at any byte."""

import io
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sodate.errors import NotFound


@dataclass(frozen=True)
class Opened:
    """`beside` is the path that the journal and the error file lie beside."""

    name: str
    beside: Path
    at: Callable[[int], BinaryIO]


def opened(place: str) -> Opened:
    """Raises `NotFound`."""
    return _in_s3(place) if place.startswith("s3://") else _on_disk(Path(place))


def _on_disk(path: Path) -> Opened:
    def at(offset: int) -> BinaryIO:
        stream = path.open("rb")
        stream.seek(offset)
        return stream

    if not path.is_file():
        raise NotFound(f"{path} is not a file")
    return Opened(path.name, path, at)


def _in_s3(place: str) -> Opened:
    import boto3
    from botocore.exceptions import ClientError

    bucket, _, key = place.removeprefix("s3://").partition("/")
    client: Any = boto3.client("s3")
    try:
        head = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        raise NotFound(f"{place} cannot be read ({code}): is it there, and may your AWS profile read it?") from error

    def at(offset: int) -> BinaryIO:
        if offset >= head["ContentLength"]:
            return io.BytesIO()
        # A file that is replaced meanwhile must not be read half old, half new.
        how = {"Range": f"bytes={offset}-", "IfMatch": head["ETag"]}
        body: BinaryIO = client.get_object(Bucket=bucket, Key=key, **how)["Body"]
        return body

    return Opened(key.rsplit("/", 1)[-1], Path(key.rsplit("/", 1)[-1]), at)


@contextmanager
def reading(opened_file: Opened, offset: int = 0) -> Any:
    stream = opened_file.at(offset)
    try:
        yield stream
    finally:
        stream.close()
