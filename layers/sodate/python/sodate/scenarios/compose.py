"""Composes one lead's step mail for SES: rendered, tagged with its send, with both one-click unsubscribe headers."""

from dataclasses import dataclass, field
from datetime import datetime

from sodate.consent.links import Links
from sodate.email.content.template import Template
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.lead import Profile
from sodate.messages import Message
from sodate.playbook.store import Definitions, Stored, parsed
from sodate.scenarios.program import Program


@dataclass
class StepComposer:
    """One template version for one batch: the ledger records the version that was rendered, even when another is
    published meanwhile.

    `version` is the template's version; 0 before the first email is composed.
    """

    definitions: Definitions
    links: Links
    stage: str
    program: Program
    mailing: Mailing
    version: int = 0
    _templates: dict[str, Stored] = field(default_factory=dict)

    def compose(
        self, batch: EnrollmentBatch, enrollment: EnrollmentRef, profile: Profile | None, now: datetime
    ) -> OutgoingEmail:
        """The reason of an error is stored in the ledger.

        Raises:
            NotFound: the lead or the template does not exist.
            Invalid: the template cannot be rendered, or is not for the topic of the step.
        """
        if profile is None:
            raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=enrollment.lead_id))
        step = self.program.send_at(batch.step)
        topic = self.program.topic_of(step)
        template = self._template(step.send, topic)
        send_id = batch.ref(enrollment).send_id
        tags = {
            "send_id": send_id,
            "lead_id": enrollment.lead_id,
            "purpose": "marketing",
            "sequence": self.program.id,
            "step": step.id,
            "stage": self.stage,
        }
        email = MarketingEmail(template, topic, self.mailing, self.links, variables=step.variables)
        return email.compose(profile, send_id, tags, now)

    def _template(self, name: str, topic: str) -> Template:
        if name not in self._templates:
            self._templates[name] = self.definitions.live("template", name)
        stored = self._templates[name]
        self.version = stored.version
        template = parsed(stored, Template)
        if template.purpose != "marketing" or template.topic != topic:
            raise Invalid(Message("template {id} is not for topic {topic}", id=template.id, topic=topic), "template")
        return template
