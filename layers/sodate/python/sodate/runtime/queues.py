"""Puts messages on SQS queues."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sodate.errors import Transient
from sodate.messages import Message
from sodate.runtime.settings import Settings

_MESSAGES_PER_CALL = 10


class Queues:
    """`sqs` returns the client of SQS."""

    def __init__(self, settings: Settings, sqs: Callable[[], Any]) -> None:
        self._settings = settings
        self._sqs = sqs

    def enqueue(self, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        """Put messages on the send queue.

        Raises: `Transient` when SQS did not accept all of them.
        """
        self.put(self._settings.send_queue, messages, delay_seconds)

    def put(self, queue: str, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        """Put messages on a queue, ten per call. `queue`: its URL.

        Raises: `Transient` when SQS did not accept all of them.
        """
        put_on_queue(self._sqs(), queue, messages, delay_seconds)

    def deliver_event_again(self, body: str, delay_seconds: int) -> None:
        """Put an event of SES on its queue once more. The message that it came with is finished after that, so a crash
        in between gives two of them, and never none.

        Raises: `Transient` when SQS did not accept it.
        """
        _put_bodies(self._sqs(), self._settings.event_queue, [body], delay_seconds)

    def has_event_letters(self) -> bool:
        """True when the dead-letter queue of `email_events` contains SES events."""
        queue, name = self._settings.event_dead_letter_queue, "ApproximateNumberOfMessages"
        reply = self._sqs().get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
        return int(reply["Attributes"][name]) > 0


def put_on_queue(sqs: Any, queue: str, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
    """Put messages on a queue, ten per call.

    Raises: `Transient` when SQS did not accept all of them.
    """
    _put_bodies(sqs, queue, [json.dumps(message) for message in messages], delay_seconds)


def _put_bodies(sqs: Any, queue: str, bodies: Sequence[str], delay_seconds: int) -> None:
    for start in range(0, len(bodies), _MESSAGES_PER_CALL):
        entries = [
            {"Id": str(index), "MessageBody": body, "DelaySeconds": delay_seconds}
            for index, body in enumerate(bodies[start : start + _MESSAGES_PER_CALL])
        ]
        reply = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if reply.get("Failed"):
            raise Transient(
                Message(
                    "the queue {queue} rejected {messages_count} messages; run the same command again later",
                    queue=queue.rsplit("/", 1)[-1],
                    messages_count=len(reply["Failed"]),
                )
            )
