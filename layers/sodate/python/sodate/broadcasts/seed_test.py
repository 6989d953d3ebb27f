"""Test sends: the email of a broadcast to seed contacts, before its approval.

The stored item says who tested which version, without addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.cells import variants_of, with_variant
from sodate.broadcasts.store import put_test
from sodate.email.content.template import Template
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.seed_send import SeedSender, addresses_of
from sodate.email.delivery.ses import Answer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.mailing import Mailing
from sodate.leads.lead import Profile
from sodate.playbook.store import Definitions, parsed


@dataclass(frozen=True)
class SeedTest:
    """`person`: who tests."""

    definitions: Definitions
    sender: SeedSender
    person: str

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
        addresses, links, answered = addresses_of(to, mailing), self.sender.links, list[tuple[str, Answer]]()
        for variant in variants_of(broadcast):  # one SES call has one sender name
            template = parsed(self.definitions.live("template", variant.template or broadcast.template), Template)
            template = with_variant(template, variant)
            email = MarketingEmail(template, broadcast.topic, mailing, links, variant.sender_name, broadcast.variables)
            title = f"TEST {variant.id}" if broadcast.experiment else "TEST"
            answers = self.sender.send(email.compose, addresses, like, ("broadcast", broadcast_id), title)
            answered += list(zip(addresses, answers, strict=True))
        accepted = sum(answer.verdict is Verdict.ACCEPTED for _, answer in answered)
        version = self.definitions.live("template", broadcast.template).version
        put_test(broadcast_id, (stored.version, version), self.person, accepted, self.sender.now())
        return answered
