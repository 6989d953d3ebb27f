"""Removes the messages of dead-letter queues that name an erased lead. The others become visible again at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sodate.errors import Transient
from sodate.messages import Message

#: Of one queue. What lies deeper is gone after 14 days at the latest, the longest life of a message.
MOST_MESSAGES = 10_000
_HIDDEN_SECONDS = 300
_A_CALL = 10


@dataclass(frozen=True)
class DeadLetters:
    """`client` is boto3's SQS client. `urls`: of the dead-letter queues. `wait_seconds`: for messages of all hosts."""

    client: Any
    urls: Sequence[str]
    wait_seconds: int = 1

    def count(self, names: Callable[[str], bool]) -> int:
        """How many messages name the lead; nothing is removed. `names`: whether a body does."""
        return sum(self._of_queue(url, names, remove=False) for url in self.urls)

    def remove(self, names: Callable[[str], bool]) -> int:
        """How many were removed. Raises: `Transient`."""
        return sum(self._of_queue(url, names, remove=True) for url in self.urls)

    def _of_queue(self, url: str, names: Callable[[str], bool], *, remove: bool) -> int:
        others, matches = [], 0
        try:
            for message in self._messages(url):
                is_match = names(message["Body"])
                matches += is_match
                if is_match and remove:
                    self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                else:
                    others.append(message["ReceiptHandle"])
            for receipt in others:
                self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
        except (ClientError, BotoCoreError) as error:
            raise Transient(
                Message(
                    "a dead-letter queue cannot be read ({reason}); run the same command again later",
                    reason=type(error).__name__,
                )
            ) from error
        return matches

    def _messages(self, url: str) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        while len(seen) < MOST_MESSAGES:
            reply = self.client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_A_CALL,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=self.wait_seconds,
            )
            fresh = [message for message in reply.get("Messages", ()) if message["MessageId"] not in seen]
            if not fresh:
                return
            seen |= {message["MessageId"] for message in fresh}
            yield from fresh
