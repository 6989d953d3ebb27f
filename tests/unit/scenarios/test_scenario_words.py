"""A program as text: what a reader of a pull request sees."""

import pytest
from sodate.scenarios.program import compile_scenario, compile_sequence
from sodate.scenarios.sequence import Sequence
from sodate.scenarios.steps import Step
from sodate.scenarios.words import drawn, step_in_words, trigger_in_words

from tests.unit.scenarios.samples import program, webinar
from tests.unit.scenarios.test_scenario import STEP, STEPS, TRIGGER

WEBINAR = """\
webinar-december v3
invitation         send webinar-invitation
registers          wait for seminar_registered, at most 5 days at 10:00
                   ├ happens → day-before
                   └ timeout → second-invitation
second-invitation  send webinar-invitation-2
registers-late     wait for seminar_registered, at most 5 days at 10:00
                   ├ happens → day-before
                   └ timeout → not-interested
day-before         wait until secondary.webinar_date -1 days at 10:00 (skip when past)
                   └ date is past or missing → attends
reminder           send webinar-reminder
attends            wait for seminar_attended, at most 2 days at 10:00
                   ├ happens → attended
                   └ timeout → missed
attended           branch
                   ├ primary.company_size is one of 100-999, 1000+ → call
                   └ otherwise → thanks
call               call task “ウェビナー参加のお礼と商談の打診”, due 1 business days at 17:00
thanks             send webinar-thanks
                   └ → end
missed             send webinar-recording
                   └ → end
not-interested     add tag webinar-declined
"""


def test_the_webinar_sample_is_drawn_step_by_step() -> None:
    assert drawn(compile_scenario(webinar(), 3)) == WEBINAR


def test_a_sequence_is_drawn_with_its_delays() -> None:
    steps = [{"id": "a", "template": "t", "delay": {"business_days": 3}, "at": "10:00"}]
    sequence = Sequence.model_validate({"id": "q", "topic": "news", "steps": steps})
    assert drawn(compile_sequence(sequence, 1)) == "q v1\na  3 business days after the enrollment at 10:00: send t\n"


@pytest.mark.parametrize("kind", STEPS)
def test_every_kind_of_step_has_words(kind: str) -> None:
    step: Step = STEP.validate_python({"id": "x", **STEPS[kind]})
    assert step_in_words(step)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ({"activity": "page_viewed", "page": "/pricing/*"}, "page_viewed (page /pricing/*)"),
        ({"feedback": ["won", "lost"]}, "feedback won or lost"),
        ({"reply": True}, "a reply"),
        ({"segment_entered": "vip"}, "entering vip"),
        ({"segment_left": "vip"}, "leaving vip"),
    ],
    ids=str,
)
def test_every_trigger_has_words(trigger: dict[str, object], words: str) -> None:
    assert trigger_in_words(TRIGGER.validate_python(trigger)) == words


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ({"days_of_24_hours": 1, "hours": 2}, "wait 1 days of 24 hours 2 hours"),
        ({"days": 0}, "wait 0 days"),
        ({"business_days": 2, "at": "09:00"}, "wait 2 business days at 09:00"),
        ({"until": "18:00"}, "wait until 18:00"),
        ({"weekday": ["mon", "thu"]}, "wait until mon or thu"),
    ],
    ids=str,
)
def test_every_wait_has_words(wait: dict[str, object], words: str) -> None:
    compiled = program({"id": "w", "wait": wait}, {"id": "x", "end": "done"})
    assert f"w  {words}\n" in drawn(compiled)
