"""Carries out one `Advance`: the enrollment moves, and its effects are written with it, in one conditional write."""

from dataclasses import dataclass, field
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.activities.store import activity_item
from sodate.calls.store import new_call
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.store import state_change
from sodate.playbook.store import Definitions
from sodate.scenarios.admission import NOT_PUBLISHED, begin, why_not_enrolled
from sodate.scenarios.advance import (
    Advance,
    Enroll,
    Leave,
    PostWebhook,
)
from sodate.scenarios.due_entry import WebhookPost
from sodate.scenarios.enroll import entry_room, puts_of
from sodate.scenarios.experiment_steps import arms_taken_by_chance
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.next_steps import email_entry
from sodate.scenarios.programs import live_program
from sodate.scenarios.progress import (
    activities,
    after,
    call_tasks,
    cause_of,
    leave,
    name_in,
    profile_values,
    sales_reasons,
    with_rejections,
)
from sodate.scenarios.store import as_enrolled, profile_change
from sodate.scheduling import store as due
from sodate.scoring.signal import signal_of

LEFT = "left"


@dataclass(frozen=True)
class CarryOut:
    """`name`: of the enrollment, which is in `lead.state`. `waiting`: names of enrollments over a limit."""

    definitions: Definitions
    mailing: Mailing
    lead: LeadNow
    name: str
    now: datetime
    waiting: set[str] = field(default_factory=set)

    def write(self, advance: Advance) -> ContactState | None:
        """The state afterwards; None: something else changed the enrollment meanwhile, and nothing was written.

        The due entry of the step that follows must have been written before (`next_steps.plan_steps`); that of an email
        is part of this write.

        Raises: `NotFound` when the lead was erased meanwhile.
        """
        state, enrollment = self.lead.state, self.lead.state.enrollments[self.name]
        moved = state.enroll({self.name: after(enrollment, advance, self.now)})
        rejections = dict[Enroll, str]()
        moved, writes = self._effects(moved, enrollment, advance, rejections)
        decided = with_rejections(advance, self.lead.program, rejections)
        writes += [
            Put(activity_item(one))
            for one in activities(
                state.lead_id, self.name, enrollment, decided, self.now, was_behind=self.lead.items.was_behind
            )
        ]
        writes += email_entry(self.lead.program, self.name, self.lead, advance, self.now)
        writes += arms_taken_by_chance(self.lead.program, self.name, state.lead_id, enrollment, advance, self.now)
        change = state_change(state, moved, (), as_enrolled(self.name, enrollment))
        try:
            if writes:
                table.commit([change, *writes])
            elif moved != state:
                table.update(change.item, change.actions, change.condition)  # half the price of a transaction
        except ConditionFailed:
            return None
        return moved

    def _effects(
        self, state: ContactState, enrollment: Enrollment, advance: Advance, rejections: dict[Enroll, str]
    ) -> tuple[ContactState, list[Write]]:
        """`rejections` gets the reason codes of other scenarios that do not take the lead in."""
        writes = list[Write]()
        for effect in dict.fromkeys(advance.effects):  # two equal steps of one moment have one effect
            match effect:
                case Enroll():
                    entered = self._enrolled(state, enrollment, effect)
                    if isinstance(entered, str):
                        rejections[effect] = entered
                        continue
                    state, entries = entered
                    writes += entries
                case Leave(scenario):
                    state = leave(state, scenario)
                case PostWebhook(step):
                    writes.append(self._webhook(enrollment, step))
        reasons = sales_reasons(advance.effects, self.lead.program.time_zone)
        if reasons:
            writes += self._signal(reasons, enrollment, advance)
        values = profile_values(advance.effects, self.lead.attribute)
        if values:
            writes.append(profile_change(self.lead.items.profile, values, self.now))
        return state, writes

    def _enrolled(
        self, state: ContactState, enrollment: Enrollment, effect: Enroll
    ) -> tuple[ContactState, list[Write]] | str:
        """A reason code when the other scenario does not run, or does not let the lead in (again)."""
        try:
            other = live_program(self.definitions, effect.scenario)
        except NotFound:
            return NOT_PUBLISHED
        name = name_in(other, effect)
        why = why_not_enrolled(other, state.enrollments.get(name), self.now)
        if why is not None:
            return why
        cause = cause_of(self.name, enrollment, self.now)
        room = entry_room(other, name, state, cause, self.now)
        if not room.is_free:
            self.waiting.add(name)
            return state, [*room.writes]
        beginning = begin(other, name, state, cause, self.mailing, self.now)
        return state.enroll({name: beginning.enrollment}), [*puts_of(other, beginning, self.now), *room.writes]

    def _webhook(self, enrollment: Enrollment, step: str) -> Write:
        visit = enrollment.visit.number if enrollment.visit is not None else 0
        id_ = activity_key("webhook", self.lead.id, self.name, enrollment.id, str(visit), step)
        post = WebhookPost(
            self.lead.id, self.name, enrollment.id, enrollment.version, step, id_, self.now
        )  # fmt: skip
        return Put(due.due_item(self.now, due.WEBHOOK, post.ref, post, self.now))

    def _signal(self, reasons: list[str], enrollment: Enrollment, advance: Advance) -> list[Write]:
        """One signal, whatever the number of reasons, and the call tasks that are among them."""
        items, rules = self.lead.items, self.lead.items.rules
        signal = signal_of(
            items.profile, items.score.score_state, rules.version, rules.engine, self.now, (self.name, reasons)
        )  # fmt: skip
        tasks = list(call_tasks(self.lead.id, self.name, enrollment, advance, self.lead.key, signal.sk))
        signal.calls = [{"id": one.key, "text": one.text, "due": keys.stamp(one.due)} for one in tasks] or None
        return [Put.new(signal), *(write for one in tasks for write in new_call(one, self.now))]
