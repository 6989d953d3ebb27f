"""Moves enrollments of older versions to the live one: lead by lead, each in one conditional write.

What is done stays done, and an enrollment on the live version is left alone, so a migration that dies is run again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Transient
from sodate.leads.contact_state import ContactState, Enrollment, about_enrollment, id_of
from sodate.leads.store import every_state, find_state, state_change
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.lane import lane_of
from sodate.scenarios.leads_at_steps import leads_at_steps
from sodate.scenarios.migration import Migration
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, program
from sodate.scenarios.steps import END, STAY
from sodate.scenarios.store import as_enrolled
from sodate.scheduling import store as due

_TRIES = 5
MISSING = "missing"
#: (version, step there, step in the live version, `STAY` or `MISSING`) → enrollments.
Counts = Counter[tuple[int, str, str]]


@dataclass(frozen=True)
class MigrateEnrollments:
    """`mapping`: as in `Migration`."""

    definitions: Definitions
    scenario: str
    mapping: Mapping[str, str]
    now: datetime

    def preview(self) -> Counts:
        """Reads every lead. Raises: `NotFound` for an unknown scenario; `Invalid` for a mapping to no step."""
        migration, counts = self._migration(), Counts()
        for (_, version, step), leads in leads_at_steps([self.scenario]).items():
            old = program(self.definitions, self.scenario, version)
            if version < migration.new.version and not old.is_sequence:
                counts[version, old.step_at(step), _named(migration, old, step)] += leads
        return counts

    def migrate(self) -> Counter[str]:
        """Enrollments per outcome.

        Raises: `Conflict` when a step with leads at it has no counterpart, and nothing was moved; what `preview` does.
        """
        lost = sorted({step for _, step, target in self.preview() if target == MISSING})
        if lost:
            maps = " ".join(f"--map {step}=…" for step in lost)
            raise Conflict(
                Message(
                    "leads are at steps that the live version does not have: {lost}; add {maps}",
                    lost=", ".join(lost),
                    maps=maps,
                )
            )
        migration, outcomes = self._migration(), Counter[str]()
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        for state in every_state():
            for name, enrollment in self._old(state, migration.new):
                outcomes[self._move(migration, mailing, state.lead_id, name, enrollment.id)] += 1
        return outcomes

    def _migration(self) -> Migration:
        return Migration(live_program(self.definitions, self.scenario), self.mapping)

    def _old(self, state: ContactState, new: Program) -> Iterator[tuple[str, Enrollment]]:
        """Those that have not ended, of an older version; enrollments of a sequence finish it."""
        for name, enrollment in state.enrollments.items():
            is_open = not enrollment.is_complete and enrollment.visit is not None
            if id_of(name) == self.scenario and is_open and enrollment.version < new.version:
                yield name, enrollment

    def _move(self, migration: Migration, mailing: Mailing, lead_id: str, name: str, enrollment_id: str) -> str:
        """Raises: `Transient` when the lead keeps changing."""
        new = migration.new
        for _ in range(_TRIES):
            state = find_state(lead_id)
            enrollment = dict(self._old(state, new)).get(name) if state is not None else None
            if state is None or enrollment is None or enrollment.id != enrollment_id:
                return "ended_meanwhile"
            old = program(self.definitions, name, enrollment.version)
            target = migration.target_of(old, enrollment.step)
            if target is None:  # as its scenario says, or it moved on since the preview
                return "left_on_its_version"
            after = migration.moved(enrollment, target)
            reason = f"{old.step_at(enrollment.step)} v{old.version}: migrated to version {new.version}"
            type_ = ActivityType.SCENARIO_ADVANCED.value
            about = {**about_enrollment(name), "version": new.version, "reason": reason}
            activity = Activity(lead_id, type_, self.now, activity_key(type_, name, enrollment.id, reason), about)
            change = state_change(state, state.enroll({name: after}), (), as_enrolled(name, enrollment))
            try:
                table.commit([change, Put(activity_item(activity)), *self._first(new, mailing, state, name, after)])
            except ConditionFailed:
                continue
            return "moved" if target < new.end else "ended"
        raise Transient(Message("lead {lead_id} has concurrent changes: run it again", lead_id=lead_id))

    def _first(
        self, new: Program, mailing: Mailing, state: ContactState, name: str, after: Enrollment
    ) -> Iterator[Put]:  # fmt: skip
        """The due entry of its step, in the same write: one of a write that was lost would look like an email that was
        claimed, and be attempted again.
        """
        if after.visit is None or after.step >= new.end:
            return
        at = due_by_time(new, after.step, after.visit.began, state.zone, mailing) or self.now
        ref = EnrollmentRef(state.lead_id, after.id, datetime.fromisoformat(after.since), state.zone, after.visit)
        batch = EnrollmentBatch(name, new.version, after.step, (ref,))
        yield Put(due.due_item(at, lane_of(new), batch.id, batch, self.now))


def _named(migration: Migration, old: Program, step: int) -> str:
    target = migration.target_of(old, step)
    if target is None:
        return MISSING if migration.is_lost(old, step) else STAY
    return END if target == migration.new.end else migration.new.nodes[target].id
