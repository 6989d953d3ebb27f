"""LeadBecameHot: assign one owner and notify them, at once or in their digest. At least once per channel.

The signal records assignment and notifications, so a redelivered event repeats only what is missing.
"""

from dataclasses import dataclass
from datetime import datetime

from sodate.dynamodb import keys
from sodate.sales.assign import SalesPolicy, assign
from sodate.sales.notify import SalesNotifier


@dataclass(frozen=True)
class Handoff:
    notifier: SalesNotifier

    def hand_over(self, lead_id: str, signal_key: str, now: datetime) -> str:
        """Assign an owner and notify them.

        Returns the outcome: `answered` (sales gave feedback, or the signal expired), `waits_for_digest`, or the
        channels that were notified, such as `mail_and_webhook`.

        Raises: `Transient` or `Invalid` when a channel failed (the email is planned by then), `NotFound`.
        """
        policy = SalesPolicy(self.notifier.sales, self.notifier.mailing)
        signal = assign(lead_id, signal_key, policy, now)
        if signal.feedback is not None or signal.expired_at is not None:
            return "answered"
        if signal.digest_at is not None and keys.stamp(now) < signal.digest_at:
            return "waits_for_digest"
        result = self.notifier.notify(signal, now)
        result.raise_failures()
        return "_and_".join(result.done) or "notified"
