"""What an advance means for the stored enrollment and for the log."""

from datetime import timedelta
from typing import Any

import pytest
from sodate.leads.contact_state import Enrollment, Visit
from sodate.scenarios.engine import run
from sodate.scenarios.program import Program
from sodate.scenarios.progress import active, activities, after

from tests.unit.scenarios.samples import NOW, FakeLead, program

AT = int(NOW.timestamp())
STORED = Enrollment("e1", 1, 0, "2026-12-01T01:00:00.000Z", 3, visit=Visit(4, AT))
VIP = {"attribute": "primary.grade", "equals": "A"}
SEND, WAIT = {"id": "mail", "send": "t"}, {"id": "wait", "wait": {"days": 2}}
TAG: dict[str, Any] = {"id": "tag", "set": [{"add_tag": "x"}]}


def after_run(compiled: Program, **attributes: str) -> tuple[Enrollment, list[str]]:
    lead = FakeLead(attributes={f"primary.{name}": value for name, value in attributes.items()})
    now = NOW + timedelta(seconds=0.5)
    advance = run(compiled, active(compiled, "s", STORED), lead, now)
    logged = activities("L1", "s", STORED, advance, now)
    return after(STORED, advance, now), [f"{one.type} {one.about['reason']}" for one in logged]


def test_a_move_begins_another_visit_in_the_second_after_it() -> None:
    moved, logged = after_run(program(TAG, WAIT, TAG | {"id": "later"}))
    assert (moved.step, moved.visit, moved.ended, logged) == (1, Visit(5, AT + 1), None, [])


def test_whoever_waits_stays_in_the_same_visit() -> None:
    stored, logged = after_run(program(WAIT, TAG))
    assert (stored, logged) == (STORED, [])


def test_an_early_end_counts_no_move_so_that_the_email_of_the_visit_is_not_taken_for_claimed() -> None:
    stored, logged = after_run(program(SEND, exits=[{"id": "vip", "when": VIP}]), grade="A")
    assert (stored.visit, stored.ended, stored.step) == (STORED.visit, "exit:vip", 1)
    assert logged == ["scenario_ended exit:vip"]


def test_the_last_step_ends_it_without_forbidding_another_attempt_of_its_emails() -> None:
    stored, logged = after_run(program(TAG, {"id": "end-word", "end": "attended"}))
    assert (stored.ended, stored.step) == (None, 2)
    assert logged == ["scenario_ended attended"]


@pytest.mark.parametrize(("grade", "said"), [("A", "branch v1: case (1)"), ("B", "branch v1: otherwise")])
def test_a_decision_is_logged_with_step_version_and_reason(grade: str, said: str) -> None:
    branch = {"id": "branch", "branch": [{"when": VIP, "then": "wait"}], "otherwise": "wait"}
    _, logged = after_run(program(branch, WAIT, TAG), grade=grade)
    assert logged == [f"scenario_advanced {said}"]


def test_a_goal_is_logged_once() -> None:
    goals = [{"id": "vip", "when": VIP, "exit": False}]
    stored, logged = after_run(program(WAIT, TAG, goals=goals), grade="A")
    assert (stored.goals, stored.visit, logged) == (frozenset({"vip"}), STORED.visit, ["goal_reached vip"])
