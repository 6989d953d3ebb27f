"""The states of one send, as a total fold: in any order of events, the state with the higher rank wins.

planned → sending → (unknown | failed | skipped) → sent → delayed → soft_bounced → delivered → bounced → complained

A step mail is `sending` from its claim (which advances the enrollment on STATE) until its ledger item is written; a
watch entry in the due index lets the sweeper find those without an outcome (docs/decisions/0040). A transactional
email has `sending` in its item. States that we decide ourselves (failed, skipped, unknown) rank below those that SES
reports, so evidence corrects them. An out-of-office reply is a transient bounce: it ranks below `delivered`.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from sodate.leads.contact_state import Visit

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

#: Name of step mails in the ledger; other sources of marketing email have names of their own.
STEP = "step"
BROADCAST = "broadcast"

#: Names of transactional emails whose recipient is a person of sales, not the lead.
HANDOFF, REPLY_FORWARD = "handoff", "reply_forward"
TO_SALES = frozenset({HANDOFF, REPLY_FORWARD})

#: Our own code never changes a send in these states.
FINAL = frozenset(RANK) - {"planned", "sending", "unknown"}
#: The send did not end in a delivery: reported on the bus as `SendSettled`.
EXCEPTIONAL = frozenset({"skipped", "failed", "unknown", "rejected", "bounced", "complained"})


@dataclass(frozen=True)
class StepRef:
    """Step of an enrollment, and attempt: everything the send id is derived from.

    `sequence`: the name of the enrollment (`leads.contact_state.name_of`). `visit`: of the step of a scenario, of
    which only the number counts; None in a sequence. Another attempt is a separate send, so that SES's events
    distinguish the attempts.
    """

    lead_id: str
    sequence: str
    version: int
    step: int
    enrollment_id: str
    attempt: int = 1
    visit: Visit | None = None

    @property
    def send_id(self) -> str:
        visit = () if self.visit is None else ("visit", str(self.visit.number))
        step = (self.sequence, str(self.version), str(self.step), *visit)
        first = send_id("step", *step, self.enrollment_id, self.lead_id)
        return first if self.attempt == 1 else send_id("attempt", str(self.attempt), first)

    @property
    def earlier(self) -> "list[StepRef]":
        """The attempts before this one, the latest first."""
        return [replace(self, attempt=number) for number in range(self.attempt - 1, 0, -1)]


def send_id(*facts: str) -> str:
    """Deterministic id of 32 hex digits, valid as an SES tag. Planning the same send twice has no further effect."""
    return sha256("\x1f".join(facts).encode()).hexdigest()[:32]
