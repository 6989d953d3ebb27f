"""The document of a rehearsal: every figure computed by hand, and the same bytes for the same figures."""

import json
import random
from collections import Counter
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.rehearsal.definitions import program_of
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.report.exits import exits_of_node
from sodate.rehearsal.report.summary import document
from sodate.scenarios.advance import ReasonCode

from tests.unit.rehearsal.played import SPAN, STEP_MAIL, WEBINAR, assumptions, definitions, figures


def played(of: Figures | None = None) -> dict[str, Any]:
    return document(of or figures(), definitions(), assumptions(), SPAN, 7)


def step(id_: str) -> dict[str, Any]:
    return next(one for one in played()["scenarios"]["webinar"]["steps"] if one["id"] == id_)


def test_it_says_what_it_assumes_with_seed_and_days() -> None:
    shown = played()
    assert (shown["seed"], shown["time_zone"]) == (7, "Asia/Tokyo")
    assert shown["assumptions"] == assumptions().model_dump(mode="json")
    assert "assumed" in shown["note"]
    assert list(shown["emails"]["by_day"]) == ["2026-12-01", "2026-12-02", "2026-12-03"]


def test_emails_are_counted_by_day_hour_and_source() -> None:
    emails = played()["emails"]
    assert emails["all"] == 23
    assert emails["by_source"] == {"news": 9, "webinar": 14}
    assert emails["by_day"]["2026-12-02"] == {"news": 9, "webinar": 3}
    assert emails["by_hour"]["10"] == {"webinar": 14}
    assert emails["busiest_day"] == {"day": "2026-12-02", "emails": 12, "at_most": 12}
    assert emails["busiest_hour"] == {"hour": "10", "emails": 14}
    assert emails["waited_for_ses"] == 5


def test_caps_are_told_apart_from_other_deferrals() -> None:
    shown = played()
    assert shown["cap_hits"] == {"news": {"frequency_wish": 1}, "webinar": {"cap:day": 3}}
    late = replace(figures(), skipped=Counter({("webinar", "cap:day"): 2}))
    assert played(late)["cap_hits"]["webinar"] == {"cap:day": 5}
    assert shown["deferred"]["webinar"] == {"cap:day": 3, "closed_hours": 4}
    assert shown["skipped"] == {"news": {"expired": 2}, "webinar": {"blocked:hard_bounce": 1}}


def test_opt_in_emails_cost_too() -> None:
    assert played()["cost"] == {"emails": 49, "usd_per_thousand": 0.1, "usd": 0.0049}


def test_a_step_shows_who_came_stayed_and_left_by_which_exit() -> None:
    clicks = step("clicks")
    assert (clicks["came"], clicks["inside"], clicks["ended_here"]) == (10, 2, 1)
    assert {one["exit"]: (one["to"], one["enrollments"]) for one in clicks["exits"]} == {
        "event": ("size", 3),
        "timeout": ("reminder", 4),
    }
    assert step("invitation")["exits"][0]["outcomes"] == {"sent": 9, "skipped": 1}
    assert (step("reminder")["came"], step("reminder")["ended_here"]) == (6, 1)
    assert step("size")["exits"][1]["condition"] == "primary.size is <huge>"


def test_everybody_who_entered_is_inside_or_ended() -> None:
    scenario = played()["scenarios"]["webinar"]
    assert scenario["ended"] == {"completed": 6, "goal:meeting": 2}
    assert scenario["inside"] + sum(scenario["ended"].values()) == scenario["entered"] == 10


def test_who_was_taken_out_by_another_scenario_is_counted_apart() -> None:
    fewer = replace(figures(), ended=Counter({("webinar", "completed"): 1}))
    assert played(fewer)["scenarios"]["webinar"]["ended"] == {"completed": 6, "left_or_entered_again": 2}


def test_goals_have_their_share_and_their_hours() -> None:
    goals = played()["scenarios"]["webinar"]["goals"]
    assert goals["meeting"] == {"reached": 3, "percent": 30.0, "median_hours": 20.0, "p90_hours": 30.0}
    assert goals["won"] == {"reached": 0, "percent": 0.0, "median_hours": None, "p90_hours": None}


def test_dead_branches_are_exits_that_nobody_took_and_steps_that_nobody_reached() -> None:
    assert played()["scenarios"]["webinar"]["dead"] == [
        {"step": "size", "exit": "case 2", "to": "signal", "came": 3},
        {"step": "signal", "exit": None, "to": None, "came": 0},
    ]
    assert played()["scenarios"]["welcome"]["dead"] == []


def test_an_exit_is_not_dead_while_everybody_still_waits_at_the_step() -> None:
    edges = Counter({("webinar", "invitation", "sent"): 10})
    waiting = replace(figures(), edges=edges, still=Counter({("webinar", "clicks"): 10}), ended=Counter())
    dead = played(waiting)["scenarios"]["webinar"]["dead"]
    assert [(one["step"], one["exit"]) for one in dead] == [
        (name, None) for name in ("size", "signal", "call", "reminder")
    ]


def test_answers_are_shares_of_what_was_sent_or_delivered() -> None:
    invite = played()["answers"]["invite"]
    assert (invite["sent"], invite["delivered"], invite["opened"]) == (11, 10, 5)
    assert invite["percent"] == {
        "bounced": 9.09, "opened": 50.0, "clicked": 0.0, "unsubscribed": 0.0, "complained": 0.0,
    }  # fmt: skip


def test_the_load_of_sales_has_the_busiest_day_of_each_owner() -> None:
    sales = played()["sales"]
    assert sales["signals"]["sato"] == {"2026-12-01": 2, "2026-12-02": 1}
    assert sales["calls"] == {"sato": {"2026-12-02": 1}, "tanaka": {}}
    assert sales["busiest_day"]["sato"] == {"day": "2026-12-01", "signals": 2, "calls": 0}
    assert sales["busiest_day"]["tanaka"] == {"day": "2026-12-02", "signals": 1, "calls": 0}


def test_what_deserves_a_look_comes_in_one_order() -> None:
    assert [one["finding"] for one in played()["look_at"]] == [
        "nobody_entered", "dead_exit", "goal_missed", "waited_for_ses", "expired", "cap_hits", "together",
    ]  # fmt: skip


def test_emails_that_are_late_or_over_a_cap_are_one_line_each_with_the_worst_source() -> None:
    found = {one["finding"]: one for one in played()["look_at"]}
    assert found["expired"] == {"finding": "expired", "emails": 2, "source": "news", "of_source": 2}
    assert found["cap_hits"] == {"finding": "cap_hits", "emails": 4, "source": "webinar", "of_source": 3}


def test_it_is_json() -> None:
    assert json.loads(json.dumps(played())) == played()


@given(st.randoms(use_true_random=False))
def test_the_same_figures_in_any_order_give_the_same_bytes(order: random.Random) -> None:
    assert json.dumps(played(shuffled(figures(), order))) == json.dumps(played())


def shuffled(of: Figures, order: random.Random) -> Figures:
    changes: dict[str, Any] = {}
    for field in fields(of):
        value = getattr(of, field.name)
        if isinstance(value, dict):
            entries = list(value.items())
            order.shuffle(entries)
            changes[field.name] = type(value)(dict(entries)) if isinstance(value, Counter) else dict(entries)
    return replace(of, **changes)


# -- exits -------------------------------------------------------------------------------------------------------------

ON_DATE = {"date": "primary.renewal", "at": "10:00", "already_past": "skip", "missing": "end"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"wait": {"days": 2}}, [("then", ("wait over",))]),
        ({"holdout": 10}, [("continues", ("arm continues",)), ("kept out", ("kept out kept out",))]),
        (
            {"split": [{"id": "a", "weight": 1, "then": "last"}, {"id": "b-2", "weight": 1, "then": "end"}]},
            [("arm a", ("arm a",)), ("arm b-2", ("arm b-2",))],
        ),
        ({"end": "attended"}, [("then", ("done attended",))]),
        ({"set": [{"add_tag": "x"}]}, [("then", ("done",))]),
        (
            {"wait": ON_DATE},
            [
                ("then", ("wait over",)),
                ("skip", ("date past skip", "no date skip")),
            ],
        ),
    ],
)
def test_each_exit_has_the_words_with_which_it_is_counted(written: dict, expected: list) -> None:
    first = {"id": "first", **written}
    steps = [first, {"id": "last", "set": [{"add_tag": "y"}]}, {"id": "more", "send": "remind"}]
    if "end" in written:
        steps = [{"id": "start", "holdout": 50, "then": "first", "otherwise": "last"}, *steps]
    program = program_of({**WEBINAR, "steps": steps})
    node = next(node for node in program.nodes if node.id == "first")
    exits = [(one.name, one.counted) for one in exits_of_node(program, node) if one.name != "date"]
    assert exits == expected


def test_a_date_that_is_past_ends_the_enrollment_at_the_step() -> None:
    program = program_of({**WEBINAR, "steps": [{"id": "first", "wait": ON_DATE}, {"id": "last", "send": "remind"}]})
    ends = next(one for one in exits_of_node(program, program.nodes[0]) if one.name == "date")
    assert ends.counted == ("date past date:first", "no date date:first")
    assert (ends.to, ends.is_written) == (program.end, False)


def test_every_reason_to_leave_a_step_is_an_exit_of_some_step() -> None:
    """A new reason code of the engine needs an exit here, or its enrollments vanish from the graph."""
    stays = {ReasonCode.WAITS, ReasonCode.WAITS_FOR_EVENT, ReasonCode.SEND, ReasonCode.TOO_MANY_STEPS}
    also = {ReasonCode.NOT_ENROLLED}  # said beside the reason of the step
    ends = {ReasonCode.GOAL, ReasonCode.EXIT, ReasonCode.COMPLETED, ReasonCode.OVERDUE}
    known = {"wait_over", "date_past", "no_date", "event", "timeout", "case", "otherwise", "arm", "kept_out", "done"}
    assert set(ReasonCode) - stays - ends - also == known


def test_a_sequence_waits_from_the_enrollment() -> None:
    shown = document(Figures(figures().time_zone), definitions(STEP_MAIL), assumptions(), SPAN, 1)
    assert shown["scenarios"]["welcome"]["steps"][0]["wait"] == {"days": 1, "at": "10:00", "since": "enrollment"}
    assert shown["emails"]["busiest_day"] is None
