"""A confirmed opt-in starts every live sequence that asks for it, once a lead and sequence, pinned to its version."""

from collections.abc import Sequence as Several
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.consent.confirm import OnConfirmed, Reaction
from sodate.due import store as due
from sodate.leads.lead import Enrolment, State
from sodate.mail.message import Cohort, Run
from sodate.mail.sender import Mailing
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence
from sodate.table import keys, transaction


def on_opt_in(definitions: Definitions) -> OnConfirmed:
    def react(state: State, form_id: str | None, topics: Several[str], reference: str, now: datetime) -> Reaction:
        reaction = Reaction()
        mailing = parsed(definitions.live("mailing"), Mailing)
        for stored in definitions.all_live("sequence"):
            sequence = parsed(stored, Sequence)
            if starts(sequence, state, form_id, topics):
                enrolment = Enrolment(
                    id=activity_key(sequence.id, reference),
                    version=stored.version,
                    step=0,
                    since=keys.stamp(now),
                    steps=len(sequence.steps),
                )
                run = Run(state.lead_id, enrolment.id, now, state.zone)
                first = Cohort(sequence.id, stored.version, 0, (run,))
                at = due_at(sequence.steps[0], sequence, now, mailing=mailing, zone=state.zone)
                reaction.enrolments[sequence.id] = enrolment
                entry = due.due_item(at, lane_of(sequence), "steps", first.id, first.message(), now)
                reaction.puts.append(transaction.Put(entry))
        return reaction

    return react


def starts(sequence: Sequence, state: State, form_id: str | None, topics: Several[str]) -> bool:
    wanted_form = not sequence.start.forms or form_id in sequence.start.forms
    return (
        sequence.status == "running"
        and wanted_form
        and sequence.topic in topics
        and sequence.id not in state.enrolments
    )
