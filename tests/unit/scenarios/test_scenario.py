"""Definitions of scenarios: what a marketer may write, and what is refused, with the path that the author wrote."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sodate.activities.activity import Activity
from sodate.playbook.explain import problems_of
from sodate.scenarios.entries import Entry, ReEntry, starts
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import Step
from sodate.scenarios.triggers import Trigger, matches, types_of

from tests.unit.scenarios.samples import DAY, NOW, enrollment, scenario, webinar

STEP: TypeAdapter[Step] = TypeAdapter(Step)
ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
TRIGGER: TypeAdapter[Trigger] = TypeAdapter(Trigger)
IN_A_DAY = {"days": 1, "at": "10:00"}

STEPS: dict[str, dict[str, Any]] = {
    "send": {"send": "hello", "topic": "seminars", "over_cap": "skip", "valid_hours": 24, "on_error": "stop"},
    "wait": {"wait": IN_A_DAY},
    "wait_for": {"wait_for": {"reply": True}, "timeout": IN_A_DAY, "on_timeout": "end"},
    "branch": {"branch": [{"when": {"rank": ["A1"]}, "then": "end"}], "otherwise": "end"},
    "split": {"split": [{"id": "a", "weight": 1, "then": "end"}, {"id": "b", "weight": 0, "then": "end"}]},
    "holdout": {"holdout": 5, "otherwise": "end"},
    "set": {"set": [{"field": "secondary.interest", "to": "crm"}, {"add_tag": "warm"}, {"remove_tag": "cold"}]},
    "enroll": {"enroll": "other"},
    "leave": {"leave": "other"},
    "call_task": {"call_task": "資料の感想を伺う", "due": {"business_days": 1, "at": "17:00"}},
    "signal": {"signal": "料金ページを閲覧"},
    "webhook": {"webhook": "https://hooks.example.jp/sodate"},
    "end": {"end": "attended"},
}


@pytest.mark.parametrize("kind", STEPS)
def test_each_kind_of_step_is_known_by_its_key(kind: str) -> None:
    step = STEP.validate_python({"id": "x", **STEPS[kind]})
    assert step.kind == kind
    assert STEP.validate_python(step.model_dump(mode="json", exclude_none=True)) == step


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({}, "exactly one of"),
        ({"send": "a", "wait": IN_A_DAY}, "exactly one of"),
        ({"wait_for": {"reply": True}, "on_timeout": "end"}, "timeout"),
        ({"wait_for": {"reply": True}, "timeout": IN_A_DAY}, "on_timeout"),
        ({"wait_for": {"activity": "page_viewed", "times": 3}, "timeout": IN_A_DAY, "on_timeout": "end"}, "`times`"),
        ({"branch": [{"when": {"rank": ["A1"]}, "then": "end"}]}, "otherwise"),
        ({"branch": [], "otherwise": "end"}, "at least 1"),
        ({"branch": [{"when": {"rank": ["A1"]}, "then": "end"}], "otherwise": "end", "then": "end"}, "then"),
        ({"split": [{"id": "a", "weight": 0, "then": "end"}, {"id": "b", "weight": 0, "then": "end"}]}, "is 0"),
        (
            {"split": [{"id": "a", "weight": 1, "then": "end"}, {"id": "a", "weight": 1, "then": "end"}]},
            "is there twice",
        ),
        ({"holdout": 100}, "less than 100"),
        ({"set": [{"field": "primary.company"}]}, "`field` and `to`"),
        ({"set": [{"field": "primary.email", "to": "a@example.jp"}]}, "cannot change the address"),
        ({"set": [{"add_tag": "a", "remove_tag": "b"}]}, "exactly one of"),
        ({"end": "done", "then": "end"}, "then"),
        *(
            ({"webhook": url}, "public address" if url.startswith("https") else "not https")
            for url in (
                "http://hooks.example.jp/",
                "https://127.0.0.1/",
                "https://10.0.0.8:8080/x",
                "https://169.254.169.254/latest/meta-data",
                "https://[::1]/",
                "https://[fd00::1]/",
                "https://localhost/",
                "https://localhost./",
                "https://db.internal/",
                "https://127.1/",
                "https://2130706433/",
                "https://0x7f.1/",
                "https://user:password@hooks.example.jp/",
            )
        ),
    ],
    ids=str,
)
def test_an_incomplete_or_mixed_step_is_refused(step: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        STEP.validate_python({"id": "x", **step})


SUBMITTED = {"type_": "form_submitted", "form": "request-materials"}
ENTRIES: list[tuple[dict[str, Any], dict[str, str], bool]] = [
    ({"form": "request-materials"}, SUBMITTED, True),
    ({"form": "demo"}, SUBMITTED, False),
    ({"on": {"activity": "form_submitted", "form": "request-materials"}}, SUBMITTED, True),
    ({"on": {"activity": "form_submitted", "form": "demo"}}, SUBMITTED, False),
    ({"on": {"segment_entered": "vip"}}, {"type_": "segment_entered", "segment": "vip"}, True),
    ({"on": {"segment_entered": "vip"}}, {"type_": "segment_entered", "segment": "other"}, False),
    ({"on": {"segment_entered": "vip"}}, {"type_": "segment_left", "segment": "vip"}, False),
    ({"on": {"segment_left": "vip"}}, {"type_": "segment_left", "segment": "vip"}, True),
    ({"on": {"feedback": ["rejected", "lost"]}}, {"type_": "deal_lost"}, True),
    ({"on": {"feedback": ["rejected", "lost"]}}, {"type_": "deal_won"}, False),
    ({"on": {"reply": True}}, {"type_": "email_replied"}, True),
    ({"opt_in_confirmed": []}, {"type_": "opt_in_confirmed", "form": "demo"}, True),
    ({"opt_in_confirmed": ["demo"]}, {"type_": "opt_in_confirmed", "form": "demo"}, True),
    ({"opt_in_confirmed": ["demo"]}, {"type_": "opt_in_confirmed", "form": "other"}, False),
    ({"manual": True}, SUBMITTED, False),
]


@pytest.mark.parametrize(("entry", "activity", "is_start"), ENTRIES, ids=str)
def test_an_entry_starts_with_the_activity_that_it_names(
    entry: dict[str, Any], activity: dict[str, str], is_start: bool
) -> None:
    type_, about = activity["type_"], {name: value for name, value in activity.items() if name != "type_"}
    assert starts(ENTRY.validate_python(entry), Activity("l", type_, NOW, "k", about)) == is_start


@pytest.mark.parametrize(
    ("entry", "before", "after", "is_crossed"),
    [
        ({"score": "total", "rises_to": 100}, 99, 100, True),
        ({"score": "behaviour_minus", "falls_below": -10}, -10, -11, True),
        ({"score": "total", "rises_to": 100}, 100, 130, False),
        ({"score": "total", "rises_to": 100}, 130, 100, False),
        ({"score": "attribute", "category": "real-estate", "falls_below": 50}, 50, 49, True),
        ({"score": "attribute", "falls_below": 50}, 49, 40, False),
        ({"rank": ["A1", "A2"]}, "B1", "A2", True),
        ({"rank": ["A1", "A2"]}, "A1", "A2", False),
        ({"phase": ["consideration"]}, "interest", "consideration", True),
        ({"phase": ["consideration"]}, "consideration", "interest", False),
    ],
    ids=str,
)
def test_a_crossing_is_upward_or_downward_and_counts_once(
    entry: dict[str, Any], before: Any, after: Any, is_crossed: bool
) -> None:
    assert ENTRY.validate_python(entry).is_crossed(before, after) == is_crossed


@pytest.mark.parametrize(
    ("re_entry", "is_complete", "after_days", "rejection"),
    [
        ({}, True, 400, "was_in_it"),
        ({"allow": "after_exit"}, False, 400, "already_in_it"),
        ({"allow": "after_exit"}, True, 0, None),
        ({"allow": "after_exit", "interval_days": 30}, True, 29, "interval"),
        ({"allow": "after_exit", "interval_days": 30}, True, 30, None),
        ({"allow": "always"}, False, 0, None),
        ({"allow": "always", "interval_days": 1}, False, 0, "interval"),
    ],
    ids=str,
)
def test_re_entry_follows_its_policy_and_interval(
    re_entry: dict[str, Any], is_complete: bool, after_days: int, rejection: str | None
) -> None:
    policy, now = ReEntry.model_validate(re_entry), NOW + timedelta(days=after_days)
    assert policy.rejection(NOW, is_complete=is_complete, now=now) == rejection


@pytest.mark.parametrize(
    ("trigger", "about", "is_match"),
    [
        ({"activity": "seminar_registered"}, {"seminar": "december"}, True),
        ({"activity": "seminar_registered"}, {"seminar": "january"}, False),
        ({"activity": "seminar_registered"}, {}, True),
        ({"activity": "seminar_registered", "same_key": "seminar"}, {}, False),
        ({"activity": "seminar_registered", "same_key": "seminar"}, {"seminar": "december"}, True),
    ],
    ids=str,
)
def test_an_activity_about_another_key_does_not_match(
    trigger: dict[str, Any], about: dict[str, str], is_match: bool
) -> None:
    keyed, activity = enrollment(key=("seminar", "december")), Activity("l", "seminar_registered", NOW, "k", about)
    assert matches(TRIGGER.validate_python(trigger), activity, keyed) == is_match


def test_the_types_of_a_trigger_say_which_activities_concern_it() -> None:
    assert types_of(TRIGGER.validate_python({"feedback": ["won", "lost"]})) == {"deal_won", "deal_lost"}


def test_a_date_entry_is_a_wait_that_enrolls_nobody_late() -> None:
    entry = ENTRY.validate_python({"date": "primary.renewal", "days": -30, "at": "10:00"})
    wait = entry.as_wait
    assert (wait.date, wait.days, wait.already_past, wait.missing) == ("primary.renewal", -30, "skip", "skip")


def test_the_webinar_sample_is_complete() -> None:
    sample = webinar()
    assert sample.key == "seminar"
    assert len(sample.steps) == 12


def test_a_schedule_entry_has_a_recurrence_and_a_segment() -> None:
    first_friday = {"every": "month", "week_of_month": "first", "weekdays": "fri", "at": "10:00"}
    written = {"schedule": {**first_friday, "starting": "2026-12-01"}, "segment": "customers"}
    assert scenario({"id": "x", "send": "t"}, entry=[written]).entry[0].segment == "customers"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": [{"id": "x", "send": "T T"}]}, "steps[0].send"),
        ({"steps": [{"id": "x", "wait": {"days": 1, "at": "25:00"}}]}, "steps[0].wait.at"),
        ({"steps": [{"id": "x", "wait": {"days": 1, "hours": 1}}]}, "steps[0].wait"),
        ({"steps": [{"id": "x"}]}, "steps[0]"),
        (
            {"steps": [{"id": "x", "branch": [{"when": {"rank": ["D9"]}, "then": "end"}], "otherwise": "end"}]},
            "steps[0].branch[0].when.rank[0]",
        ),
        ({"steps": [{"id": "x", "send": "t", "valid_hour": 3}]}, "steps[0].valid_hour"),
        ({"entry": [{"on": {"segment_entered": "A A"}}]}, "entry[0].on.segment_entered"),
        ({"exits": [{"id": "x", "when": {"all": [{"rank": ["D9"]}]}}]}, "exits[0].when.all[0].rank[0]"),
        ({"exits": [{"id": "x"}]}, "exits[0]"),
        ({"goals": [{"id": "x", "on": {"reply": True}}], "exits": [{"id": "x", "on": {"reply": True}}]}, "exits[0].id"),
        ({"time_zone": "Asia/Edo"}, "time_zone"),
    ],
    ids=str,
)
def test_a_problem_names_the_path_that_the_author_wrote(change: dict[str, Any], field: str) -> None:
    data = {"id": "s", "topic": "news", "entry": [{"manual": True}], "steps": [{"id": "x", "send": "t"}], **change}
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    assert problems_of(caught.value, Scenario, "s.yaml", data, {})[0].field == field


def test_a_definition_keeps_its_meaning_when_it_is_stored() -> None:
    sample = webinar()
    assert Scenario.model_validate(sample.model_dump(mode="json")) == sample
    assert sample.re_entry.rejection(NOW, is_complete=True, now=NOW + 31 * DAY) is None
