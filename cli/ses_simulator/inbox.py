"""SES as the receiver of one domain: it stores each email under a key of its own; S3 tells whoever reads the bucket.

Kept of SES: email for another domain is not taken, since no MX record leads it here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ses_simulator.inbound import Answer, Findings, as_received, raw_answer
from ses_simulator.message import Message

#: As the receipt rule of the stage has it.
PREFIX = "inbound/"
_CLEAN = Findings()


class NotReceived(ValueError):
    """SES takes no email for this address; the message says why."""


@dataclass(slots=True)
class Inbox:
    """`domain` is empty, and nothing is received, until the stage is known. `store(key, content)` raises OSError."""

    domain: str = ""
    store: Callable[[str, bytes], None] | None = None

    def receive_answer(self, message: Message, answer: Answer, at: datetime, findings: Findings = _CLEAN) -> str:
        """Store what a person answers to `message`; the key of the object.

        Raises: `NotReceived`, `OSError` when the bucket does not take it.
        """
        recipient = answer.to or (message.reply_to[0] if message.reply_to else message.sender_address)
        raw = raw_answer(message, answer, at)
        return self.receive(raw, recipient, answer.sender or message.recipient, at, findings)

    def receive(self, raw: bytes, recipient: str, sender: str, at: datetime, findings: Findings = _CLEAN) -> str:
        """As `receive_answer`, for any email."""
        if self.store is None or not self.domain:
            raise NotReceived("the stage receives no email")
        if recipient.rpartition("@")[2].lower() != self.domain:
            raise NotReceived(f"an answer goes to {recipient}, a mailbox outside of Sodate; SES receives {self.domain}")
        key = PREFIX + hashlib.sha256(raw).hexdigest()[:40]
        self.store(key, as_received(raw, recipient, at, sender, findings))
        return key


#: What the absence note of a mail system says, in its headers and its words (RFC 3834).
ABSENCE_HEADERS = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


def absence_note(text: str, sender: str | None = None) -> Answer:
    return Answer(text, sender, subject="自動応答: 不在のお知らせ", headers=ABSENCE_HEADERS, quotes=False)
