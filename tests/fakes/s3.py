"""S3: objects in memory, with the clock of a test. Kept: ranges, missing keys, LastModified. Not kept: all else."""

import re
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

Json = dict[str, Any]


class MemoryS3:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.objects: dict[tuple[str, str], tuple[bytes, datetime]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> Json:
        self.objects[Bucket, Key] = (Body, self._clock())
        return {}

    def get_object(self, *, Bucket: str, Key: str, Range: str | None = None) -> Json:
        if (Bucket, Key) not in self.objects:
            raise _refusal("NoSuchKey", 404)
        content, at = self.objects[Bucket, Key]
        if Range is None:
            return {"Body": BytesIO(content), "LastModified": at, "ContentLength": len(content)}
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", Range).groups())  # type: ignore[union-attr]
        if first >= len(content):
            raise _refusal("InvalidRange", 416)
        part = content[first : last + 1]
        shown = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        return {"Body": BytesIO(part), "LastModified": at, "ContentLength": len(part), "ContentRange": shown}

    def delete_object(self, *, Bucket: str, Key: str) -> Json:
        self.objects.pop((Bucket, Key), None)
        return {}


def _refusal(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]
