"""The life of one send, as a total fold: whatever order events come in, the higher rank stands.

planned → sending → (unknown | failed | skipped) → sent → delayed → soft_bounced → delivered → bounced → complained

A step mail is `sending` from its claim (which advances the enrollment on STATE) until its ledger item is written; a
watch entry in the due index leads the sweeper to what stays there (docs/decisions/0040). A transactional
email says `sending` in its item. What we decided ourselves (failed, skipped, unknown) ranks below what SES reports, so
evidence corrects it. An out-of-office reply is a transient bounce: it ranks below `delivered`.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

SendState = Literal[
    "planned", "sending", "skipped", "failed", "unknown", "sent", "delayed", "soft_bounced", "delivered",
    "rejected", "bounced", "complained",
]  # fmt: skip

RANK: dict[str, int] = {
    "planned": 0,
    "sending": 10,
    "skipped": 20,
    "failed": 22,
    "unknown": 24,
    "sent": 30,
    "delayed": 40,
    "soft_bounced": 45,
    "delivered": 50,
    "rejected": 55,
    "bounced": 60,
    "complained": 70,
}

#: Once here, our own code never touches the send again.
FINAL = frozenset(RANK) - {"planned", "sending", "unknown"}
#: A mail ended otherwise than it should: reported on the bus as `SendSettled`.
EXCEPTIONAL = frozenset({"skipped", "failed", "unknown", "rejected", "bounced", "complained"})


@dataclass(frozen=True)
class StepRef:
    """Which step of which run, and which attempt: everything the send id is made of.

    Another attempt is a send of its own, so that SES's events tell the attempts apart.
    """

    lead_id: str
    sequence: str
    version: int
    step: int
    enrollment_id: str
    attempt: int = 1

    @property
    def send_id(self) -> str:
        first = send_id("step", self.sequence, str(self.version), str(self.step), self.enrollment_id, self.lead_id)
        return first if self.attempt == 1 else send_id("attempt", str(self.attempt), first)

    @property
    def earlier(self) -> "list[StepRef]":
        """The attempts before this one, the latest first."""
        return [replace(self, attempt=number) for number in range(self.attempt - 1, 0, -1)]


def send_id(*facts: str) -> str:
    """Deterministic, fits an SES tag: planning the same send twice is planning it once."""
    return sha256("\x1f".join(facts).encode()).hexdigest()[:32]
