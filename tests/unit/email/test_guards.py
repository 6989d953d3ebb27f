"""Guards pause a sender at its limits and warn at half of them; a ramp never shrinks and ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.email.events.event import EmailEvent
from sodate.email.mailing import Guards, WarmUp
from sodate.email.reputation.guards import Counts, daily_ceiling, judge
from sodate.email.reputation.rates import tally

GUARDS = Guards(bounce_rate=0.05, complaint_rate=0.003, at_least=1000)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counts", "verdict", "reason"),
    [
        (Counts(delivered=1000), "ok", ""),
        (Counts(976, 24), "ok", ""),
        (Counts(975, 25), "warn", "25 bounces among 1000 emails of 7 days: 2.50%, guards.bounce_rate is 5.00%"),
        (Counts(950, 50), "pause", "50 bounces among 1000 emails of 7 days: 5.00%, guards.bounce_rate is 5.00%"),
        (Counts(2000, 0, 2), "ok", ""),
        (Counts(2000, 0, 3), "warn", "3 complaints among 2000 emails of 7 days: 0.15%, guards.complaint_rate is 0.30%"),
        (
            Counts(2000, 0, 6),
            "pause",
            "6 complaints among 2000 emails of 7 days: 0.30%, guards.complaint_rate is 0.30%",
        ),
        (
            Counts(1940, 60, 6),
            "pause",
            "6 complaints among 2000 emails of 7 days: 0.31%, guards.complaint_rate is 0.30%",
        ),
        (Counts(900, 99), "ok", ""),  # 9.9 %, but fewer than `at_least` emails
        (Counts(0, 1000), "pause", "1000 bounces among 1000 emails of 7 days: 100.00%, guards.bounce_rate is 5.00%"),
        (Counts(), "ok", ""),
    ],
)
def test_half_of_a_limit_warns_and_the_limit_pauses(counts: Counts, verdict: str, reason: str) -> None:
    judgement = judge(counts, GUARDS)

    assert (judgement.verdict, judgement.reason) == (verdict, reason)


COUNTS = st.builds(Counts, st.integers(0, 10_000), st.integers(0, 2_000), st.integers(0, 200))
ORDER = ["ok", "warn", "pause"]


@given(COUNTS, st.integers(1, 500), st.integers(1, 50))
def test_one_more_bounce_or_complaint_never_makes_it_better(counts: Counts, bounces: int, complaints: int) -> None:
    before = ORDER.index(judge(counts, GUARDS).verdict)

    assert ORDER.index(judge(counts + Counts(bounced=bounces), GUARDS).verdict) >= before
    assert ORDER.index(judge(counts + Counts(complained=complaints), GUARDS).verdict) >= before


def test_a_ramp_grows_day_by_day_until_there_is_no_ceiling() -> None:
    ramp = WarmUp(start=date(2026, 4, 1), first_day=200, daily_growth=1.5, until=1000)
    days = [daily_ceiling(ramp, date(2026, 3, 31) + timedelta(days=n)) for n in range(7)]

    assert days == [200, 200, 300, 450, 675, None, None]
    assert daily_ceiling(None, date(2026, 4, 1)) is None


@given(st.integers(1, 10_000), st.floats(1.05, 3), st.integers(10_001, 10_000_000), st.integers(0, 20_000))
def test_a_ceiling_never_falls_and_ends(first: int, growth: float, until: int, days: int) -> None:
    ramp = WarmUp(start=date(2026, 4, 1), first_day=first, daily_growth=growth, until=until)
    here, next_day = (daily_ceiling(ramp, ramp.start + timedelta(days=n)) for n in (days, days + 1))

    assert here is None or first <= here < until
    assert next_day is None or (here is not None and here <= next_day)
    assert daily_ceiling(ramp, ramp.start + timedelta(days=400)) is None


def event(kind: str, **more: str) -> EmailEvent:
    return EmailEvent(type=kind, message_id="m", at=NOW, recipients=("a@b.jp",), **more)  # type: ignore[arg-type]


def test_only_what_ses_counts_too_is_counted() -> None:
    events = [
        event("Send"),
        event("Delivery"),
        event("Delivery"),
        event("Open"),
        event("Bounce", bounce_type="Permanent", sub_type="General"),
        event("Bounce", bounce_type="Transient", sub_type="MailboxFull"),
        event("Complaint"),
        event("Complaint", feedback_type="not-spam"),
        event("Complaint", sub_type="OnAccountSuppressionList"),
    ]

    assert tally(events) == Counts(delivered=2, bounced=1, complained=1)
