"""Receives one email: read, judge, match, then one write. Redelivery, copies and crashes change nothing.

The raw email stays in the bucket only while something needs it: the forward to the owner, or a person.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.activities.activity import activity_key
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.messages import Message
from sodate.replies.bucket import SETUP, ReplyBucket
from sodate.replies.inbound_email import InboundEmail, read_email
from sodate.replies.judgement import Flag, Judgement, Verdict, judge
from sodate.replies.match import How, Match, Matcher, NoMatch
from sodate.replies.record import Record, record_by_sales
from sodate.replies.store import Arrival, list_for_a_person


@dataclass(frozen=True)
class ReceiveEmail:
    """`owners`: ids of the owners of sales, for their BCC addresses."""

    bucket: ReplyBucket
    matcher: Matcher
    mailing: Mailing
    owners: Callable[[], Sequence[str]]
    now: datetime

    def receive(self, body: str) -> dict[str, int]:
        """Process one queue message. Returns outcome names with the number of emails.

        Raises: `Invalid` for a malformed message, `Transient` when the message must be redelivered.
        """
        try:
            message = json.loads(body)
        except ValueError as error:
            raise Invalid(Message("the message is no JSON"), "message") from error
        outcomes: dict[str, int] = {}
        for key in self.bucket.keys_in(message):
            outcome = self._object(key)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        return outcomes or {"nothing": 1}

    def _object(self, key: str) -> str:
        if key.endswith(SETUP):
            self.bucket.delete(key)
            return "setup"
        try:
            raw = self.bucket.read(key)
        except NotFound:
            return "gone"
        email = read_email(raw.content, is_cut=raw.is_cut)
        arrival = Arrival(_key(email, key), key, min(raw.at, self.now))
        outcome, is_needed = self._act(email, arrival)
        if not is_needed:
            self.bucket.delete(key)
        return outcome

    def _act(self, email: InboundEmail, arrival: Arrival) -> tuple[str, bool]:
        """The outcome, and whether the raw email is still needed."""
        if email.sender == self.mailing.sender.from_address.lower() or self.matcher.addresses.is_ours(email.sender):
            return "own_email", False
        owner = self.matcher.addresses.owner_in(email.addressed, self.owners())
        if owner is not None:
            leads = (self.matcher.lead_of(address) for address in email.recipients)
            return record_by_sales(owner, [lead for lead in leads if lead], arrival), False
        judged, match = judge(email), self.matcher.find(email, self.now)
        if isinstance(match, NoMatch):
            return self._without_lead(judged, match, arrival)
        return self._of_lead(email, judged, match, arrival)

    def _without_lead(self, judged: Judgement, match: NoMatch, arrival: Arrival) -> tuple[str, bool]:
        if match.reason == "erased":
            return "erased", False
        if judged.verdict not in (Verdict.REPLY, Verdict.FORWARDED):
            return judged.verdict.value, False
        is_listed = list_for_a_person(arrival, replace(judged, reason=match.reason), None)
        return "unmatched" if is_listed else "over_ceiling", is_listed

    def _of_lead(
        self, email: InboundEmail, judged: Judgement, match: Match, arrival: Arrival
    ) -> tuple[str, bool]:  # fmt: skip
        match judged.verdict:
            case Verdict.BOUNCE | Verdict.AUTO:
                return judged.verdict.value, False
            case Verdict.SPAM | Verdict.FORWARDED:
                if judged.verdict is Verdict.SPAM and (match.how is How.ADDRESS or judged.reason == "virus"):
                    return judged.verdict.value, False
                is_listed = list_for_a_person(arrival, judged, match.lead_id)
                return judged.verdict.value if is_listed else "over_ceiling", is_listed
            case Verdict.OUT_OF_OFFICE:
                return Record(judged, match, arrival).write().outcome, False
        if not match.is_own:
            judged = replace(judged, flags=(Flag.OTHER_ADDRESS, *judged.flags))
        if Flag.ASKS_TO_STOP in judged.flags:
            return self._opt_out(judged, match, arrival), False
        needs_person = Flag.MENTIONS_STOP in judged.flags and list_for_a_person(arrival, judged, match.lead_id)
        policy = self.mailing.replies
        written = Record(judged, match, arrival).write(
            forwards=policy.forwards_per_day if policy.forward else 0,
            text=email.words.text if policy.store_body else None,
            kept=timedelta(days=policy.retention_days),
        )
        return written.outcome, needs_person or written.keeps_raw

    def _opt_out(self, judged: Judgement, match: Match, arrival: Arrival) -> str:
        """The opt-out comes first, so that a crash repeats it. It is no interest, so it is no reply activity."""
        reference = match.send.send_id if match.send else f"reply-{arrival.key}"
        try:
            unsubscribe(OptOut(match.lead_id, reference, None, "reply"), self.now, self.mailing.retention)
        except NotFound:
            return "erased"
        return "opt_out"


def _key(email: InboundEmail, object_key: str) -> str:
    """Mail systems deliver a copy when they saw no answer; it has the Message-ID of the first."""
    return activity_key("inbound", email.sender, email.message_id) if email.message_id else activity_key(object_key)
