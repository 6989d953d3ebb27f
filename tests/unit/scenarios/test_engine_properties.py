"""Properties of random programs, leads and events: a run ends, repeats exactly, and no email follows the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sodate.email.mailing import Mailing
from sodate.scenarios.advance import ActiveEnrollment, Advance, EndEnrollment, ReasonCode, SendEmail
from sodate.scenarios.calendar import due_at
from sodate.scenarios.engine import after_send, on_event, run
from sodate.scenarios.graph import faults_of
from sodate.scenarios.program import Program, compile_scenario, compile_sequence
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.sequence import Sequence

from tests.unit.scenarios.samples import NOW, FakeLead, enrollment, scenario

ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", None)
BIG = {"attribute": "primary.size", "equals": "big"}
EVENTS = ("seminar_registered", "email_replied", "meeting_set", "page_viewed")
LASTING: list[dict[str, Any]] = [
    {"minutes": 30},
    {"days": 2, "at": "10:00"},
    {"business_days": 1},
]
MAYBE: list[dict[str, Any]] = [
    {"days": 0},
    {"until": "10:00"},
    {"weekday": ["mon", "fri"], "at": "09:30"},
    {"weekday": "tue"},
]
DATES: list[dict[str, Any]] = [
    {"date": "primary.renewal", "days": days, "at": "10:00", "already_past": past, "missing": missing}
    for days in (-30, 3)
    for past in ("continue", "skip", "end")
    for missing in ("skip", "end")
]
WAITS = st.sampled_from([*MAYBE, *LASTING, *DATES])
TRIGGERS = st.sampled_from([{"activity": "seminar_registered"}, {"reply": True}])
KINDS = ("send", "send", "wait", "wait", "back", "wait_for", "branch", "split", "holdout", "tag")


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Steps lead forward; only a wait that always takes time (`back`) may lead anywhere. Unreachable ones are left out.

    `skip` over a step with several exits remains, and is refused.
    """
    count = draw(st.integers(1, 10))
    names = [f"s{n}" for n in range(count)]
    steps = [_step(draw, n, names) for n in range(count)]
    reached = {"s0"}
    for _ in range(count):
        reached |= {target for step in steps if step["id"] in reached for target in _targets(step)}
    exits = draw(st.sampled_from([(), [{"id": "replied", "on": {"reply": True}}]]))
    goals = draw(st.sampled_from([(), [{"id": "meeting", "on": {"feedback": ["meeting_set"]}, "within_days": 20}]]))
    return scenario(*(step for step in steps if step["id"] in reached), exits=exits, goals=goals)


def _step(draw: st.DrawFn, number: int, names: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    targets = st.sampled_from([*names[number + 1 :][:3], "end"])
    to = {"then": draw(st.sampled_from(names) if kind == "back" else targets)}
    other, event, wait = draw(targets), draw(TRIGGERS), draw(WAITS)
    since = draw(st.sampled_from(["step", "enrollment"]))
    ends = (other, to["then"])
    arms = [{"id": arm, "weight": weight, "then": then} for arm, weight, then in zip("ab", (1, 3), ends, strict=True)]
    written = {
        "send": {"send": "t", **to},
        "wait": {"wait": wait, **to},
        "back": {"wait": draw(st.sampled_from(LASTING)), **to},
        "wait_for": {"wait_for": event, "since": since, "timeout": wait, "on_timeout": other, **to},
        "branch": {"branch": [{"when": BIG, **to}], "otherwise": other},
        "split": {"split": arms},
        "holdout": {"holdout": 50, "otherwise": other, **to},
        "tag": {"set": [{"add_tag": "x"}], **to},
    }
    return {"id": names[number], **written[kind]}


def _targets(step: dict[str, Any]) -> set[str]:
    inner = [each["then"] for key in ("branch", "split") for each in step.get(key, ())]
    return {*inner, *(step[key] for key in ("then", "otherwise", "on_timeout") if key in step)}


LEADS = st.builds(
    FakeLead,
    id=st.text("abcdef0123456789", min_size=4, max_size=8),
    time_zone=st.sampled_from(ZONES),
    attributes=st.fixed_dictionaries(
        {
            "primary.size": st.sampled_from(["big", "small", None]),
            "primary.renewal": st.sampled_from([None, "2026-11-20", "2026-12-20", "2027-02-28"]),
        }
    ),
)
#: Hours after the enrollment at which the lead does something.
DOES = st.lists(st.tuples(st.integers(0, 24 * 30), st.sampled_from(EVENTS)), max_size=4)


def passage(compiled: Program, lead: FakeLead, does: list[tuple[int, str]]) -> list[tuple[datetime, Advance]]:
    """Every advance of one enrollment, in order: due times and events, until the end or for 80 of them."""
    history: list[tuple[datetime, Advance]] = []
    events = sorted(does)
    current, due = enrollment(), NOW
    while due is not None and len(history) < 80:
        at = due
        if events and NOW + timedelta(hours=events[0][0]) <= due:
            hours, type_ = events.pop(0)
            at = NOW + timedelta(hours=hours)
            advance = on_event(compiled, current, lead, lead.does(type_, at), at)
        else:
            advance = run(compiled, current, lead, at)
        while advance is not None:
            history.append((at, advance))
            current, due = advance.enrollment, advance.due
            is_sent = any(isinstance(effect, SendEmail) for effect in advance.effects)
            advance = after_send(compiled, current, lead, at) if is_sent else None
    for hours, type_ in events:
        at = NOW + timedelta(hours=hours)
        late = on_event(compiled, current, lead, lead.does(type_, at), at) if due is None else None
        history += [(at, late)] if late else []
    return history


@given(scenarios(), LEADS, DOES)
@settings(max_examples=150, deadline=None)
def test_no_email_follows_the_end_a_goal_or_an_exit(definition: Scenario, lead: FakeLead, does: Any) -> None:
    assume(not faults_of(definition))
    ends = 0
    for _, advance in passage(compile_scenario(definition, 1), lead, does):
        for effect in advance.effects:
            assert not (ends and isinstance(effect, SendEmail | EndEnrollment))
            ends += isinstance(effect, EndEnrollment)
        assert (advance.due is None) == bool(ends)


@given(scenarios(), LEADS, DOES)
@settings(max_examples=150, deadline=None)
def test_a_run_passes_each_node_at_most_once_and_time_goes_on(definition: Scenario, lead: FakeLead, does: Any) -> None:
    assume(not faults_of(definition))
    compiled = compile_scenario(definition, 1)
    for at, advance in passage(compiled, lead, does):
        assert 1 <= len(advance.reasons) <= 2 * len(compiled.nodes) + 1  # a date in the past says so, and goes on
        assert all(reason.version == 1 for reason in advance.reasons)
        assert advance.reason.code != ReasonCode.TOO_MANY_STEPS
        stays = advance.reason.code in (ReasonCode.WAITS, ReasonCode.WAITS_FOR_EVENT)
        assert advance.due is None or (advance.due > at if stays else advance.due >= at)


@given(scenarios(), LEADS, DOES)
@settings(max_examples=100, deadline=None)
def test_the_same_arguments_give_the_same_advance(definition: Scenario, lead: FakeLead, does: Any) -> None:
    assume(not faults_of(definition))
    twin = replace(lead, log=[])
    assert passage(compile_scenario(definition, 1), lead, does) == passage(compile_scenario(definition, 1), twin, does)


@given(scenarios(), LEADS, DOES, st.floats(0, 0.999))
@settings(max_examples=100, deadline=None)
def test_a_run_that_comes_too_early_changes_nothing(
    definition: Scenario, lead: FakeLead, does: Any, part: float
) -> None:
    """At each wait of a passage, a run at any part of it."""
    assume(not faults_of(definition))
    compiled = compile_scenario(definition, 1)
    for at, advance in passage(compiled, lead, does):
        if advance.reason.code == ReasonCode.WAITS and advance.due is not None:
            early = at + (advance.due - at) * part
            known = replace(lead, log=[activity for activity in lead.log if activity.at <= at])
            again = run(compiled, advance.enrollment, known, early)
            assert (again.effects, again.enrollment, again.due) == ((), advance.enrollment, advance.due)


@given(scenarios())
@settings(max_examples=150, deadline=None)
def test_a_definition_is_refused_or_compiles_to_a_program_whose_every_node_is_reached(definition: Scenario) -> None:
    assume(not faults_of(definition))
    compiled = compile_scenario(definition, 1)
    assert {compiled.index_of(step.id) for step in definition.steps} == set(range(compiled.end))
    reached, ahead = set(), [0]
    while ahead:
        index = ahead.pop()
        if index < compiled.end and index not in reached:
            reached.add(index)
            node = compiled.nodes[index]
            ahead += [*node.next, *([] if node.skip is None else [node.skip])]
    assert reached == set(range(compiled.end))


# -- sequences -------------------------------------------------------------------------------------------------------

DELAYS = st.one_of(
    st.builds(
        lambda days, at: {"delay": {"days": days}, "at": at}, st.integers(0, 40), st.sampled_from([None, "10:00"])
    ),
    st.builds(
        lambda days, at: {"delay": {"business_days": days}, "at": at},
        st.integers(0, 20),
        st.sampled_from([None, "02:30", "22:15"]),
    ),
    st.builds(lambda hours: {"delay": {"hours": hours}}, st.integers(0, 200)),
)
MAILING = Mailing.model_validate(
    {
        "sender": {"name": "n", "from_address": "a@b.jp", "postal_address": "p", "contact": "c"},
        "topics": [{"id": "news", "name": "News"}],
        "quiet_hours": {"from": "21:00", "until": "08:00"},
        "send_days": "business",
        "closing_days": ["12-29..01-03"],
    }
)


@given(
    st.lists(DELAYS, min_size=1, max_size=4),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(ZONES),
    st.sampled_from(["Asia/Tokyo", "Europe/Berlin"]),
    st.sampled_from([None, MAILING]),
)
@settings(max_examples=150, deadline=None)
def test_a_sequence_as_a_program_is_due_exactly_when_the_sequence_is(
    delays: list[dict[str, Any]], since: datetime, lead_zone: str | None, time_zone: str, mailing: Mailing | None
) -> None:
    steps = [{"id": f"s{n}", "template": "t", **delay} for n, delay in enumerate(delays)]
    sequence = Sequence.model_validate({"id": "q", "topic": "news", "time_zone": time_zone, "steps": steps})
    compiled, lead = compile_sequence(sequence, 1), FakeLead(time_zone=lead_zone)
    current: ActiveEnrollment = enrollment(since=since)
    now = since
    for number, step in enumerate(sequence.steps):
        due = due_at(step, sequence, since, mailing=mailing, time_zone=lead_zone)
        advance = run(compiled, current, lead, now, mailing=mailing)
        assert advance.node == number
        assert advance.due == max(due, now)
        now = max(due, now)
        effect = run(compiled, current, lead, now, mailing=mailing).effects[0]
        assert isinstance(effect, SendEmail)
        assert (effect.due, effect.valid_until) == (due, due + timedelta(hours=step.valid_hours))
        current = after_send(compiled, current, lead, now, mailing=mailing).enrollment
    assert current.node == compiled.end
