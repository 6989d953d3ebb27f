"""One email to people of the company: under which id and day it is claimed, to whom it goes, and how it is made."""

from collections.abc import Callable
from dataclasses import dataclass

from sodate.reports.email_page import ReportEmail
from sodate.reports.store import DeliveryState, deliveries, recipient_key


@dataclass(frozen=True)
class Mailout:
    """`first_day`: of the period that it is about; with the id and the recipient it is sent once."""

    id: str
    to: tuple[str, ...]
    first_day: str
    compose: Callable[[], ReportEmail]

    def waiting(self) -> list[str]:
        """Recipients to whom it did not leave yet, as far as is known; `claim` decides."""
        known = {one.recipient: one.state for one in deliveries(self.id) if one.first_day == self.first_day}
        free = (None, DeliveryState.DEFERRED)
        return [address for address in self.to if known.get(recipient_key(address)) in free]
