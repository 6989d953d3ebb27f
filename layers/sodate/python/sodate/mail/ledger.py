"""The life of one send, as a total fold: whatever order events come in, the higher rank stands.

planned → sending → (unknown | failed | skipped) → sent → delayed → soft_bounced → delivered → bounced → complained

`sending` is written before the claim, so a crash anywhere after it leaves something to find. What we decided ourselves
(failed, skipped, unknown) ranks below what SES reports, so evidence corrects it. An out-of-office reply is a transient
bounce: it ranks below `delivered`.
"""

from dataclasses import dataclass
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
#: Reported on the bus as `SendSettled`.
SETTLED = FINAL | {"unknown"}


@dataclass(frozen=True)
class StepRef:
    """Which step of which run: everything the send id is made of."""

    lead_id: str
    sequence: str
    version: int
    step: int
    enrolment: str

    @property
    def send_id(self) -> str:
        return send_id("step", self.sequence, str(self.version), str(self.step), self.enrolment, self.lead_id)

    def message(self) -> dict[str, object]:
        return {
            "v": 1,
            "what": "step",
            "lead_id": self.lead_id,
            "sequence": self.sequence,
            "version": self.version,
            "step": self.step,
            "enrolment": self.enrolment,
        }


def send_id(*facts: str) -> str:
    """Deterministic, fits an SES tag: planning the same send twice is planning it once."""
    return sha256("\x1f".join(facts).encode()).hexdigest()[:32]
