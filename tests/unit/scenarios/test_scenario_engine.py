"""The scenario engine: a graph compiles or says why not; a run ends, is repeatable, and sends nothing after an exit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.conditions.language import ActivityTest, AttributeTest, Condition
from sodate.scenarios.compile_scenario import compile_scenario, compile_sequence
from sodate.scenarios.engine import Advance, Ended, after_send, after_wait, assigned_share, resume, run
from sodate.scenarios.program import Program, Send, SinceEnrollment, WaitFor
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.sequence import Sequence
from sodate.scenarios.waits import Due, LocalCalendar, Missing, Past, Wait, end_of_wait

START = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
WEBINAR = """
id: webinar
title: 導入事例ウェビナー
status: published
topic: product-news
entry:
  - segment_entered: readers
key: seminar
exit_when:
  - blocked: true
goals:
  - { id: met, when: { activity: meeting_set }, within_days: 60 }
steps:
  - id: interested
    branch:
      - { when: { attribute: secondary.interest, contains: 経費 }, then: control }
    otherwise: stop
  - id: control
    holdout: 10
  - id: invite
    send: { template: webinar-invitation }
  - id: registers
    wait_for: { when: { activity: seminar_registered }, at_most: { days: 7 } }
    then: before
    otherwise: remind
  - id: remind
    send: { template: webinar-reminder }
    then: stop
  - id: before
    wait: { date: secondary.webinar_date, days: -1, at: "10:00", already_past: continue }
  - id: tomorrow
    send: { template: webinar-tomorrow }
  - id: attends
    wait_for: { when: { activity: seminar_attended }, at_most: { days: 3 } }
    then: thanks
    otherwise: missed
  - id: thanks
    send: { template: webinar-thanks }
  - id: call
    call_task: { title: ウェビナー参加者に架電 }
    then: stop
  - id: missed
    send: { template: webinar-recording }
  - id: stop
    end: true
"""


@dataclass
class FakeLead:
    """A lead with answers that a test writes down. `done`: activity → when."""

    lead_id: str = "01LEAD"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    done: dict[str, datetime] = field(default_factory=dict)
    blocked: bool = False

    def holds(self, condition: Condition, since: datetime | None = None) -> bool:
        if isinstance(condition, ActivityTest):
            at = self.done.get(condition.activity.value)
            return at is not None and (since is None or at >= since)
        if isinstance(condition, AttributeTest):
            return str(condition.contains) in str(self.attributes.get(condition.attribute, ""))
        return self.blocked

    def timing(self, wait: Wait | SinceEnrollment, entered: datetime) -> Due | Past | Missing:
        assert not isinstance(wait, SinceEnrollment)
        return end_of_wait(wait, entered, LocalCalendar(ZoneInfo("Asia/Tokyo"), "JP"), self.attributes.get)


def scenario(**changes: Any) -> Scenario:
    return Scenario.model_validate({**yaml.safe_load(WEBINAR), **changes})


PROGRAM = compile_scenario(scenario(), 1)
INTERESTED = {"secondary.interest": "経費精算", "secondary.webinar_date": "2026-12-10"}


def treated() -> FakeLead:
    """A lead outside the holdout."""
    names = (f"lead{number}" for number in range(100))
    name = next(name for name in names if assigned_share("webinar", "control", name) >= 10)
    return FakeLead(name, INTERESTED)


def step_of(advance: Advance, program: Program = PROGRAM) -> str:
    return "end" if advance.node == program.end else program.nodes[advance.node].id


def test_the_invited_lead_registers_is_reminded_a_day_before_attends_and_is_called() -> None:
    lead, now = treated(), START
    invited = run(PROGRAM, 0, lead, now, lead.timing)
    assert (step_of(invited), invited.send is not None and invited.send.template) == ("invite", "webinar-invitation")
    waiting = after_send(PROGRAM, invited.node, lead, now, lead.timing)
    assert step_of(waiting) == "registers"
    assert waiting.due is not None
    lead.done["seminar_registered"] = now + timedelta(days=2)
    before = resume(PROGRAM, waiting.node, now, lead, now + timedelta(days=2), lead.timing)
    assert before is not None
    assert (step_of(before), before.due) == ("before", datetime(2026, 12, 9, 1, 0, tzinfo=UTC))
    tomorrow = after_wait(PROGRAM, before.node, lead, before.due, lead.timing)
    attends = after_send(PROGRAM, tomorrow.node, lead, before.due, lead.timing)
    lead.done["seminar_attended"] = before.due + timedelta(days=1)
    thanks = resume(PROGRAM, attends.node, before.due, lead, before.due + timedelta(days=1), lead.timing)
    assert thanks is not None
    done = after_send(PROGRAM, thanks.node, lead, before.due + timedelta(days=1), lead.timing)
    assert (step_of(done), done.ended) == ("end", Ended.COMPLETED)
    assert [step for step, _ in done.actions] == ["call"]


def test_a_lead_that_does_not_register_gets_one_reminder() -> None:
    lead = treated()
    waiting = after_send(PROGRAM, PROGRAM.index_of("invite"), lead, START, lead.timing)
    assert waiting.due is not None
    reminded = after_wait(PROGRAM, waiting.node, lead, waiting.due, lead.timing)
    assert step_of(reminded) == "remind"
    assert after_send(PROGRAM, reminded.node, lead, waiting.due, lead.timing).ended is Ended.COMPLETED


def test_an_activity_from_before_the_wait_does_not_count() -> None:
    lead = treated()
    lead.done["seminar_registered"] = START - timedelta(days=1)
    node = PROGRAM.index_of("registers")
    assert resume(PROGRAM, node, START, lead, START + timedelta(hours=1), lead.timing) is None


@pytest.mark.parametrize("gone", ["blocked", "goal"])
@pytest.mark.parametrize("node", range(PROGRAM.end))
def test_after_an_exit_or_a_goal_no_node_sends_or_acts(gone: str, node: int) -> None:
    lead = treated()
    if gone == "blocked":
        lead.blocked = True
    else:
        lead.done["meeting_set"] = START
    for advance in (
        run(PROGRAM, node, lead, START, lead.timing),
        after_wait(PROGRAM, node, lead, START, lead.timing),
        after_send(PROGRAM, node, lead, START, lead.timing),
        resume(PROGRAM, node, START, lead, START, lead.timing),
    ):
        assert advance is not None
        assert (advance.send, advance.due, advance.actions, advance.ended) == (None, None, (), Ended.EXIT)


def test_a_date_that_is_past_or_missing_goes_the_way_that_the_scenario_says() -> None:
    node = PROGRAM.index_of("before")
    past = FakeLead(attributes={**INTERESTED, "secondary.webinar_date": "2026-11-01"})
    assert step_of(run(PROGRAM, node, past, START, past.timing)) == "tomorrow"
    none = FakeLead(attributes={"secondary.interest": "経費"})
    assert run(PROGRAM, node, none, START, none.timing).ended is Ended.NO_DATE


def changed(**steps: Any) -> list[dict[str, Any]]:
    """The steps of the sample, some of them replaced; None removes one."""
    found = [steps.get(step["id"], step) for step in yaml.safe_load(WEBINAR)["steps"]]
    return [step for step in found if step is not None]


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (changed(remind={"id": "remind", "send": {"template": "x"}, "then": "nowhere"}), "which does not exist"),
        (changed(call={"id": "missed", "call_task": {"title": "x"}}), "the same `id`"),
        (changed(thanks={"id": "thanks", "send": {"template": "x"}, "then": "stop"}), "reaches step `call`"),
        (changed(missed={"id": "missed", "send": {"template": "x"}, "then": "missed"}), "go round without a wait"),
        (changed(registers={"id": "registers", "wait_for": {"when": {"rank": ["A1"]}, "at_most": {"days": 1}}}),
         "need `otherwise`"),
        (changed(invite={"id": "invite", "send": {"template": "x"}, "wait": {"days": 1}}), "exactly one of"),
        (changed(control={"id": "control", "split": [{"percent": 60, "then": "invite"},
                                                     {"percent": 50, "then": "stop"}]}), "more than 100 percent"),
    ],
)  # fmt: skip
def test_a_graph_that_cannot_work_is_refused_with_the_step_and_what_to_do(steps: list[Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        scenario(steps=steps)


def test_a_loop_with_a_wait_is_allowed() -> None:
    again = {"id": "again", "wait": {"days": 30}, "then": "invite"}
    found = scenario(steps=[*changed(remind={"id": "remind", "send": {"template": "x"}, "then": "again"}), again])
    assert compile_scenario(found, 1).end == PROGRAM.end + 1


# -- for any scenario --------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Steps that go anywhere; most are refused, what compiles must run."""
    count = draw(st.integers(1, 8))
    names = [f"s{number}" for number in range(count)]
    target = st.sampled_from([*names, "end"])
    condition = st.sampled_from([{"activity": "mail_clicked"}, {"attribute": "primary.title", "contains": "長"}])
    steps: list[dict[str, Any]] = []
    for name in names:
        kind = draw(st.sampled_from(["send", "wait", "wait_for", "branch", "split", "call_task", "holdout"]))
        step: dict[str, Any] = {"id": name}
        if kind == "send":
            step["send"] = {"template": "t"}
        elif kind == "wait":
            step["wait"] = draw(st.sampled_from([{"days": 1}, {"hours": 5}, {"weekday": ["mon"], "at": "09:00"}]))
        elif kind == "wait_for":
            step |= {"wait_for": {"when": draw(condition), "at_most": {"days": 2}}, "otherwise": draw(target)}
        elif kind == "branch":
            step |= {"branch": [{"when": draw(condition), "then": draw(target)}], "otherwise": draw(target)}
        elif kind == "split":
            step["split"] = [{"percent": draw(st.integers(1, 99)), "then": draw(target)}]
        else:
            step[kind] = {"title": "x"} if kind == "call_task" else 20
        if kind != "branch" and draw(st.booleans()):
            step["then"] = draw(target)
        steps.append(step)
    return [*steps, {"id": "end", "end": True}]


def compiled(steps: list[dict[str, Any]]) -> Program | None:
    try:
        return compile_scenario(scenario(steps=steps, goals=[]), 1)
    except ValidationError:
        return None


@given(steps=graphs(), name=st.integers(0, 10_000), title=st.sampled_from(["", "部長"]), clicks=st.booleans())
@settings(max_examples=800, deadline=None)
def test_a_run_stops_repeats_itself_and_always_goes_on_from_where_it_stopped(
    steps: list[dict[str, Any]], name: int, title: str, clicks: bool
) -> None:
    program = compiled(steps)
    if program is None:
        return
    lead = FakeLead(f"lead{name}", {"primary.title": title}, {"mail_clicked": START} if clicks else {})
    now, node, advance = START, 0, run(program, 0, lead, START, lead.timing)
    for _ in range(30):
        assert advance == run(program, node, lead, now, lead.timing)
        assert sum([advance.ended is not None, advance.due is not None, advance.send is not None]) == 1
        assert len(advance.trace) + len(advance.actions) <= program.end + 1
        if advance.ended is not None:
            assert advance.node == program.end
            return
        if advance.due is not None:
            assert advance.due >= now
            current = program.nodes[advance.node]
            node, now = current.otherwise if isinstance(current, WaitFor) else current.then, advance.due
        else:
            assert isinstance(program.nodes[advance.node], Send)
            node = program.nodes[advance.node].then
        advance = run(program, node, lead, now, lead.timing)


@given(
    names=st.lists(st.text(min_size=1, max_size=12), min_size=50, max_size=50, unique=True), share=st.integers(1, 98)
)
@settings(max_examples=50, deadline=None)
def test_more_weight_moves_leads_to_the_arm_and_none_away_from_it(names: list[str], share: int) -> None:
    def arm(percent: int) -> set[str]:
        return {name for name in names if assigned_share("s", "n", name) < percent}

    assert arm(share) <= arm(share + 1)


def test_the_arms_of_a_split_have_their_shares() -> None:
    found = [assigned_share("s", "n", f"lead{number}") for number in range(20_000)]
    assert abs(sum(place < 30 for place in found) / 20_000 - 0.3) < 0.015
    assert min(found) >= 0
    assert max(found) < 100


def test_a_sequence_is_a_wait_and_a_send_per_step() -> None:
    body = {"id": "s", "topic": "t", "steps": [
        {"id": "one", "template": "a", "delay": {"days": 1}, "at": "10:00"},
        {"id": "two", "template": "b", "delay": {"business_days": 3}},
    ]}  # fmt: skip
    program = compile_sequence(Sequence.model_validate(body), 4)
    assert [node.id for node in program.nodes] == ["one-wait", "one", "two-wait", "two"]
    assert [node.then for node in program.nodes] == [1, 2, 3, 4]
    assert program.end == 4
