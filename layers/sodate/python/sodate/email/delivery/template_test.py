"""Test sends of one template: the live version, with an example's values, to seed contacts.

The stored item says who tested which version, without addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.email.content.template import Template
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.seed_send import Compose, SeedSender, addresses_of
from sodate.email.delivery.ses import Answer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.delivery.store import put_template_test
from sodate.email.delivery.transactional import OptInEmail
from sodate.email.mailing import Mailing
from sodate.leads.lead import Profile
from sodate.playbook.store import Definitions, parsed

_FORM_TITLE = "(title of the form)"


@dataclass(frozen=True)
class TemplateTest:
    """`person`: who tests."""

    definitions: Definitions
    sender: SeedSender
    person: str

    def send(self, template_id: str, to: Sequence[str], like: Profile | None) -> list[tuple[str, Answer]]:
        """SES's answer per address. `to` empty: the seed contacts of the playbook. `like`: its values fill the email.

        Raises:
            NotFound: there is no such template.
            Invalid: no address or too many, or the template needs values: give `like`.
            Conflict: sending is stopped.
        """
        stored = self.definitions.live("template", template_id)
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        addresses = addresses_of(to, mailing)
        compose = self._compose(parsed(stored, Template), mailing)
        answers = self.sender.send(compose, addresses, like, ("template", template_id))
        accepted = sum(answer.verdict is Verdict.ACCEPTED for answer in answers)
        put_template_test(template_id, stored.version, self.person, accepted, self.sender.now())
        return list(zip(addresses, answers, strict=True))

    def _compose(self, template: Template, mailing: Mailing) -> Compose:
        links = self.sender.links
        if template.topic is not None:
            return MarketingEmail(template, template.topic, mailing, links).compose
        email = OptInEmail(template, mailing)
        return lambda profile, send_id, tags, now: email.compose(
            profile, links.opt_in(profile.lead_id, "test", now), _FORM_TITLE, send_id, tags
        )
