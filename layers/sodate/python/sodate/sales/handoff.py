"""LeadBecameHot → one owner, told once: at once or in their digest. At least once under redelivery, and it says so.

What was decided and told stands on the signal, so a redelivered event repeats only what is missing.
"""

from dataclasses import dataclass
from datetime import datetime

from sodate.dynamodb import keys
from sodate.sales.assign import Controller, assign
from sodate.sales.tell import Teller


@dataclass(frozen=True)
class Handoff:
    teller: Teller

    def hand_over(self, lead_id: str, signal_key: str, now: datetime) -> str:
        """What was done, in one word. Raises `Transient` when a chat should be tried again; the mail is on its way."""
        controller = Controller(self.teller.sales, self.teller.mailing)
        signal = assign(lead_id, signal_key, controller, now)
        if signal.answer is not None or signal.expired_at is not None:
            return "answered"
        if signal.held_until is not None and keys.stamp(now) < signal.held_until:
            return "held"
        told = self.teller.tell(signal, now)
        told.raise_failures()
        return "_and_".join(told.done) or "told"
