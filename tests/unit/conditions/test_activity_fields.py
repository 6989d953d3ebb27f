"""Conditions about declared activities and about any attribute of an activity."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.activities.activity import Activity
from sodate.activities.catalog import PASSIVE, ActivityType, DeclaredType
from sodate.activities.declared import DeclaredActivities
from sodate.activities.kinds import kind_named
from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest, Inactive
from sodate.conditions.words import in_words
from sodate.errors import Invalid
from sodate.facts.fold import FactFold
from sodate.playbook.model import read
from sodate.tracking.batch import Event, read_batch
from sodate.tracking.definition import CustomEvent, EventField, Site, Tracking

from tests.unit.tracking.test_reading_batches import JSON, NOW, document

DECLARED = DeclaredActivities.model_validate({
    "activities": [
        {"id": "booth_visit", "label": {"ja": "来場", "en": "booth"}, "fields": [
            {"id": "hall", "values": ["east", "west"], "required": True},
            {"id": "minutes", "type": "number", "at_least": 1, "at_most": 600},
        ]},
        {"id": "leaflet_sent", "label": {"ja": "DM", "en": "leaflet"}, "engagement": False},
    ]
})  # fmt: skip


def test_a_known_type_stays_one_and_an_unknown_one_is_declared() -> None:
    assert ActivityTest(activity="mail_clicked").activity is ActivityType.MAIL_CLICKED
    own = ActivityTest(activity="booth_visit").activity
    assert isinstance(own, DeclaredType) and own.value == "booth_visit"
    for name in ("Booth", "x", "a b", "", 5, None):
        with pytest.raises(ValidationError):
            ActivityTest(activity=name)


@pytest.mark.parametrize(
    ("fields", "about", "holds"),
    [
        ({"hall": "east"}, {"hall": "east"}, True),
        ({"hall": "EAST"}, {"hall": "east"}, True),
        ({"hall": "east"}, {"hall": "west"}, False),
        ({"hall": "east"}, {}, False),
        ({"minutes": 5}, {"minutes": 5}, True),
        ({"minutes": {"at_least": 5}}, {"minutes": 5}, True),
        ({"minutes": 5.0}, {"minutes": 5}, True),
        ({"trial": True}, {"fields": ["trial=true"]}, True),
        ({"trial": True}, {"fields": ["trial=false"]}, False),
        ({"trial": False}, {"fields": ["trial=false"]}, True),
        ({"ratio": 0.25}, {"fields": ["ratio=0.25"]}, True),
        ({"ratio": 25000000000.0}, {"fields": ["ratio=25000000000"]}, True),
        ({"n": 1}, {"fields": ["n=1"]}, True),
        ({"minutes": {"at_least": 5}}, {"minutes": "4"}, False),
        ({"minutes": {"less_than": 5}}, {"minutes": "x"}, False),
        ({"hall": "east", "minutes": {"at_least": 5}}, {"hall": "east", "minutes": 4}, False),
    ],
)
def test_fields_narrow_an_activity(fields: dict[str, Any], about: dict[str, Any], holds: bool) -> None:
    test = ActivityTest(activity="booth_visit", fields=fields)
    matches = matcher(test)
    assert matches is not None and matches(about) is holds
    again = ActivityTest.model_validate(test.model_dump(mode="json"))
    assert again == test and hash(again) == hash(test)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [], ""])
def test_a_field_is_asked_for_an_id_a_flag_a_number_or_a_range(value: Any) -> None:
    with pytest.raises(ValidationError):
        ActivityTest(activity="web_event", fields={"seats": value})


@given(st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12))
def test_a_condition_asks_for_the_text_that_an_event_keeps(value: bool | int | float) -> None:
    fields = (EventField(name="x", type="flag" if isinstance(value, bool) else "number"),)
    site = Site(Tracking(origins=("https://www.example.jp",), events=(CustomEvent(id="tried", fields=fields),)))
    sent = document({"type": "custom", "name": "tried", "fields": {"x": value}})
    (kept,) = read_batch(json.dumps(sent), False, JSON, site, NOW).events
    matches = matcher(ActivityTest(activity="web_event", fields={"x": value}))
    assert isinstance(kept, Event) and matches is not None
    assert matches({"event": "tried", "fields": list(kept.fields)})


def test_a_condition_with_fields_is_said_in_words() -> None:
    test = ActivityTest(activity="booth_visit", fields={"hall": "east", "minutes": {"at_least": 5}})
    assert in_words(test) == "booth_visit (hall east, minutes at least 5)"


def test_the_facts_of_a_declared_activity_are_kept() -> None:
    test = ActivityTest(activity="booth_visit", fields={"hall": "east"})
    fold = FactFold([test, Inactive(inactive_for_days=30)])
    at = datetime(2026, 11, 24, tzinfo=UTC)
    log = [
        Activity("l", "booth_visit", at, "a", {"hall": "west"}),
        Activity("l", "booth_visit", at.replace(hour=1), "b", {"hall": "east"}),
        Activity("l", "leaflet_sent", at.replace(hour=2), "c", {PASSIVE: 1}),
    ]
    facts = fold.replay(log)
    assert [len(one.latest) for one in facts.matches.values()] == [1]
    assert facts.seen == log[1].minute, "what the lead did not do itself ends no inactivity"


@pytest.mark.parametrize(
    ("name", "about", "wrong"),
    [
        ("booth_visit", {"hall": "north"}, "hall"),
        ("booth_visit", {"hall": "east", "minutes": 0}, "minutes"),
        ("booth_visit", {"hall": "east", "minutes": 1.5}, "minutes"),
        ("booth_visit", {"hall": "east", "name": "x"}, "name"),
        ("booth_visit", {}, "hall"),
        ("mail_clicked", {}, "type"),
        ("lunch", {}, "type"),
        ("survey_answered", {"nps": 11}, "nps"),
        ("call_made", {"outcome": "x"}, "outcome"),
    ],
)
def test_what_an_activity_cannot_have_is_refused(name: str, about: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as error:
        kind_named(name, DECLARED).read_about(about)
    assert error.value.code == wrong


def test_localised_numbers_and_widths_are_read() -> None:
    about = kind_named("booth_visit", DECLARED).read_about({"hall": "ｅａｓｔ", "minutes": "１２"})
    assert about == {"hall": "east", "minutes": 12}


@pytest.mark.parametrize(
    "body",
    [
        {"id": "mail_clicked", "label": {"ja": "x", "en": "x"}},
        {"id": "Booth", "label": {"ja": "x", "en": "x"}},
        {"id": "booth", "label": {"ja": "x"}},
        {"id": "booth", "label": {"ja": "x", "en": "x"}, "fields": [{"id": "a1"}, {"id": "a1"}]},
        {"id": "booth", "label": {"ja": "x", "en": "x"}, "fields": [{"id": "a1", "type": "text"}]},
        {"id": "booth", "label": {"ja": "x", "en": "x"}, "fields": [{"id": "a1", "at_least": 5, "at_most": 4}]},
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeclaredActivities.model_validate({"activities": [body]})


def test_a_field_of_one_letter_that_a_former_release_stored_is_read() -> None:
    test = read(ActivityTest, {"activity": "web_event", "event": "chosen", "field": "p=pro"})
    matches = matcher(test)
    assert matches is not None and matches({"event": "chosen", "fields": ["p=pro"]})
