"""Seeded bugs in entries by date and schedule, limits and policies of scenarios."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_MIGRATION = "tests/functions/test_scenario_migration.py"
_REMOVED = "tests/store/test_removed_steps.py"
_PAUSES = "tests/functions/test_pause_policies.py"
_WEBHOOKS = "tests/functions/test_webhook_steps.py"
_POLICIES = "tests/functions/test_step_policies.py"
_LIMITS = "tests/functions/test_entry_limits.py"
_DATES, _SCHEDULES = "tests/functions/test_date_entries.py", "tests/functions/test_schedule_entries.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


SCENARIO_ENTRIES = (
    _mutant(
        "dates-that-are-past-enroll",
        "scenarios/date_entry",
        "end_of_wait(entry.as_wait, since, ",
        "end_of_wait(entry.as_wait, _EVER, ",
        "a date that is past already brings the lead in",
        _DATES,
    ),
    _mutant(
        "dates-that-have-moved-enroll",
        "scenarios/enter_by_date",
        "at is None or day_of(entry, lead) != reached.day:",
        "at is None:",
        "an extended renewal brings the lead in at the old date",
        _DATES,
    ),
    _mutant(
        "a-date-enrolls-again",
        "scenarios/admission",
        " or before.id == id_by(name, cause)):",
        "):",
        "one date brings the lead in again under a new definition",
        _DATES,
    ),
    _mutant(
        "entries-of-old-definitions-count",
        "scenarios/enter_by_date",
        "if entry_id(one) == reached.entry), None)",
        "), None)",
        "what an earlier definition planned enrolls",
        _DATES,
    ),
    _mutant(
        "time-zones-are-not-asked-again",
        "scenarios/enter_by_date",
        "if at > now:  # the time zone",
        "if False:  # the time zone",
        "a lead that moved enters at the time of its old time zone",
        _DATES,
    ),
    _mutant(
        "unchanged-dates-are-planned-again",
        "scenarios/plan_dates",
        "if before is None or before.attribute(entry.date) != after.attribute(entry.date)",
        "if before is None or True",
        "each change of a profile writes a due entry",
        _DATES,
    ),
    _mutant(
        "the-schedule-ends-with-a-pause",
        "scenarios/enter_by_schedule",
        "        _plan_next(program, entry, mailing, task.at, self.now())\n        return program.is_published and ",
        "        if program.is_published:\n            _plan_next(program, entry, mailing, task.at, self.now())\n"
        "        return program.is_published and ",
        "a scenario that was paused at one occurrence has no further one",
        _SCHEDULES,
    ),
    _mutant(
        "an-occurrence-enrolls-again",
        "scenarios/admission",
        "cause.at <= datetime.fromisoformat(before.since) or before.id == id_by(name, cause)",
        "cause.at < datetime.fromisoformat(before.since)",
        "a batch that comes twice enrolls its leads twice",
        _SCHEDULES,
    ),
    _mutant(
        "who-came-later-enters-too",
        "scenarios/enter_by_schedule",
        " for member in page if member.since * 60 <= task.at.timestamp()]",
        " for member in page]",
        "a lead that was no member at the occurrence enters",
        _SCHEDULES,
    ),
    _mutant(
        "the-limit-is-only-read",
        "scenarios/store",
        "EntryCountItem.ttl.set(ttl), kind], has_room)",
        "EntryCountItem.ttl.set(ttl), kind])",
        "two leads at once enter above the limit",
        _LIMITS,
    ),
    _mutant(
        "the-limit-opens-by-itself",
        "scenarios/admission",
        "(not is_stopped and entered < limit)",
        "(entered < limit)",
        "a scenario that was stopped goes on in the next hour, without an operator",
        _LIMITS,
    ),
    _mutant(
        "opt-ins-are-not-limited",
        "scenarios/admission",
        "        and program.max_entries_per_hour is None\n",
        "",
        "an opt-in enters above the limit",
        _LIMITS,
    ),
    _mutant(
        "who-was-let-in-stays-listed",
        "scenarios/waiting_entries",
        "table.commit([*writes, no_longer_waiting(self.scenario, waiting)])",
        "table.commit(writes)",
        "a lead that was let in can be let in again",
        _LIMITS,
    ),
    _mutant(
        "over-the-cap-is-deferred-all-the-same",
        "email/eligibility/decide",
        "if cap is not None and rules.skips_over_cap:",
        "if cap is None and rules.skips_over_cap:",
        "`over_cap: skip` defers",
        _POLICIES,
    ),
    _mutant(
        "a-hold-expires",
        "scenarios/send_policy",
        '_LONGEST_HOLD if step.over_cap == "hold" else timedelta',
        "timedelta",
        "a lead that is kept at a step loses its email after `valid_hours`",
        _POLICIES,
    ),
    _mutant(
        "an-error-stops-nothing",
        "scenarios/enrollment_source",
        'if self._step.on_error == "stop":',
        'if self._step.on_error == "stop" and not requests:',
        "`on_error: stop` goes on",
        _POLICIES,
    ),
    _mutant(
        "errors-are-retried-for-ever",
        "scenarios/send_policy",
        'if step.on_error != "retry" or is_late else at',
        'if step.on_error != "retry" else at',
        "an email that can never be composed is tried again after `valid_hours`",
        _POLICIES,
    ),
    _mutant(
        "a-silent-host-is-called-for-everybody",
        "scenarios/post_webhook",
        "            self._silent.add(host)\n",
        "            pass\n",
        "one receiver that is down holds up the posts to the others",
        _WEBHOOKS,
    ),
    _mutant(
        "leads-share-one-post",
        "scenarios/carry_out",
        'activity_key("webhook", self.lead.id, self.name,',
        'activity_key("webhook", self.name,',
        "of two leads that came in together, one is not posted",
        _WEBHOOKS,
    ),
    _mutant(
        "a-pause-counts-twice",
        "scenarios/pauses",
        "at + (resumed - max(paused, at))",
        "at + (resumed - paused)",
        "a visit that began in a pause waits longer than it should",
        "tests/unit/scenarios/test_pauses.py",
    ),
    _mutant(
        "pauses-are-not-asked-for",
        "scenarios/send_step",
        "has_ended or bool(pauses.spans) or compiled",
        "has_ended or compiled",
        "an email that nothing else can prevent goes out whatever `pause` says",
        _PAUSES,
    ),
    _mutant(
        "valid-hours-run-in-a-pause",
        "scenarios/enrollment_source",
        "return self.pauses.resumed_after(at) or at",
        "return at",
        "an email that the policy sends expires because of the pause",
        _PAUSES,
    ),
    _mutant(
        "a-migrated-email-looks-claimed",
        "scenarios/enrollment_source",
        "if current is not None and current.version != self.batch.version:",
        "if current is not None and current.version > 10_000:",
        "an email of the old version is attempted again after a migration",
        _MIGRATION,
    ),
    _mutant(
        "a-migration-keeps-the-visit",
        "scenarios/migration",
        "visit=replace(visit, at=visit.at + 1),",
        "visit=visit,",
        "a late message of the old version sends an email of the old version",
        _MIGRATION,
    ),
    _mutant(
        "a-migration-plans-nothing",
        "scenarios/migrate",
        "        yield Put(due.due_item(",
        "        due_item = (due.due_item(",
        "who is migrated never goes on",
        _MIGRATION,
    ),
    _mutant(
        "a-migration-overwrites",
        "scenarios/migrate",
        "state_change(state, state.enroll({name: after}), (), as_enrolled(name, enrollment))",
        "state_change(state, state.enroll({name: after}))",
        "a step that was taken meanwhile is taken again",
        _MIGRATION,
    ),
    _mutant(
        "steps-with-leads-are-removed",
        "authoring/apply",
        "if refused := lost_steps(checked, store):",
        "if refused := []:",
        "a new version loses a step that leads are at, and nobody says so",
        _REMOVED,
    ),
    _mutant(
        "only-the-live-version-has-leads",
        "authoring/lost_steps",
        "for version in range(newest, 0, -1):",
        "for version in range(newest, newest - 1, -1):",
        "leads at a removed step of an older version are not counted",
        _REMOVED,
    ),
    _mutant(
        "declared-steps-are-not-mapped",
        "scenarios/migration",
        "known = {**self.new.removed_steps, **self.mapping}",
        "known = self.mapping",
        "a migration does not do what the scenario's file says",
        _REMOVED,
    ),
)
