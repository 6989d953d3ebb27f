"""The import bucket: input is `imports/<name>.csv` with its mapping beside it, output is `results/<name>.…`.

Input and output have different prefixes, so a result never starts an import.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Invalid, NotFound, Transient
from sodate.messages import Message

INCOMING, RESULTS = "imports/", "results/"
#: S3 returns 403 instead of 404 to a caller without permission to list the bucket.
_MISSING = {"404", "NoSuchKey", "NotFound", "403", "AccessDenied"}


@dataclass(frozen=True)
class ImportFile:
    """A CSV object in the bucket. `etag` is set in continuation messages: they must refer to the same content."""

    bucket: str
    key: str
    etag: str | None = None

    @property
    def mapping_key(self) -> str:
        return f"{self.key.removesuffix('.csv')}.mapping.yaml"

    def result_key(self, kind: str) -> str:
        return f"{RESULTS}{self.key.removeprefix(INCOMING).removesuffix('.csv')}.{kind}"


def files_in(message: Any) -> list[ImportFile]:
    """Files named by an S3 notification or by a continuation message of an import.

    Raises: `Invalid`.
    """
    if not isinstance(message, dict):
        raise Invalid(Message("neither a notification of S3 nor an import that goes on"), "message")
    try:
        if "go_on" in message:
            return [ImportFile(**message["go_on"])]
        if message.get("Event") == "s3:TestEvent":
            return []
        objects = [record["s3"] for record in message["Records"]]
        return [ImportFile(one["bucket"]["name"], unquote_plus(one["object"]["key"])) for one in objects]
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid(
            Message("neither a notification of S3 nor an import that goes on: {error!r}", error=error), "message"
        ) from error


@dataclass(frozen=True)
class Bucket:
    """`client` is boto3's S3 client. A missing object raises `NotFound`, any other failure `Transient`."""

    client: Any

    def head(self, file: ImportFile) -> dict[str, Any]:
        return dict(self._ask("head_object", Bucket=file.bucket, Key=file.key))

    def read(self, bucket: str, key: str, limit: int) -> bytes:
        """Read at most `limit` + 1 bytes, so that the caller can detect an object that is too long."""
        try:
            content: bytes = self._ask("get_object", Bucket=bucket, Key=key)["Body"].read(limit + 1)
        except (BotoCoreError, OSError) as error:
            raise Transient(Message("S3 did not answer: {name}", name=type(error).__name__)) from error
        return content

    def open(self, file: ImportFile, offset: int, size: int) -> BinaryIO:
        if offset >= size:
            return BytesIO()
        arguments = {"Range": f"bytes={offset}-", "IfMatch": file.etag}
        stream: BinaryIO = self._ask("get_object", Bucket=file.bucket, Key=file.key, **arguments)["Body"]
        return stream

    def write(self, file: ImportFile, kind: str, content: bytes, content_type: str) -> None:
        target = {"Bucket": file.bucket, "Key": file.result_key(kind)}
        self._ask("put_object", **target, Body=content, ContentType=content_type)

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self.client, operation)(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in ("412", "PreconditionFailed"):
                raise NotFound(
                    Message("the file was replaced while it was imported; the new one is imported anew")
                ) from error
            if code in _MISSING:
                raise NotFound(
                    Message("{rsplit} is not there (any more)", rsplit=arguments["Key"].rsplit("/", 1)[-1])
                ) from error
            raise Transient(Message("S3 did not answer: {code}", code=code)) from error
        except BotoCoreError as error:
            raise Transient(Message("S3 did not answer: {name}", name=type(error).__name__)) from error
