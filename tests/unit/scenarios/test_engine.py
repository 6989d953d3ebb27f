"""The engine: one table of cases per kind of step, and the webinar sample from the invitation to its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.email.mailing import Mailing
from sodate.scenarios.advance import (
    ActiveEnrollment,
    AddInterest,
    AddTag,
    Advance,
    CreateCallTask,
    Effect,
    EndEnrollment,
    Enroll,
    GoalReached,
    Leave,
    PostWebhook,
    RemoveTag,
    SendEmail,
    SendSignal,
    SetField,
)
from sodate.scenarios.engine import after_send, on_event, resume, run
from sodate.scenarios.program import Program, compile_scenario

from tests.unit.scenarios.samples import DAY, NOW, FakeLead, enrollment, program, webinar

BIG = {"attribute": "primary.size", "equals": "big"}
RENEWAL = {"date": "primary.renewal", "days": -30, "at": "10:00"}
IN_A_DAY = {"days": 1, "at": "10:00"}
SEND = {"id": "mail", "send": "t"}
REGISTERS = {
    "id": "registers", "wait_for": {"activity": "seminar_registered"}, "timeout": {"hours": 48}, "on_timeout": "late",
}  # fmt: skip
LATE = {"id": "late", "end": "late"}
MAILING = Mailing.model_validate(
    {
        "sender": {"name": "n", "from_address": "a@b.jp", "postal_address": "p", "contact": "c"},
        "topics": [{"id": "news", "name": "News"}],
        "quiet_hours": {"from": "21:00", "until": "08:00"},
    }
)


def sent(advance: Advance) -> str | None:
    """The step whose email the run hands over."""
    return next((effect.step for effect in advance.effects if isinstance(effect, SendEmail)), None)


def ended(advance: Advance) -> str | None:
    return next((effect.reason for effect in advance.effects if isinstance(effect, EndEnrollment)), None)


@pytest.mark.parametrize(
    ("step", "effects"),
    [
        (
            {
                "set": [
                    {"field": "secondary.plan", "to": "b"},
                    {"add_tag": "x"},
                    {"remove_tag": "y"},
                    {"add_interest": "z"},
                ]
            },
            [SetField("secondary.plan", "b"), AddTag("x"), RemoveTag("y"), AddInterest("z")],
        ),
        ({"enroll": "other"}, [Enroll("other", ("seminar", "december"))]),
        ({"leave": "other"}, [Leave("other")]),
        ({"signal": "hot"}, [SendSignal("x", "hot")]),
        ({"webhook": "https://a.example.jp/"}, [PostWebhook("x", "https://a.example.jp/", "retry")]),
        (
            {"call_task": "電話", "due": {"business_days": 1, "at": "17:00"}},
            [CreateCallTask("x", "電話", datetime(2026, 12, 2, 8, tzinfo=UTC))],
        ),
        (
            {"call_task": "電話", "due": {**RENEWAL, "already_past": "skip"}},
            [CreateCallTask("x", "電話", NOW)],
        ),
        ({"end": "word"}, []),
    ],
    ids=str,
)
def test_a_step_has_its_effects_and_leads_on(step: dict[str, Any], effects: list[Effect]) -> None:
    advance = run(program({"id": "x", **step}), enrollment(key=("seminar", "december")), FakeLead(), NOW)
    assert list(advance.effects) == [*effects, EndEnrollment("word" if "end" in step else "completed")]
    assert advance.due is None


def test_a_send_is_handed_over_and_stays_until_it_is_claimed() -> None:
    compiled = program(SEND, {"id": "second", "send": "u", "topic": "seminars", "valid_hours": 5})
    advance = run(compiled, enrollment(), FakeLead(), NOW)
    (effect,) = advance.effects
    assert isinstance(effect, SendEmail)
    assert (effect.step, effect.topic, effect.then) == ("mail", "news", 1)
    assert (advance.node, advance.due, str(advance.reason)) == (0, NOW, "mail v1: send")

    following = after_send(compiled, advance.enrollment, FakeLead(), NOW + timedelta(minutes=1))
    (effect,) = following.effects
    assert isinstance(effect, SendEmail)
    assert (effect.step, effect.topic) == ("second", "seminars")
    assert effect.valid_until == NOW + timedelta(hours=5, minutes=1)
    assert ended(after_send(compiled, following.enrollment, FakeLead(), NOW)) == "completed"


def test_a_run_before_the_due_time_changes_nothing() -> None:
    compiled = program({"id": "w", "wait": IN_A_DAY}, SEND)
    first = run(compiled, enrollment(), FakeLead(), NOW)
    assert (first.effects, first.node, first.due) == ((), 0, NOW + DAY)
    again = run(compiled, first.enrollment, FakeLead(), NOW + DAY - timedelta(seconds=1))
    assert (again.effects, again.enrollment, again.due) == ((), first.enrollment, first.due)
    assert sent(run(compiled, first.enrollment, FakeLead(), NOW + DAY)) == "mail"


def test_a_late_run_keeps_the_time_until_which_an_email_is_valid() -> None:
    compiled = program({"id": "w", "wait": IN_A_DAY}, SEND)
    (effect,) = run(compiled, enrollment(), FakeLead(), NOW + 3 * DAY).effects
    assert isinstance(effect, SendEmail)
    assert (effect.due, effect.valid_until) == (NOW + DAY, NOW + 4 * DAY)


def test_the_lead_s_time_zone_applies_and_the_scenario_s_when_it_is_unknown() -> None:
    compiled = program({"id": "w", "wait": {"until": "18:00"}}, SEND)
    assert run(compiled, enrollment(), FakeLead(), NOW).due == datetime(2026, 12, 1, 9, tzinfo=UTC)
    berlin = FakeLead(time_zone="Europe/Berlin")
    assert run(compiled, enrollment(), berlin, NOW).due == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert run(compiled, enrollment(), FakeLead(time_zone="Mars/Base"), NOW).due == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_an_email_waits_for_the_next_open_hour_and_other_steps_do_not() -> None:
    late = datetime(2026, 12, 1, 13, tzinfo=UTC)  # 22:00 in Tokyo
    compiled = program({"id": "tag", "set": [{"add_tag": "x"}]}, SEND)
    advance = run(compiled, enrollment(since=late), FakeLead(), late, mailing=MAILING)
    assert advance.effects == (AddTag("x"),)
    assert (advance.node, advance.due) == (1, datetime(2026, 12, 1, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("policy", "date", "step"),
    [
        ({"already_past": "continue"}, "2026-12-25", "mail"),
        ({"already_past": "skip"}, "2026-12-25", "next"),
        ({"already_past": "end"}, "2026-12-25", None),
        ({"already_past": "continue", "missing": "skip"}, None, "next"),
        ({"already_past": "continue"}, None, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("has_own_node", [False, True])
def test_a_date_in_the_past_or_missing_follows_its_policy(
    policy: dict[str, str], date: str | None, step: str | None, has_own_node: bool
) -> None:
    first = {"id": "tag", "set": [{"add_tag": "mail"}]} if has_own_node else SEND
    compiled = program({"id": "w", "wait": {**RENEWAL, **policy}}, first, {"id": "next", "send": "u"})
    advance = run(compiled, enrollment(), FakeLead(attributes={"primary.renewal": date}), NOW)
    is_next = step == "next" or (has_own_node and step == "mail")
    assert sent(advance) == ("next" if is_next else step)
    assert (AddTag("mail") in advance.effects) == (has_own_node and step == "mail")
    assert ended(advance) == (None if step else "date:w")


def test_a_date_that_moved_later_is_waited_for_again() -> None:
    compiled = program({"id": "w", "wait": {**RENEWAL, "already_past": "skip"}}, SEND)
    lead = FakeLead(attributes={"primary.renewal": "2027-01-31"})
    first = run(compiled, enrollment(), lead, NOW)
    assert first.due == datetime(2027, 1, 1, 1, tzinfo=UTC)
    lead.attributes = {"primary.renewal": "2027-03-31"}
    assert run(compiled, first.enrollment, lead, first.due).due == datetime(2027, 3, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("size", "step", "detail"), [("big", "a", "1"), ("small", "b", ""), (None, "b", "")])
def test_a_branch_takes_the_first_case_that_holds(size: str | None, step: str, detail: str) -> None:
    cases = [{"when": BIG, "then": "a"}, {"when": BIG, "then": "b"}]
    compiled = program(
        {"id": "x", "branch": cases, "otherwise": "b"},
        {"id": "a", "send": "t", "then": "end"},
        {"id": "b", "send": "t"},
    )
    advance = run(compiled, enrollment(), FakeLead(attributes={"primary.size": size}), NOW)
    assert sent(advance) == step
    assert advance.reasons[0].detail == detail


# -- waiting for an event ------------------------------------------------------------------------------------------

AFTER = NOW + timedelta(hours=1)


@pytest.mark.parametrize("keys", [{}, {"since": "step"}], ids=str)
def test_an_event_ends_the_wait_for_it_and_the_timeout_otherwise(keys: dict[str, str]) -> None:
    compiled = program({**REGISTERS, **keys, "then": "mail"}, LATE, SEND)
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    assert (waiting.node, waiting.due, str(waiting.reason)) == (0, NOW + 2 * DAY, "registers v1: waits_for_event")
    assert on_event(compiled, waiting.enrollment, lead, lead.does("page_viewed", AFTER), AFTER) is None
    came = on_event(compiled, waiting.enrollment, lead, lead.does("seminar_registered", AFTER), AFTER)
    assert came is not None
    assert sent(came) == "mail"
    assert str(came.reasons[0]) == "registers v1: event"
    assert ended(run(compiled, waiting.enrollment, FakeLead(), NOW + 2 * DAY)) == "late"


def test_an_event_that_was_lost_counts_at_the_timeout() -> None:
    compiled = program({**REGISTERS, "then": "mail"}, LATE, SEND)
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    lead.does("seminar_registered", AFTER)
    assert sent(run(compiled, waiting.enrollment, lead, NOW + 2 * DAY)) == "mail"


@pytest.mark.parametrize(("since", "step"), [("enrollment", "mail"), ("step", None)])
def test_what_happened_between_the_enrollment_and_the_step_counts_if_the_step_says_so(
    since: str, step: str | None
) -> None:
    compiled = program({"id": "w", "wait": {"hours": 2}}, {**REGISTERS, "since": since, "then": "mail"}, LATE, SEND)
    lead = FakeLead()
    lead.does("seminar_registered", NOW - DAY)
    at_start = run(compiled, enrollment(), lead, NOW)
    lead.does("seminar_registered", AFTER)
    assert sent(run(compiled, at_start.enrollment, lead, NOW + timedelta(hours=2))) == step


@pytest.mark.parametrize(("seminar", "step"), [("december", "mail"), ("january", None)])
def test_of_an_enrollment_with_a_key_only_events_with_that_key_count(seminar: str, step: str | None) -> None:
    compiled = program({**REGISTERS, "then": "mail"}, LATE, SEND, key="seminar")
    lead = FakeLead()
    waiting = run(compiled, enrollment(key=("seminar", "december")), lead, NOW)
    advance = on_event(
        compiled, waiting.enrollment, lead, lead.does("seminar_registered", AFTER, seminar=seminar), AFTER
    )
    assert (sent(advance) if advance else None) == step


# -- goals and exits -----------------------------------------------------------------------------------------------

MEETING = {"id": "meeting", "on": {"feedback": ["meeting_set"]}, "within_days": 10}
WAITING = ({"id": "w", "wait": {"days_of_24_hours": 5}}, SEND)


def test_an_exit_ends_the_enrollment_when_the_event_arrives() -> None:
    compiled = program(*WAITING, exits=[{"id": "replied", "on": {"reply": True}}])
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    advance = on_event(compiled, waiting.enrollment, lead, lead.does("email_replied", AFTER), AFTER)
    assert advance is not None
    assert (ended(advance), advance.due, advance.node) == ("exit:replied", None, compiled.end)
    assert on_event(compiled, advance.enrollment, lead, lead.does("email_replied", AFTER), AFTER) is None


def test_an_exit_is_checked_again_before_a_send() -> None:
    compiled = program(*WAITING, exits=[{"id": "replied", "on": {"reply": True}}, {"id": "big", "when": BIG}])
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    lead.does("email_replied", AFTER)  # its event was lost
    assert ended(run(compiled, waiting.enrollment, lead, NOW + 5 * DAY)) == "exit:replied"
    big = FakeLead(attributes={"primary.size": "big"})
    assert ended(run(compiled, waiting.enrollment, big, NOW + 5 * DAY)) == "exit:big"


def test_what_happened_before_the_enrollment_ends_nothing() -> None:
    compiled = program(*WAITING, exits=[{"id": "replied", "on": {"reply": True}}], goals=[MEETING])
    lead = FakeLead()
    before = [lead.does("email_replied", NOW - DAY), lead.does("meeting_set", NOW - DAY)]
    waiting = run(compiled, enrollment(), lead, NOW)
    assert not waiting.effects
    assert [on_event(compiled, waiting.enrollment, lead, event, AFTER) for event in before] == [None, None]


def test_a_goal_is_counted_once_and_ends_the_enrollment() -> None:
    compiled = program(*WAITING, goals=[MEETING])
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    advance = on_event(compiled, waiting.enrollment, lead, lead.does("meeting_set", AFTER), AFTER)
    assert advance is not None
    assert advance.effects == (GoalReached("meeting"), EndEnrollment("goal:meeting", is_early=True))
    assert on_event(compiled, advance.enrollment, lead, lead.does("meeting_set", AFTER), AFTER) is None


def test_a_goal_that_does_not_end_it_is_counted_and_the_wait_goes_on() -> None:
    compiled = program(*WAITING, goals=[{**MEETING, "exit": False}])
    lead = FakeLead()
    waiting = run(compiled, enrollment(), lead, NOW)
    advance = on_event(compiled, waiting.enrollment, lead, lead.does("meeting_set", AFTER), AFTER)
    assert advance is not None
    assert (advance.effects, advance.due) == ((GoalReached("meeting"),), NOW + 5 * DAY)
    again = run(compiled, advance.enrollment, lead, NOW + 5 * DAY)
    assert [type(effect) for effect in again.effects] == [SendEmail]


@pytest.mark.parametrize(("days", "effects"), [(10, (GoalReached("meeting"),)), (11, None)])
def test_a_goal_counts_after_the_end_within_its_window(days: int, effects: tuple[Effect, ...] | None) -> None:
    compiled = program(SEND, goals=[MEETING])
    over, lead = enrollment(compiled.end), FakeLead()
    at = NOW + days * DAY
    advance = on_event(compiled, over, lead, lead.does("meeting_set", at), at + DAY)
    assert (advance.effects if advance else None) == effects


def test_an_ended_enrollment_does_nothing() -> None:
    compiled = program(SEND, exits=[{"id": "big", "when": BIG}])
    advance = run(compiled, enrollment(compiled.end), FakeLead(attributes={"primary.size": "big"}), NOW)
    assert (advance.effects, advance.due, str(advance.reason)) == ((), None, "end v1: completed")


# -- pause -----------------------------------------------------------------------------------------------------------

PAUSE = (NOW + DAY, NOW + 4 * DAY)


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        ({"waits": "count_on"}, NOW + 5 * DAY),
        ({"waits": "restart"}, NOW + 9 * DAY),
        ({"waits": "hold"}, NOW + 8 * DAY),
    ],
    ids=str,
)
def test_a_pause_has_the_effect_on_waits_that_the_scenario_declares(pause: dict[str, str], due: datetime) -> None:
    compiled = program(*WAITING, pause=pause)
    assert resume(compiled, enrollment(), FakeLead(), PAUSE).due == due


@pytest.mark.parametrize(("hours", "step"), [(None, "mail"), (36, "mail"), (35, "second")])
def test_an_email_that_is_long_overdue_after_a_pause_is_skipped_if_declared(hours: int | None, step: str) -> None:
    compiled = program(
        {"id": "w", "wait": {"hours": 60}}, SEND, {"id": "second", "send": "u"}, pause={"skip_overdue_hours": hours}
    )
    advance = resume(compiled, enrollment(), FakeLead(), PAUSE)
    assert sent(advance) == step
    assert ("overdue" in [reason.code for reason in advance.reasons]) == (step == "second")


# -- the sample ------------------------------------------------------------------------------------------------------


def play(compiled: Program, lead: FakeLead, does: dict[int, str], days: int = 40) -> tuple[list[str], ActiveEnrollment]:
    """Emails, other effects and the end, in order. `does`: day → what the lead does then, two hours after the start."""
    story: list[str] = []
    current = enrollment(key=("seminar", "december"))
    due: datetime | None = NOW
    for at in (NOW + timedelta(hours=hour) for hour in range(days * 24)):
        advance = run(compiled, current, lead, at) if due is not None and due <= at else None
        day, hours = divmod((at - NOW) // timedelta(hours=1), 24)
        if hours == 2 and day in does:
            event = lead.does(does[day], at, seminar="december")
            advance = on_event(compiled, current, lead, event, at)
        while advance is not None:
            story += map(word_of, advance.effects)
            current, due = advance.enrollment, advance.due
            advance = after_send(compiled, current, lead, at) if sent(advance) else None
    return story, current


def word_of(effect: Effect) -> str:
    names = {SendEmail: "step", CreateCallTask: "step", EndEnrollment: "reason", AddTag: "tag", GoalReached: "goal"}
    return str(getattr(effect, names[type(effect)]))


@pytest.mark.parametrize(
    ("does", "size", "story"),
    [
        ({}, "1-99", ["invitation", "second-invitation", "webinar-declined", "completed"]),
        ({1: "seminar_registered"}, "1-99", ["invitation", "reminder", "missed", "completed"]),
        (
            {1: "seminar_registered", 20: "seminar_attended"},
            "100-999",
            ["invitation", "reminder", "call", "thanks", "completed"],
        ),
        (
            {7: "seminar_registered", 20: "seminar_attended"},
            "1-99",
            ["invitation", "second-invitation", "reminder", "thanks", "completed"],
        ),
        ({3: "meeting_set"}, "1-99", ["invitation", "meeting", "goal:meeting"]),
    ],
    ids=str,
)
def test_the_webinar_sample_from_the_invitation_to_its_end(does: dict[int, str], size: str, story: list[str]) -> None:
    lead = FakeLead(attributes={"secondary.webinar_date": "2026-12-21", "primary.company_size": size})
    effects, current = play(compile_scenario(webinar(), 1), lead, does)
    assert effects == story
    assert current.node == compile_scenario(webinar(), 1).end


def test_the_activity_that_enrolled_the_lead_ends_nothing() -> None:
    compiled = program(*WAITING, exits=[{"id": "replied", "on": {"reply": True}}])
    lead = FakeLead()
    start = lead.does("email_replied", NOW)
    assert not run(compiled, enrollment(), lead, NOW).effects
    assert on_event(compiled, enrollment(), lead, start, NOW) is None


def test_one_event_ends_a_repeated_wait_for_it_once() -> None:
    again = {**REGISTERS, "since": "step", "then": "tag"}
    compiled = program(again, LATE, {"id": "tag", "set": [{"add_tag": "x"}], "then": "registers"})
    lead = FakeLead()
    advance = on_event(compiled, enrollment(), lead, lead.does("seminar_registered", AFTER), AFTER)
    assert advance is not None
    assert (advance.effects, advance.node, advance.due) == ((AddTag("x"),), 0, AFTER + 2 * DAY)
