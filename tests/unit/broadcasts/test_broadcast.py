"""The definition of a broadcast, when it is sent, who gets it, and the mark of a run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.broadcasts.audience import Candidate, Group, by_group, left_out
from sodate.broadcasts.broadcast import Broadcast, local_of, occurrence_of
from sodate.broadcasts.run import Run, outdated
from sodate.broadcasts.schedule import ends, instants, is_scheduled, next_local, waves
from sodate.dynamodb import keys
from sodate.email.delivery.broadcast_message import BroadcastBatch
from sodate.email.delivery.message import joined, weight
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState

AT = datetime(2026, 12, 4, 10, 0)  # noqa: DTZ001  a local time has no zone
TEN_IN_TOKYO = datetime(2026, 12, 4, 1, 0, tzinfo=UTC)
SENDER = {"name": "n", "from_address": "n@example.jp", "postal_address": "p", "contact": "c"}
MAILING = Mailing.model_validate(
    {"sender": SENDER, "topics": [{"id": "news", "name": "News"}], "closing_days": ["12-29..01-03"]}
)
FIRST_FRIDAY = {
    "every": "month", "week_of_month": "first", "weekdays": "fri", "at": "10:00", "starting": "2026-11-01",
}  # fmt: skip

NEVER = {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "at": "10:00", "starting": "2026-11-01"}


def broadcast(**changes: Any) -> Broadcast:
    body = {"id": "b", "topic": "news", "template": "t", "segment": "s", "exclude": ["x"], "once": AT, **changes}
    return Broadcast.model_validate({name: value for name, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"once": None}, "either `once` or `recurrence`"),
        ({"recurrence": FIRST_FRIDAY}, "either `once` or `recurrence`"),
        ({"once": "2026-12-04T10:00:30"}, "a whole minute"),
        ({"once": "2026-12-04T10:00Z"}, "timezone"),
        ({"audience": "at_send"}, "goes with `local_time: recipient`"),
        ({"exclude": ["s"]}, "name each segment once"),
        ({"exclude": ["x", "x"]}, "name each segment once"),
        ({"valid_hours": 169}, "168"),
        ({"once": None, "recurrence": NEVER}, "never happens"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        broadcast(**changes)


def test_once_happens_once_in_the_sender_s_time_zone() -> None:
    assert next_local(broadcast(), MAILING, TEN_IN_TOKYO - timedelta(minutes=1)) == AT
    assert next_local(broadcast(), MAILING, TEN_IN_TOKYO) is None


@pytest.mark.parametrize(
    ("on_holiday", "days"),
    [("send", ["1204", "0101", "0205"]), ("skip", ["1204", "0205", "0305"]), ("before", ["1204", "1228", "0205"])],
)
def test_the_first_friday_of_each_month_skips_or_shifts_on_holidays(on_holiday: str, days: list[str]) -> None:
    monthly = broadcast(once=None, recurrence={**FIRST_FRIDAY, "on_holiday": on_holiday})
    found, after = list[str](), TEN_IN_TOKYO - timedelta(days=10)
    for _ in days:
        local = next_local(monthly, MAILING, after)
        assert local is not None
        assert is_scheduled(monthly, MAILING, local)
        found.append(local.strftime("%m%d"))
        after = instants(monthly, MAILING, local)[0]
    assert found == days


def test_a_recipient_s_ten_o_clock_comes_at_about_forty_instants_and_one_read_freezes_the_audience() -> None:
    local = broadcast(local_time="recipient")
    moments = instants(local, MAILING, AT)
    assert moments[0] == TEN_IN_TOKYO - timedelta(hours=5)  # Kiritimati, UTC+14
    assert moments[-1] == TEN_IN_TOKYO + timedelta(hours=21)  # UTC-12
    assert len(set(moments)) == len(moments) < 60
    assert waves(local, MAILING, AT) == moments[:1]
    assert waves(broadcast(local_time="recipient", audience="at_send"), MAILING, AT) == moments
    assert instants(broadcast(), MAILING, AT) == waves(broadcast(), MAILING, AT) == (TEN_IN_TOKYO,)
    assert ends(local, MAILING, AT) == moments[-1] + timedelta(hours=24)


def candidate(*segments: str, zone: str | None = None) -> Candidate:
    return Candidate("L", ContactState("L", "k", zone=zone), frozenset(segments))


def test_who_is_left_out_and_why() -> None:
    assert left_out(candidate("s"), broadcast()) is None
    assert left_out(candidate("s", "x"), broadcast()) == "excluded:x"
    assert left_out(candidate("x"), broadcast()) == "left_the_segment"
    assert left_out(Candidate("L", None, frozenset({"s"})), broadcast()) == "lead_erased"


def test_leads_are_grouped_by_the_instant_of_their_time_zone() -> None:
    local = broadcast(local_time="recipient")
    leads = [candidate("s"), candidate("s", zone="Europe/London"), candidate("s", "x")]
    found = by_group(leads, local, MAILING, AT, instants(local, MAILING, AT)[0])
    assert found == {Group(TEN_IN_TOKYO): ["L"], Group(TEN_IN_TOKYO + timedelta(hours=9)): ["L"]}
    at_send = broadcast(local_time="recipient", audience="at_send")
    assert by_group(leads, at_send, MAILING, AT, TEN_IN_TOKYO) == {Group(TEN_IN_TOKYO): ["L"]}


@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31)))  # noqa: DTZ001
def test_an_occurrence_names_its_local_minute(local: datetime) -> None:
    local = local.replace(second=0, microsecond=0)
    assert local_of(occurrence_of(local)) == local


@given(st.integers(0, 10_000), st.integers(-600, 600))
def test_a_mark_is_removed_only_after_the_last_email_may_be_sent(after: int, minutes: int) -> None:
    end = TEN_IN_TOKYO + timedelta(minutes=after)
    run = Run("b", "20261204T1000", ends=keys.stamp(end))
    now = end + timedelta(minutes=minutes)
    is_old = bool(outdated(frozenset({run.mark}), now))
    assert not (is_old and now <= end)
    assert is_old or now <= end + timedelta(hours=2)


def test_the_dispatcher_weighs_a_batch_by_its_leads_and_divides_it_when_ses_is_slow() -> None:
    batch = BroadcastBatch("b", "r", TEN_IN_TOKYO, tuple(f"L{number}" for number in range(10)))
    parts = [message for message in joined([batch], 4) if isinstance(message, BroadcastBatch)]
    assert [len(part.leads) for part in parts] == [4, 4, 2]
    assert [lead for part in parts for lead in part.leads] == list(batch.leads)
    assert weight(batch) == 10
