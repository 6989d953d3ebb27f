"""The bucket into which SES puts each email that it receives. Its lifecycle deletes them after some days."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Invalid, NotFound, Transient
from sodate.messages import Message
from sodate.replies.mime import READ_BYTES

#: SES puts this object when a rule is made.
SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
#: The function may list the bucket, so S3 answers 404 for an object that is gone and 403 only for a broken permission.
_MISSING = {"404", "NoSuchKey", "NotFound"}
_EMPTY = {"416", "InvalidRange"}


@dataclass(frozen=True)
class RawEmail:
    """`content`: the email, or its beginning when `is_cut`. `at`: when SES stored it."""

    content: bytes
    is_cut: bool
    at: datetime


@dataclass(frozen=True)
class ReplyBucket:
    """`client` is boto3's S3 client."""

    client: Any
    name: str

    def keys_in(self, message: Any) -> list[str]:
        """Keys of the objects that an S3 notification names.

        Raises: `Invalid` for any other message, and for a notification of another bucket.
        """
        try:
            if message.get("Event") == "s3:TestEvent":
                return []
            objects = [record["s3"] for record in message["Records"]]
            found = [(str(one["bucket"]["name"]), unquote_plus(str(one["object"]["key"]))) for one in objects]
        except (KeyError, TypeError, AttributeError) as error:
            raise Invalid(Message("no notification of S3: {name}", name=type(error).__name__), "message") from error
        if any(bucket != self.name for bucket, _ in found):
            raise Invalid(Message("a notification of another bucket"), "message")
        return [key for _, key in found]

    def read(self, key: str) -> RawEmail:
        """The beginning of an email of any size.

        Raises: `NotFound` when it is not there (any more), `Transient` when S3 does not answer.
        """
        answer = self._ask("get_object", Key=key, Range=f"bytes=0-{READ_BYTES - 1}")
        try:
            content: bytes = answer["Body"].read(READ_BYTES)
        except (BotoCoreError, OSError) as error:
            raise Transient(Message("S3 did not answer: {name}", name=type(error).__name__)) from error
        size = str(answer.get("ContentRange", "")).rpartition("/")[2]
        return RawEmail(content, size.isdigit() and int(size) > len(content), answer["LastModified"])

    def delete(self, key: str) -> None:
        """Also for one that is not there. Raises: `Transient`."""
        self._ask("delete_object", Key=key)

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self.client, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _MISSING or code in _EMPTY:
                raise NotFound(Message("the email is not there (any more)")) from error
            raise Transient(Message("S3 did not answer: {code}", code=code)) from error
        except BotoCoreError as error:
            raise Transient(Message("S3 did not answer: {name}", name=type(error).__name__)) from error
