"""The fold of a deal: any order and any duplicates give the same deal, and the past stays what was reported."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sodate.deals.deal import DealChange, DealStatus, StageValue, deal_of
from sodate.deals.definition import Deals
from sodate.money import Money

START = datetime(2026, 10, 1, tzinfo=UTC)
STAGES = {stage.id: stage.value for stage in Deals().stages}

moments = st.integers(0, 60).map(lambda days: START + timedelta(days=days))
changes = st.builds(
    DealChange,
    key=st.sampled_from("abcdefghijklmnop"),
    effective_at=moments,
    recorded_at=moments,
    source=st.just("csv"),
    stage=st.none() | st.sampled_from(list(STAGES.values())),
    money=st.none() | st.builds(Money, st.sampled_from(["JPY", "USD"]), st.integers(0, 10**9)),
    expected_close=st.none() | st.just(date(2027, 1, 31)),
    owner=st.none() | st.sampled_from(["sato", "suzuki"]),
    added=st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["", "user"])), max_size=2).map(tuple),
    removed=st.lists(st.sampled_from("xyz"), max_size=1).map(tuple),
)
logs = st.lists(changes, max_size=12)


def change(key: str, day: int, stage: str | None = None, *, recorded: int | None = None, **said: object) -> DealChange:
    at = START + timedelta(days=day)
    recorded_at = at if recorded is None else START + timedelta(days=recorded)
    return DealChange(key, at, recorded_at, "api", STAGES[stage] if stage else None, **said)  # type: ignore[arg-type]


@given(logs, st.randoms(use_true_random=False))
def test_any_order_with_any_duplicates_gives_the_same_deal(log: list[DealChange], random: object) -> None:
    shuffled = [*log, *log[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert deal_of("d", shuffled) == deal_of("d", log)


@given(logs, logs, moments)
def test_what_is_recorded_later_changes_no_report_of_the_past(
    log: list[DealChange], later: list[DealChange], at: datetime
) -> None:
    until = [one for one in log if one.recorded_at <= at]
    after = [one for one in [*log, *later] if one.recorded_at > at]
    before, now = deal_of("d", until, at), deal_of("d", [*until, *after])
    assert (now.as_of(at) if now is not None else None) == before


@given(logs, moments)
def test_a_closed_deal_has_the_time_at_which_it_was_closed(log: list[DealChange], at: datetime) -> None:
    deal = deal_of("d", log, at)
    if deal is not None:
        assert (deal.closed_at is None) == (deal.status is DealStatus.OPEN)
        assert deal.closed_at is None or deal.opened_at <= deal.closed_at <= at
        assert len(set(deal.lead_ids)) == len(deal.lead_ids)


def test_a_deal_that_was_won_late_is_open_in_the_report_that_was_made_before() -> None:
    log = [
        change("opened", 0, "open", money=Money("JPY", 500_000)),
        change("won", 10, "won", recorded=20, money=Money("JPY", 450_000)),
    ]
    deal = deal_of("d", log)
    assert deal is not None and deal.is_won and deal.closed_at == START + timedelta(days=10)
    reported = deal.as_of(START + timedelta(days=15))
    assert reported is not None and (reported.stage, reported.amount) == ("open", 500_000)
    today = deal.known_now_as_of(START + timedelta(days=15))
    assert today is not None and (today.stage, today.amount) == ("won", 450_000)
    assert deal.as_of(START - timedelta(days=1)) is None


def test_a_late_record_of_an_earlier_stage_does_not_overrule_the_later_one() -> None:
    log = [change("won", 10, "won"), change("proposal", 5, "proposal", recorded=30)]
    deal = deal_of("d", log)
    assert deal is not None
    assert [entry.stage.id for entry in deal.stages] == ["proposal", "won"]
    assert deal.opened_at == START + timedelta(days=5)


def test_a_deal_that_is_opened_again_is_not_closed() -> None:
    deal = deal_of("d", [change("a", 0, "open"), change("b", 3, "lost", reason="price"), change("c", 9, "negotiation")])
    assert deal is not None and (deal.status, deal.closed_at, deal.reason) == (DealStatus.OPEN, None, None)


def test_a_contact_that_comes_back_has_the_time_of_the_return() -> None:
    log = [change("a", 0, added=(("x", "user"),)), change("b", 2, removed=("x",)), change("c", 4, added=(("x", ""),))]
    deal = deal_of("d", log)
    assert deal is not None and [(one.since, one.role) for one in deal.contacts] == [(START + timedelta(days=4), "")]


def test_the_forecast_is_the_amount_times_the_percent_of_the_stage() -> None:
    deal = deal_of("d", [change("a", 0, "proposal", money=Money("USD", 10_001))])
    assert deal is not None and deal.forecast == Money("USD", 4000)


def test_the_probability_of_a_stage_is_the_one_of_its_time() -> None:
    at = START
    old = DealChange("a", at, at, "csv", StageValue("proposal", DealStatus.OPEN, 50), Money("JPY", 100))
    deal = deal_of("d", [old])
    assert deal is not None and deal.forecast == Money("JPY", 50)


def test_amounts_of_two_currencies_are_converted_by_a_rate_of_their_day_or_not_at_all() -> None:
    rates = {"2026-01-01": 150.5, "2026-06-01": 160}
    deals = Deals.model_validate(
        {"rates": [{"currency": "USD", "from": day, "rate": rate} for day, rate in rates.items()]}
    )
    assert deals.in_base(Money("USD", 1000), date(2026, 5, 31)) == Money("JPY", 1505)
    assert deals.in_base(Money("USD", 1000), date(2026, 6, 1)) == Money("JPY", 1600)
    assert deals.in_base(Money("USD", 1000), date(2025, 12, 31)) is None
    assert deals.in_base(Money("EUR", 1000), date(2026, 6, 1)) is None
    assert deals.in_base(Money("JPY", 7), date(2020, 1, 1)) == Money("JPY", 7)
    both = [Money("JPY", 7), Money("USD", 1000)]
    assert deals.total_in_base(both, date(2026, 6, 1)) == (Money("JPY", 1607), (deals.rates[1],))
    assert deals.total_in_base([*both, Money("EUR", 1)], date(2026, 6, 1)) is None, "a part is no total"
    assert deals.total_in_base([], date(2026, 6, 1)) == (Money("JPY", 0), ())
