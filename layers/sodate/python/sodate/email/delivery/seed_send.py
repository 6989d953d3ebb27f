"""Test sends to seed contacts: emails that no lead, ledger, cap, rate or activity knows of.

The tag `purpose` is the one of a probe, whose events change nothing (`email.events.apply_event`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from secrets import token_urlsafe

from sodate.consent.links import Links
from sodate.email.delivery.probe import PURPOSE
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.ledger.states import send_id
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.errors import Conflict, Invalid
from sodate.leads.lead import Profile
from sodate.messages import Message
from sodate.signing import Signer

MOST_ADDRESSES = 20
#: Lead id in the links of a test email.
_NOBODY = "test"

#: (profile, send id, tags, now) → the email, as `MarketingEmail.compose`.
Compose = Callable[[Profile, str, dict[str, str], datetime], OutgoingEmail]


@dataclass(frozen=True)
class SeedSender:
    """`public_url`: of the stage. `now` and `sleep`: of the clock."""

    mailer: SesMailer
    public_url: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    #: A key that nobody keeps: the links of a test email unsubscribe nobody.
    signer: Signer = field(default_factory=lambda: Signer([token_urlsafe(32)]))

    @property
    def links(self) -> Links:
        return Links(self.public_url, self.signer)

    def send(
        self, compose: Compose, to: Sequence[str], like: Profile | None, of: tuple[str, str], title: str = "TEST"
    ) -> list[Answer]:
        """SES's answer per address. `like`: its values fill the email. `of`: what is tested, for the tags.

        Raises:
            Invalid: the email needs values: give `like`.
            Conflict: sending is stopped.
        """
        outgoing = []
        for address in to:
            profile = replace(like or Profile(_NOBODY, "", "", "ja"), lead_id=_NOBODY, mailbox=address, address=address)
            now = self.now()
            tags = {"purpose": PURPOSE, of[0]: of[1]}
            composed = compose(profile, send_id("test", *of, title, address, now.isoformat()), tags, now)
            outgoing.append(replace(composed, subject=f"[{title}] {composed.subject}"))
        return self._send(outgoing)

    def _send(self, outgoing: list[OutgoingEmail]) -> list[Answer]:
        rate_limit, answers = rate_limiter.load(), list[Answer]()
        for start in range(0, len(outgoing), rate_limit.bulk_size):
            slot = rate_limiter.wait_for_slot(rate_limit, self.now, self.sleep)
            if slot.at is None:
                raise Conflict(
                    Message("no email leaves now: {why}; see `sodate doctor`", why=slot.stopped)
                    if slot.stopped
                    else Message("no email leaves now: every slot is taken; try again in a minute")
                )
            answers += self.mailer.send_bulk(outgoing[start : start + rate_limit.bulk_size])
        return answers


def addresses_of(to: Sequence[str], mailing: Mailing) -> list[str]:
    """`to`, or the seed contacts of the playbook, each once.

    Raises: `Invalid` for none or too many.
    """
    addresses = list(dict.fromkeys(to or mailing.seed_contacts))
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        raise Invalid(
            Message("1 to {most} addresses: give --to, or `seed_contacts` in playbook.yaml", most=MOST_ADDRESSES)
        )
    return addresses
