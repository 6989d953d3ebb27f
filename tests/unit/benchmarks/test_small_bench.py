"""The benchmarks run on small sizes and count what the product does. Units are exact; times are never asserted."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import (
    events,
    figures,
    lateness,
    naive,
    ours,
    pacing,
    rehearsal,
    requests,
    robot_verdicts,
    scoring,
    throughput,
    ticks,
    web_events,
)
from benchmarks.fleet import HandOver

START = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.loopback
def test_units_per_step_mail_against_naive() -> None:
    own = throughput.once(ours.schemas, throughput.sodate, 50)
    plain = throughput.once(naive.schemas, naive.Naive, 20)
    units = own.usage["by_item"]
    assert own.mails == 150
    assert units["W state"] == units["W send"] == own.mails, "one claim and one ledger write a mail"
    assert own.usage["write_units"] / own.mails <= 4.2
    assert own.usage["read_units"] / own.mails <= 1.0
    # idempotency 2, ledger 2, enrollment 1, counter 1, index 2 or, when the run ends, 1
    assert plain.usage["write_units"] / plain.mails == pytest.approx(6 + 5 / 3)


@pytest.mark.loopback
def test_a_mails_whole_life_is_counted() -> None:
    found = events.measure(10)
    assert found["mails"] == 30
    assert found["events"] >= 30
    assert found["phases"]["email_events"]["write_units"] > 0
    assert found["phases"]["scoring_of_events"]["write_units"] > 0
    assert found["log_bytes_of_a_failed_batch"] <= 2048
    assert found["bills"]["us-east-1"]["lines"]["mails: table writes"] > 0.625 * 2


def test_a_tick_costs_the_same_among_more_leads() -> None:
    found = ticks.measure((1000, 3000))
    assert found["units_max_by_min"] == found["calls_max_by_min"] == 1.0
    assert found["idle_read_units"] <= found["idle_allowed"]


def test_nobody_is_early_or_forgotten_when_clocks_change() -> None:
    found = lateness.measure(25)
    assert found["early"] == 0
    assert found["mails"] == found["expected"] == 75
    assert found["p99_beyond_queue_s"] <= 60


def test_throttled_senders_lose_and_double_nobody() -> None:
    found = pacing.measure({50: 6}, {50: 6})
    assert found["lost"] == found["twice"] == 0


def test_no_second_is_too_full_and_a_tick_goes_on_where_a_shard_ended() -> None:
    """At 14 a second the room of a tick once ended just where a shard did: the next tick began again, for ever."""
    found = pacing.measure({14: 100}, {})
    assert found["lost"] == found["twice"] == 0
    assert found["largest_window"] <= 1.0
    assert found["mean"] >= 0.95


def test_a_form_post_is_counted() -> None:
    found = requests.form_post()
    assert found["by_item"]["W profile"] >= 1
    assert found["write_units"] == sum(units for name, units in found["by_item"].items() if name.startswith("W"))


def calls(*moments: tuple[float, int]) -> list[HandOver]:
    return [HandOver(START + timedelta(seconds=at), mails, ()) for at, mails in moments]


def test_the_fullest_second_is_found_wherever_it_lies() -> None:
    assert pacing.largest_window(calls((0.0, 1), (0.9, 1), (1.0, 1), (1.8, 1), (3.0, 1))) == 3
    assert pacing.largest_window(calls((0.0, 10), (1.0, 10), (2.0, 10))) == 10
    assert pacing.largest_window(calls((0.5, 14), (1.49, 14))) == 28


def test_a_figure_that_is_not_reached_says_so() -> None:
    found = {"largest_window": 1.01, "mean": 0.96, "lost": 0, "twice": 0}
    rows = figures.figures({"pacing": found})
    assert [row.reached for row in rows] == [False, True, True, True]
    assert "NOT REACHED" in figures.table(rows)


@pytest.mark.loopback
def test_an_engagement_is_two_writes_and_a_replay_survives_a_kill() -> None:
    found = scoring.measure(30, 6, 300, 5, runs=1)
    assert found["write_units_per_event"] <= 2.2
    # Without a scenario in the playbook 0.6; with one, each activity reads STATE.
    assert found["read_units_per_event"] <= 1.6
    assert found["naive_write_units_per_event"] == pytest.approx(4.0)
    assert found["replay"]["activities"] == 1500


def test_a_rehearsal_gives_the_same_bytes_twice() -> None:
    found = rehearsal.measure(60)
    assert found["same_bytes"]
    assert found["emails"] > 60
    assert [row.reached for row in figures.figures({"rehearsal": found})][-1]


@pytest.mark.loopback
def test_a_batch_of_web_events_is_one_write_unit_and_a_visit_costs_less_than_an_item_per_event() -> None:
    found = web_events.measure(4, 1)
    assert found["requests_per_page_view"] == 1.6
    assert found["write_units_per_page_view"] == 1.6, "one write unit a batch"
    assert found["naive_write_units_per_page_view"] == 8
    assert found["bills"]["us-east-1"]["usd_per_million"] < found["naive_bills"]["us-east-1"]["usd_per_million"] / 2
    assert {row.number for row in figures.figures({"web_events": found})} == {"11.5", "11.6"}


def test_robots_of_the_published_shapes_are_known_and_people_stay_people() -> None:
    usual, hidden = robot_verdicts.measure(250), robot_verdicts.measure(250, hidden_link=True)
    assert usual["lost"] == hidden["lost"] == 0
    assert usual["recall"] >= 0.95
    assert usual["false_positives"] <= 0.01
    assert usual["triggers_by_people"] >= 0.99
    assert hidden["triggers_by_robots"] == 0
