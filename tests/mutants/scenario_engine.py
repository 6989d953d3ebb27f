"""Seeded bugs in the engine of scenarios: waits, exits, goals, assignment, and the graph that `check` judges."""

from tests.mutants.mutants import Mutant

_SCENARIOS = "layers/sodate/python/sodate/scenarios/"
_CASES = "tests/unit/scenarios/test_engine.py"
_PROPERTIES = "tests/unit/scenarios/test_engine_properties.py"
_GRAPH = "tests/unit/scenarios/test_program.py"
_ASSIGNMENT = "tests/unit/scenarios/test_assignment.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SCENARIOS}{file}.py", ((old, new),), breaks, tests=tests)


ENGINE = (
    _mutant(
        "run-without-exits",
        "engine",
        "return walk.end_by_condition() or walk.go()\n\n\ndef after_send",
        "return walk.go()\n\n\ndef after_send",
        "who replied gets the next email when the event was lost",
        _CASES,
    ),
    _mutant(
        "early-run-sends",
        "engine",
        "        if due > self.now:\n",
        "        if due > self.now + _MINUTE * 60:\n",
        "an email leaves up to an hour before its time",
        _CASES,
    ),
    _mutant(
        "end-is-not-stored",
        "engine",
        "        self.enrollment = self.enrollment.at(self.program.end, self.now)\n",
        "",
        "after its end, an enrollment is still at a step",
        _PROPERTIES,
    ),
    _mutant(
        "stops-one-step-early",
        "engine",
        "range(self.program.end + 1)",
        "range(self.program.end)",
        "a wait that leads back to itself is looked at every minute",
        _PROPERTIES,
    ),
    _mutant(
        "old-events-end-it",
        "engine",
        "    if event.at <= enrollment.since:\n        return None\n",
        "",
        "a reply of last year ends a new enrollment",
        _CASES,
    ),
    _mutant(
        "goal-without-window",
        "engine",
        "is_new and in_window and is_met",
        "is_new and is_met",
        "a meeting a year later is counted for the scenario",
        _CASES,
    ),
    _mutant(
        "goal-counted-again",
        "engine",
        "is_new and in_window and is_met",
        "in_window and is_met",
        "a goal that does not end the enrollment is counted at each event",
        _CASES,
    ),
    _mutant(
        "timeout-takes-the-event-s-exit",
        "engine",
        "self.leave(ReasonCode.TIMEOUT, node.next[1])",
        "self.leave(ReasonCode.TIMEOUT, node.next[0])",
        "who did not register gets the reminder",
        _CASES,
    ),
    _mutant(
        "skip-goes-on",
        "engine",
        "self.leave(code, node.skip, ",
        "self.leave(code, node.next[0] if node.wait is None else self.enrollment.node, ",
        "a reminder of a date in the past is sent",
        _CASES,
    ),
    _mutant(
        "hold-counts-the-pause",
        "engine",
        "entered=enrollment.entered + (now - interrupted)",
        "entered=enrollment.entered",
        "a pause of a week makes every wait of the week overdue",
        _CASES,
    ),
    _mutant(
        "arm-is-drawn-again",
        "decide",
        "    arm = known if known in ids else ",
        "    arm = ",
        "a change of weights moves leads to another arm",
        _ASSIGNMENT,
    ),
    _mutant(
        "holdout-is-drawn-again",
        "decide",
        "known if known in (KEPT_OUT, CONTINUES) else assigned",
        "assigned",
        "who was kept out gets emails after the share was changed",
        _ASSIGNMENT,
    ),
    _mutant(
        "one-number-for-all-splits",
        "decide",
        'f"{scenario}/{step.id}"',
        "scenario",
        "the arms of two splits are the same people",
        _ASSIGNMENT,
    ),
    _mutant(
        "wait-for-any-event-before-the-step",
        "decide",
        'since = enrollment.since if step.since == "enrollment" else enrollment.entered',
        "since = enrollment.since",
        "what happened before the step ends a wait that counts from the step",
        _CASES,
    ),
    _mutant(
        "sequence-counts-from-the-step",
        "decide",
        "Due(due_at(step, sequence, enrollment.since,",
        "Due(due_at(step, sequence, enrollment.entered,",
        "each email of a sequence comes later than written",
        _PROPERTIES,
    ),
    _mutant(
        "emails-at-night",
        "decide",
        "if mailing and isinstance(node.step, SendStep) else at",
        "if mailing and not isinstance(node.step, SendStep) else at",
        "quiet hours delay tags and not emails",
        _CASES,
    ),
    _mutant(
        "other-keys-count",
        "triggers",
        "return about.get(name) in (None, value)",
        "return True",
        "the registration for another seminar ends the wait",
        _CASES,
    ),
    _mutant(
        "folded-twice",
        "program",
        "and list(_predecessors(nodes, target)) == [position]",
        "and True",
        "who comes to the send on another way waits for a wait that was not theirs",
        _GRAPH,
    ),
    _mutant(
        "cycle-over-a-weekday",
        "graph",
        "            return wait.business_days > 0\n    return False\n",
        "            return wait.business_days > 0\n    return True\n",
        "who comes to a Monday on a Monday gets the same email all day",
        _GRAPH,
    ),
    _mutant(
        "cycle-over-what-happened",
        "graph",
        'at_once = [happened] if step.since == "enrollment" else []',
        "at_once: list[int] = []",
        "a cycle over an event that has happened never rests",
        _GRAPH,
    ),
    _mutant(
        "late-stream-is-not-noticed",
        "lead_now",
        "        return next(newer, None) is not None\n",
        "        return False\n",
        "a branch asks a score that does not know the click of a minute ago",
        "tests/functions/test_late_stream.py",
    ),
    _mutant(
        "membership-of-a-late-stream",
        "lead_now",
        "        if live is None or not self.is_behind:\n",
        "        if live is not None:\n",
        "a branch asks a membership that does not know the click of a minute ago",
        "tests/functions/test_late_stream.py",
    ),
)
