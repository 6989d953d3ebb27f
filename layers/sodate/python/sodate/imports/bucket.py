"""The import bucket: `imports/<name>.csv` with its mapping beside it goes in, `results/<name>.…` comes out.

What comes out lies under another prefix than what starts an import, so a result can never start one.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Invalid, NotFound, Transient

INCOMING, RESULTS = "imports/", "results/"
#: Whoever may not list a bucket is told 403 instead of 404.
_MISSING = {"404", "NoSuchKey", "NotFound", "403", "AccessDenied"}


@dataclass(frozen=True)
class Place:
    """`etag` is set in our own messages: the import goes on with the very file that it began with."""

    bucket: str
    key: str
    etag: str | None = None

    @property
    def mapping_key(self) -> str:
        return f"{self.key.removesuffix('.csv')}.mapping.yaml"

    def result_key(self, kind: str) -> str:
        return f"{RESULTS}{self.key.removeprefix(INCOMING).removesuffix('.csv')}.{kind}"


def places_of(message: Any) -> list[Place]:
    """Of an S3 notification, or of a message that an import sent to itself. Raises `Invalid`."""
    if not isinstance(message, dict):
        raise Invalid("neither a notification of S3 nor an import that goes on", "message")
    try:
        if "go_on" in message:
            return [Place(**message["go_on"])]
        if message.get("Event") == "s3:TestEvent":
            return []
        found = [record["s3"] for record in message["Records"]]
        return [Place(one["bucket"]["name"], unquote_plus(one["object"]["key"])) for one in found]
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"neither a notification of S3 nor an import that goes on: {error!r}", "message") from error


@dataclass(frozen=True)
class Bucket:
    """`client` is boto3's. What is not there is `NotFound`, what does not answer `Transient`."""

    client: Any

    def head(self, place: Place) -> dict[str, Any]:
        return dict(self._ask("head_object", Bucket=place.bucket, Key=place.key))

    def read(self, bucket: str, key: str, limit: int) -> bytes:
        """At most `limit` + 1 bytes, so that the caller sees what is too long."""
        try:
            content: bytes = self._ask("get_object", Bucket=bucket, Key=key)["Body"].read(limit + 1)
        except (BotoCoreError, OSError) as error:
            raise Transient(f"S3 did not answer: {type(error).__name__}") from error
        return content

    def open(self, place: Place, offset: int, size: int) -> BinaryIO:
        if offset >= size:
            return BytesIO()
        how = {"Range": f"bytes={offset}-", "IfMatch": place.etag}
        stream: BinaryIO = self._ask("get_object", Bucket=place.bucket, Key=place.key, **how)["Body"]
        return stream

    def write(self, place: Place, kind: str, content: bytes, content_type: str) -> None:
        where = {"Bucket": place.bucket, "Key": place.result_key(kind)}
        self._ask("put_object", **where, Body=content, ContentType=content_type)

    def _ask(self, operation: str, **what: Any) -> Any:
        try:
            return getattr(self.client, operation)(**what)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in ("412", "PreconditionFailed"):
                raise NotFound("the file was replaced while it was imported; the new one is imported anew") from error
            if code in _MISSING:
                raise NotFound(f"{what['Key'].rsplit('/', 1)[-1]} is not there (any more)") from error
            raise Transient(f"S3 did not answer: {code}") from error
        except BotoCoreError as error:
            raise Transient(f"S3 did not answer: {type(error).__name__}") from error
