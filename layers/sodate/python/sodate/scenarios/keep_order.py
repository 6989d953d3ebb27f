"""Which emails of a batch wait for an email of a scenario that goes before. Reads STATE only where there is one."""

from datetime import datetime

from sodate.email.delivery.message import EnrollmentBatch
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.leads.store import states_of
from sodate.playbook.store import Definitions, DefinitionUnreadable, parsed
from sodate.scenarios.precedence import EmailOrder, emails_before, may_wait, waits_for
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, program


def waiting_emails(
    definitions: Definitions, batch: EnrollmentBatch, topic: str, mailing: Mailing, now: datetime
) -> dict[str, str]:
    """By lead: the scenario for whose email the lead's one waits."""
    order = parsed(definitions.live("mailing"), EmailOrder).email_order
    if not may_wait(batch.sequence, order):
        return {}

    def program_of(name: str, version: int) -> Program | None:
        """A definition that cannot be read holds up no email of another scenario."""
        try:
            return program(definitions, name, version) if live_program(definitions, name).is_published else None
        except (NotFound, DefinitionUnreadable):
            return None

    waiting = {}
    for lead_id, state in states_of(one.lead_id for one in batch.enrollments).items():
        if batch.sequence in state.enrollments:
            before = emails_before(batch.sequence, order, state, program_of, mailing)
            if (scenario := waits_for(state, topic, before, mailing, now)) is not None:
                waiting[lead_id] = scenario
    return waiting
