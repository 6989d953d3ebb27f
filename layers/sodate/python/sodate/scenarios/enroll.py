"""A confirmed opt-in enrolls the lead in every live sequence that it starts: once per lead and sequence.

An enrollment stays with the version of the sequence that was live when it began.
"""

from collections.abc import Sequence as Values
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.consent.confirm import OnConfirmed, Reaction
from sodate.dynamodb import keys
from sodate.dynamodb.table import Put, Write
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.store import enrollments_unchanged, state_change
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence
from sodate.scheduling import store as due


def on_opt_in(definitions: Definitions) -> OnConfirmed:
    def react(state: ContactState, form_id: str | None, topics: Values[str], reference: str, now: datetime) -> Reaction:
        reaction = Reaction()
        mailing = parsed(definitions.live("mailing"), Mailing)
        for stored in definitions.all_live("sequence"):
            sequence = parsed(stored, Sequence)
            if starts(sequence, state, form_id, topics):
                enrollment = Enrollment(
                    id=activity_key(sequence.id, reference),
                    version=stored.version,
                    step=0,
                    since=keys.stamp(now),
                    steps=len(sequence.steps),
                )
                ref = EnrollmentRef(state.lead_id, enrollment.id, now, state.zone)
                first = EnrollmentBatch(sequence.id, stored.version, 0, (ref,))
                at = due_at(sequence.steps[0], sequence, now, mailing=mailing, time_zone=state.zone)
                reaction.enrollments[sequence.id] = enrollment
                entry = due.due_item(at, lane_of(sequence), first.id, first, now)
                reaction.puts.append(Put(entry))
        return reaction

    return react


def enroll_again(
    definitions: Definitions, state: ContactState, sequence_id: str, reference: str, now: datetime
) -> list[Write] | str:
    """Enroll a lead in a sequence again. Returns the writes, or the reason code when the lead may not be enrolled.

    `reference` makes it idempotent. The writes fail when consent or enrollment changes meanwhile.
    """
    stored = definitions.live("sequence", sequence_id)
    sequence, mailing = parsed(stored, Sequence), parsed(definitions.live("mailing"), Mailing)
    current = state.enrollments.get(sequence_id)
    if sequence.status != "running":
        return "sequence_paused"
    if state.blocked or state.topics.get(sequence.topic) != "confirmed":
        return f"blocked:{state.blocked}" if state.blocked else "no_consent"
    if current is not None and not current.is_complete:
        return "already_in_it"
    enrollment = Enrollment(
        activity_key(sequence.id, reference), stored.version, 0, keys.stamp(now), len(sequence.steps)
    )
    ref = EnrollmentRef(state.lead_id, enrollment.id, now, state.zone)
    first = EnrollmentBatch(sequence.id, stored.version, 0, (ref,))
    at = due_at(sequence.steps[0], sequence, now, mailing=mailing, time_zone=state.zone)
    entry = due.due_item(at, lane_of(sequence), first.id, first, now)
    after, as_seen = state.enroll({sequence_id: enrollment}), enrollments_unchanged(state, [sequence_id])
    return [state_change(state, after, [sequence.topic], as_seen), Put(entry)]


def starts(sequence: Sequence, state: ContactState, form_id: str | None, topics: Values[str]) -> bool:
    wanted_form = not sequence.start.forms or form_id in sequence.start.forms
    return (
        sequence.status == "running"
        and wanted_form
        and sequence.topic in topics
        and sequence.id not in state.enrollments
    )
