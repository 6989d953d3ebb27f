"""Seeded bugs in the running of scenarios: claims, ends, entries, repeats and crashes."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_DAYS = "tests/simulation/test_scenario_days.py"
_MIGRATION = "tests/functions/test_scenario_migration.py"
_CASES = "tests/functions/test_scenarios.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


SCENARIO_DAYS = (
    _mutant(
        "claim-of-any-visit",
        "scenarios/store",
        'step.condition & visits(name, number("visit"), number("entered")) & on',
        "step.condition & on",
        "an email that was planned too early is claimed",
        _CASES,
    ),
    _mutant(
        "early-end-counts-a-move",
        "scenarios/progress",
        "moves > visit.number and not is_early",
        "moves > visit.number",
        "an email that an exit prevented is listed as claimed",
        "tests/unit/scenarios/test_progress.py",
    ),
    _mutant(
        "enters-again-and-again",
        "scenarios/admission",
        "    return may_enter(program, before, now)\n",
        "    return True\n",
        "re-entry is allowed to nobody and happens all the same",
        _CASES,
        _DAYS,
    ),
    _mutant(
        "repeat-begins-again",
        "scenarios/admission",
        "(cause.at <= datetime.fromisoformat(before.since) or before.id == id_by(name, cause))",
        "False",
        "a repeated activity begins the enrollment anew",
        _DAYS,
    ),
    _mutant(
        "same-send-id-each-time-round",
        "email/ledger/states",
        'visit = () if self.visit is None else ("visit", str(self.visit.number))',
        "visit = ()",
        "an email that comes round again is taken for the first",
        _CASES,
    ),
    _mutant(
        "conditions-are-not-asked-before-an-email",
        "scenarios/program",
        "bool(self.goals or self.exits or not self.is_email(index))",
        "not self.is_email(index)",
        "an exit that only time makes true comes after the email",
        _CASES,
    ),
    _mutant(
        "paused-scenarios-run",
        "scenarios/scenario",
        "RUNNING = (ScenarioStatus.PUBLISHED, ScenarioStatus.ENDED)",
        "RUNNING = tuple(ScenarioStatus)",
        "a pause does not stop the emails",
        _CASES,
    ),
    _mutant(
        "old-version-runs-migrated-enrollments",
        "scenarios/run_batch",
        "        if current is not None and current.version != batch.version:\n",
        "        if False:\n",
        "a due entry of the old version moves a migrated enrollment, which then waits for ever",
        _MIGRATION,
    ),
    _mutant(
        "old-version-claims-migrated-enrollments",
        "scenarios/store",
        ' & on_version(name, number("version"))',
        "",
        "an email of the old version is claimed and sent after the migration",
        _MIGRATION,
    ),
    _mutant(
        "each-attempt-at-an-occurrence-is-another",
        "scenarios/enter_by_schedule",
        "cause, outcomes, faults = cause_of(entry, batch.at),",
        "cause, outcomes, faults = cause_of(entry, self.now()),",
        "a repeated batch of a schedule enrolls everybody again",
        _DAYS,
    ),
    _mutant(
        "schedule-ends-with-a-crash",
        "scenarios/enter_by_schedule",
        "        _plan_next(program, entry, mailing, task.at, self.now())\n        return program.is_published and",
        "        return program.is_published and",
        "nobody enters after the first occurrence",
        _DAYS,
    ),
    _mutant(
        "webhook-is-given-up-early",
        "scenarios/post_webhook",
        "message.tries >= len(_PAUSES)",
        "message.tries >= 2",
        "an endpoint that is down for ten minutes loses posts",
        _DAYS,
    ),
    _mutant(
        "failed-webhook-stops-in-a-second-write",
        "scenarios/post_webhook",
        "end_by_error(*enrollment, step.id, now, (Put(failed),))",
        "not table.put(failed) and end_by_error(*enrollment, step.id, now)",
        "after a crash a post has failed and its enrollment goes on",
        "tests/functions/test_webhook_steps.py",
    ),
    _mutant(
        "failed-webhook-stops-nobody",
        "scenarios/post_webhook",
        'has_ended = step.on_error == "stop" and end_by_error(',
        "has_ended = False and end_by_error(",
        "`on_error: stop` is not followed",
        _DAYS,
    ),
    _mutant(
        "migration-goes-back",
        "scenarios/migration",
        "            step=target,\n",
        "            step=max(0, target - 1),\n",
        "who is migrated gets the email before again",
        _DAYS,
    ),
    _mutant(
        "moves-blindly",
        "scenarios/store",
        "        at_step &= visits(name, visit.number, visit.at)\n",
        "        at_step = enrolled(name, enrollment.id)\n",
        "an enrollment moves from a step that it has left already",
        "tests/store/test_carry_out.py",
    ),
    _mutant(
        "counts-from-the-processing",
        "scenarios/admission",
        "since=keys.stamp(cause.at),",
        "since=keys.stamp(now),",
        "what a late stream delivers is not seen by exits",
        _CASES,
    ),
    _mutant(
        "events-end-nothing",
        "scenarios/react",
        "        if advance is None:\n",
        "        if advance is None or not advance.due:\n",
        "a goal or an exit waits for the next step",
        _CASES,
    ),
    _mutant(
        "moves-before-it-is-planned",
        "scenarios/run_batch",
        "            plan_steps(self.program, batch.sequence, "
        "[(one.lead, one.advance) for one in decided], self.now)\n"
        "            waiting = [one.ref for one in decided if not self._is_done(batch.sequence, one, outcome)]\n",
        "            waiting = [one.ref for one in decided if not self._is_done(batch.sequence, one, outcome)]\n"
        "            plan_steps(self.program, batch.sequence, "
        "[(one.lead, one.advance) for one in decided], self.now)\n",
        "a crash leaves a lead at a step that never comes",
        _CASES,
    ),
    _mutant(
        "stays-where-it-is",
        "scenarios/next_steps",
        "        if advance.due is not None and not program.is_email(advance.node):\n",
        "        if advance.reason.code == 'waits' and not program.is_email(advance.node):\n",
        "a timeout never comes",
        _CASES,
    ),
    _mutant(
        "plans-an-email-before-it-moves",
        "scenarios/next_steps",
        "        if advance.due is not None and not program.is_email(advance.node):\n",
        "        if advance.due is not None:\n",
        "an email of a branch that lost the race is taken for claimed, and sent",
        "tests/functions/test_lost_decisions.py",
    ),
    _mutant(
        "another-seminar-ends-it",
        "scenarios/program",
        "    return (program.key, value) if program.key and value else None\n",
        "    return None\n",
        "attending one seminar ends the enrollment for another",
        _CASES,
    ),
    _mutant(
        "arms-are-forgotten",
        "scenarios/admission",
        "arms=before.arms if before is not None else {},",
        "arms={},",
        "who comes in again may get another arm",
        _CASES,
    ),
    _mutant(
        "ended-enrollments-are-attempted-again",
        "leads/contact_state",
        "enrollment.id != enrollment_id or enrollment.ended is not None:",
        "enrollment.id != enrollment_id:",
        "an email of an ended enrollment is attempted again",
        "tests/unit/email/test_contact_state.py",
    ),
    _mutant(
        "one-lead-stops-the-batch",
        "scenarios/run_batch",
        "            except (Invalid, NotFound) as error:\n",
        "            except NotFound as error:\n",
        "a lead whose log cannot be read holds up the others of its batch",
        _CASES,
    ),
)
