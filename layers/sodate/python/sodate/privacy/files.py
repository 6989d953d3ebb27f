"""Import files that name an erased lead: the file and its results are deleted in every version.

A file is input that was applied already, kept for 30 days for questions; its other rows are in the table. Rewriting it
would import it anew.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Invalid, Transient
from sodate.imports.bucket import INCOMING, RESULTS, ImportFile
from sodate.messages import Message

_BLOCK = 1024 * 1024
#: Longer than an address: one that lies across two blocks is in the second one as a whole.
_OVERLAP = 1024


@dataclass(frozen=True)
class FilesNamed:
    """Keys of files. `running`: their import has no result yet, so they stay until it has."""

    finished: tuple[str, ...]
    running: tuple[str, ...]


@dataclass(frozen=True)
class ImportFiles:
    """`client` is boto3's S3 client."""

    client: Any
    bucket: str

    def named(self, names: Callable[[str], bool]) -> FilesNamed:
        """`names`: whether a text names the lead. Reads every file of the last 30 days, block by block.

        Raises: `Transient`.
        """
        try:
            matches = [key for key in self._keys() if self._is_named(key, names)]
            running = tuple(key for key in matches if key.startswith(INCOMING) and not self._has_result(key))
        except (ClientError, BotoCoreError, OSError) as error:
            raise Transient(
                Message(
                    "the import bucket cannot be read ({reason}); run the same command again later",
                    reason=type(error).__name__,
                )
            ) from error
        return FilesNamed(tuple(key for key in matches if key not in running), running)

    def remove(self, keys: tuple[str, ...]) -> int:
        """Delete every version of these files. Raises: `Transient`."""
        try:
            for key in keys:
                for version in self._versions(key):
                    self.client.delete_object(Bucket=self.bucket, Key=key, **version)
        except (ClientError, BotoCoreError) as error:
            raise Transient(
                Message(
                    "an import file cannot be deleted ({reason}); run the same command again later",
                    reason=type(error).__name__,
                )
            ) from error
        return len(keys)

    def _keys(self) -> Iterator[str]:
        """Current files, and deleted ones of which a version remains."""
        for prefix in (INCOMING, RESULTS):
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from dict.fromkeys(entry["Key"] for entry in page.get("Versions", ()))

    def _versions(self, key: str) -> list[dict[str, str]]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        entries = [entry for page in pages for part in ("Versions", "DeleteMarkers") for entry in page.get(part, ())]
        ids = [entry.get("VersionId") for entry in entries if entry["Key"] == key]
        return [{"VersionId": version} if version and version != "null" else {} for version in ids] or [{}]

    def _is_named(self, key: str, names: Callable[[str], bool]) -> bool:
        return any(self._names_in(key, version, names) for version in self._versions(key))

    def _names_in(self, key: str, version: dict[str, str], names: Callable[[str], bool]) -> bool:
        try:
            stream: BinaryIO = self.client.get_object(Bucket=self.bucket, Key=key, **version)["Body"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "MethodNotAllowed", "404", "405"):
                return False  # a deletion marker
            raise
        return any(names(text) for text in _texts(stream))

    def _has_result(self, key: str) -> bool:
        """A file without `.csv` is never imported, so nothing waits for it."""
        if not key.endswith(".csv"):
            return True
        result = ImportFile(self.bucket, key).result_key("result.json")
        try:
            content = self.client.get_object(Bucket=self.bucket, Key=result)["Body"].read(_BLOCK)
            return "finished" in json.loads(content)
        except ClientError:
            return False
        except ValueError as error:
            raise Invalid(
                Message("{key} is no JSON; look at the object in the import bucket", key=result), "result"
            ) from error


def _texts(stream: BinaryIO) -> Iterator[str]:
    """The content in blocks that overlap, in each encoding of an import file."""
    tail = b""
    while block := stream.read(_BLOCK):
        content = tail + block
        yield content.decode("utf-8", "ignore")
        if not content.isascii():
            yield content.decode("cp932", "ignore")
        tail = content[-_OVERLAP:]
