"""STATE keeps a limited number of enrollments: those about a key that are complete and old give way."""

from dataclasses import replace
from datetime import UTC, datetime

from sodate.leads.contact_state import ContactState, Enrollment
from sodate.scenarios.admission import MOST_ENROLLMENTS, with_room

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def seminars(count: int) -> dict[str, Enrollment]:
    return {f"s#{n:02d}": Enrollment(f"e{n}", 1, 3, f"2026-0{1 + n % 8}-{10 + n}", 3) for n in range(count)}


def test_the_oldest_give_way_to_a_new_one() -> None:
    state = ContactState("L", "key", enrollments=seminars(MOST_ENROLLMENTS + 1))
    kept = with_room(state, NOW).enrollments
    assert state.enrollments.keys() - kept.keys() == {"s#00", "s#08"}


def test_what_runs_is_recent_or_has_no_key_stays() -> None:
    enrollments = seminars(MOST_ENROLLMENTS + 3)
    enrollments["s#00"] = replace(enrollments["s#00"], step=1)
    enrollments["s#01"] = replace(enrollments["s#01"], since="2026-11-20")
    enrollments["welcome"] = replace(enrollments.pop("s#02"), id="w")
    kept = with_room(ContactState("L", "key", enrollments=enrollments), NOW).enrollments
    assert {"s#00", "s#01", "welcome"} <= kept.keys()
    assert len(kept) == MOST_ENROLLMENTS - 1


def test_with_room_nothing_is_forgotten() -> None:
    state = ContactState("L", "key", enrollments=seminars(MOST_ENROLLMENTS - 1))
    assert with_room(state, NOW) == state
