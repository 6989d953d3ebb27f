"""SendRequest and SendSource: how a sequence, a broadcast or another source asks for marketing email.

`email.delivery.send_batch` runs the send protocol for the requests of one source. A new source implements `SendSource`
in its own room; nothing in `email` changes for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sodate.dynamodb.table import Condition, Update
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.store import SendItem
from sodate.leads.contact_state import ContactState, StepPosition
from sodate.leads.lead import Profile


@dataclass(frozen=True)
class SendRequest:
    """One planned email. `reference`: what its source knows it by.

    `time_zone`: the lead's, with which the email was planned (None: unknown). `earlier`: send ids of the attempts
    before this one, the latest first; empty for a first attempt. `goes_after`: the source whose email goes first.
    """

    lead_id: str
    send_id: str
    reference: Any
    time_zone: str | None
    valid_until: datetime
    earlier: tuple[str, ...] = ()
    goes_after: str | None = None


class SendSource(Protocol):
    """The source of a batch of requests about one topic."""

    @property
    def topic(self) -> str:
        """Consent topic that every email needs."""

    @property
    def ended(self) -> str:
        """Reason code of an email whose source has ended for the lead, for example `enrollment_ended`."""

    @property
    def skips_over_cap(self) -> bool:
        """Whether an email over a frequency cap is skipped at once; otherwise it is deferred until `valid_until`."""

    @property
    def guard(self) -> Guard:
        """The part of the claim that belongs to the source."""

    def parameters(self, request: SendRequest) -> dict[str, Any]:
        """Values of the guard's parameters."""

    def in_time_zone(self, request: SendRequest, time_zone: str | None) -> SendRequest:
        """The request as planned with another time zone of its lead."""

    def position(self, state: ContactState, request: SendRequest) -> StepPosition:
        """Where the lead is, relative to this email; after a rejected claim."""

    def still_wanted(self, request: SendRequest) -> Condition:
        """True while the email's source has not ended for this lead; for another attempt, after the state change."""

    def advance(self, request: SendRequest) -> Update:
        """The state change of an email that is skipped, conditional on its being the next one."""

    def undo_claim(self, request: SendRequest) -> Update:
        """Reverts the guard's actions, conditional on their being the latest."""

    def ledger_item(self, request: SendRequest, now: datetime) -> SendItem:
        """The ledger item, not settled yet. Its `name` is the name of the source."""

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        """The ledger item of an accepted email, as DynamoDB JSON."""

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        """The email; its tags are `send_id`, `lead_id`, `purpose` and `name`, the name of the source.

        Raises: `NotFound` or `Invalid`; the message becomes the reason of a failed send.
        """

    def retry_at(self, request: SendRequest, now: datetime) -> datetime | None:
        """When an email that cannot be composed is tried again; None: it has failed."""

    def after_failure(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """What follows for leads whose email has failed: it was not composed, or SES rejected it."""

    def plan(self, requests: Sequence[SendRequest], at: datetime, now: datetime) -> None:
        """Write due entries, so that these requests come again at `at`."""

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Write the due entries of the emails that follow these; called before their claims."""

    def watch(self, requests: Sequence[SendRequest], name: str, began: datetime, now: datetime) -> None:
        """Write the watch entry `name` (`email.delivery.watch`) from which the sweeper finds claimed requests without
        an outcome. An empty one closes it.
        """
