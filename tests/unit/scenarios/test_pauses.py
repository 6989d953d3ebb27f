"""Pauses: what they are, and what they do to the beginning of a visit and to an email that fell due."""

from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.scenarios.pauses import Pauses, Span, spans_of
from sodate.scenarios.scenario import PausePolicy, ScenarioStatus

from tests.unit.scenarios.samples import DAY, NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SPAN = (NOW, NOW + 2 * DAY)


def pauses(waits: str = "count_on", *, skip: int | None = None, spans: tuple[Span, ...] = (SPAN,)) -> Pauses:
    return Pauses(spans, PausePolicy.model_validate({"waits": waits, "skip_overdue_hours": skip}))


def at(minute: int) -> datetime:
    return NOW + minute * MINUTE


def test_a_pause_lasts_from_the_first_version_that_does_not_run_to_the_next_that_does() -> None:
    words = ("published", "paused", "draft", "published", "published", "paused", "ended", "paused")
    history = [(NOW + number * DAY, ScenarioStatus(word)) for number, word in enumerate(words)]
    assert spans_of(history) == ((NOW + DAY, NOW + 3 * DAY), (NOW + 5 * DAY, NOW + 6 * DAY))


@pytest.mark.parametrize(
    ("waits", "began", "counts_from"),
    [
        ("count_on", -DAY, -DAY),
        ("hold", -DAY, DAY),
        ("hold", DAY, 2 * DAY),  # it began in the pause
        ("hold", 3 * DAY, 3 * DAY),
        ("restart", -DAY, 2 * DAY),
        ("restart", 3 * DAY, 3 * DAY),
    ],
)
def test_a_visit_counts_from(waits: str, began: timedelta, counts_from: timedelta) -> None:
    assert pauses(waits).entered(NOW + began) == NOW + counts_from


@pytest.mark.parametrize(
    ("skip", "due", "is_overdue"),
    [(None, DAY, False), (24, DAY, False), (23, DAY, True), (0, 3 * DAY, False), (0, -HOUR, False), (0, DAY, True)],
)
def test_an_email_that_fell_due_in_the_pause_is_skipped_when_it_is_older_than(
    skip: int | None, due: timedelta, is_overdue: bool
) -> None:
    assert pauses(skip=skip).is_overdue(NOW + due) == is_overdue


@given(st.lists(st.integers(1, 500), min_size=2, max_size=12), st.integers(-200, 3_000), st.integers(1, 2_000))
def test_hold_gives_exactly_the_running_time_that_the_wait_needs(gaps: list[int], began: int, wait: int) -> None:
    """Minute by minute: the wait ends after so many minutes in which the scenario ran."""
    marks = list(accumulate(gaps[: len(gaps) // 2 * 2]))
    paused = list(zip(marks[::2], marks[1::2], strict=True))
    minute, left = began, wait
    while left:
        left -= not any(a <= minute < b for a, b in paused)
        minute += 1
    so_far = tuple((at(a), at(b)) for a, b in paused if a < minute)
    assert pauses("hold", spans=so_far).entered(at(began)) + wait * MINUTE == at(minute)


def test_the_default_policy_changes_nothing() -> None:
    assert pauses().entered(NOW) == NOW and pauses().resumed_after(NOW + DAY) is None


def test_valid_hours_begin_at_the_end_of_the_pause_where_the_policy_decides() -> None:
    assert pauses(skip=100).resumed_after(NOW + DAY) == datetime.fromtimestamp(SPAN[1].timestamp(), SPAN[1].tzinfo)
