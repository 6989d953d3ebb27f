"""Test sends: the email of a broadcast to seed contacts, before its approval.

No lead, ledger, cap, rate or activity knows of them: the tag `purpose` is the one of a probe, whose events change
nothing (`email.events.apply_event`). The stored item says who tested which version, without addresses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_urlsafe

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.cells import variants_of, with_variant
from sodate.broadcasts.store import put_test
from sodate.consent.links import Links
from sodate.email.content.template import Template
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.probe import PURPOSE
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.ledger.states import send_id
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.errors import Conflict, Invalid
from sodate.leads.lead import Profile
from sodate.playbook.store import Definitions, parsed
from sodate.signing import Signer

MOST_ADDRESSES = 20
#: Lead id in the links of a test email.
_NOBODY = "test"


@dataclass(frozen=True)
class SeedTest:
    """`public_url`: of the stage. `person`: who tests. `now` and `sleep`: of the clock."""

    definitions: Definitions
    mailer: SesMailer
    public_url: str
    person: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def send(self, broadcast_id: str, to: Sequence[str], like: Profile | None) -> list[tuple[str, Answer]]:
        """SES's answer per address, and per variant of an experiment.

        `to` empty: the seed contacts of the playbook. `like`: its values fill the email.

        Raises:
            NotFound: there is no such broadcast or template.
            Invalid: no address or too many, or the template needs values: give `like`.
            Conflict: sending is stopped.
        """
        stored = self.definitions.live("broadcast", broadcast_id)
        broadcast, mailing = parsed(stored, Broadcast), parsed(self.definitions.live("mailing"), Mailing)
        addresses = list(dict.fromkeys(to or mailing.seed_contacts))
        if not 1 <= len(addresses) <= MOST_ADDRESSES:
            raise Invalid(f"1 to {MOST_ADDRESSES} addresses: give --to, or `seed_contacts` in playbook.yaml")
        # A key that nobody keeps: the links of a test email unsubscribe nobody.
        links = Links(self.public_url, Signer([token_urlsafe(32)]))
        answered = []
        for variant in variants_of(broadcast):  # one SES call has one sender name
            template = parsed(self.definitions.live("template", variant.template or broadcast.template), Template)
            template = with_variant(template, variant)
            email = MarketingEmail(template, broadcast.topic, mailing, links, variant.sender_name)
            title = f"TEST {variant.id}" if broadcast.experiment else "TEST"
            outgoing = [self._compose(email, title, broadcast_id, address, like) for address in addresses]
            answered += list(zip(addresses, self._send(outgoing), strict=True))
        accepted = sum(answer.verdict is Verdict.ACCEPTED for _, answer in answered)
        version = self.definitions.live("template", broadcast.template).version
        put_test(broadcast_id, (stored.version, version), self.person, accepted, self.now())
        return answered

    def _compose(
        self, email: MarketingEmail, title: str, broadcast_id: str, address: str, like: Profile | None
    ) -> OutgoingEmail:
        profile = replace(like or Profile(_NOBODY, "", "", "ja"), lead_id=_NOBODY, mailbox=address, address=address)
        now = self.now()
        tags = {"purpose": PURPOSE, "broadcast": broadcast_id}
        composed = email.compose(profile, send_id("test", broadcast_id, title, address, now.isoformat()), tags, now)
        return replace(composed, subject=f"[{title}] {composed.subject}")

    def _send(self, outgoing: list[OutgoingEmail]) -> list[Answer]:
        rate_limit, answers = rate_limiter.load(), list[Answer]()
        for start in range(0, len(outgoing), rate_limit.bulk_size):
            slot = rate_limiter.wait_for_slot(rate_limit, self.now, self.sleep)
            if slot.at is None:
                raise Conflict(f"no email leaves now: {slot.stopped or 'every slot is taken; try again in a minute'}")
            answers += self.mailer.send_bulk(outgoing[start : start + rate_limit.bulk_size])
        return answers
