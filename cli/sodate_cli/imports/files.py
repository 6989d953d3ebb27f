"""Import files on disk or in S3, opened as streams at any byte offset."""

import io
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sodate.errors import NotFound
from sodate.messages import Message


@dataclass(frozen=True)
class Opened:
    """`at` opens a stream at a byte offset. Journal and error file are written beside the path `beside`."""

    name: str
    beside: Path
    at: Callable[[int], BinaryIO]


def opened(location: str) -> Opened:
    """Open a path or `s3://bucket/key`.

    Raises: `NotFound`.
    """
    return _in_s3(location) if location.startswith("s3://") else _on_disk(Path(location))


def _on_disk(path: Path) -> Opened:
    def at(offset: int) -> BinaryIO:
        stream = path.open("rb")
        stream.seek(offset)
        return stream

    if not path.is_file():
        raise NotFound(Message("{path} is not a file; look at its name", path=path))
    return Opened(path.name, path, at)


def _in_s3(location: str) -> Opened:
    import boto3
    from botocore.exceptions import ClientError

    bucket, _, key = location.removeprefix("s3://").partition("/")
    client: Any = boto3.client("s3")
    try:
        head = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        raise NotFound(
            Message(
                "{location} cannot be read ({code}): is it there, and may your AWS profile read it?",
                location=location,
                code=code,
            )
        ) from error

    def at(offset: int) -> BinaryIO:
        if offset >= head["ContentLength"]:
            return io.BytesIO()
        # `IfMatch` fails when the object is replaced during the import, so two versions are never mixed.
        arguments = {"Range": f"bytes={offset}-", "IfMatch": head["ETag"]}
        body: BinaryIO = client.get_object(Bucket=bucket, Key=key, **arguments)["Body"]
        return body

    return Opened(key.rsplit("/", 1)[-1], Path(key.rsplit("/", 1)[-1]), at)


@contextmanager
def reading(opened_file: Opened, offset: int = 0) -> Any:
    stream = opened_file.at(offset)
    try:
        yield stream
    finally:
        stream.close()
