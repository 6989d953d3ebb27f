"""Batches of the stream die and are redriven: scores, opt-in emails and events are as if nothing had failed."""

from collections import Counter

from tests.simulation.dead_letters import play


def test_after_a_redrive_everything_is_as_if_nothing_had_failed() -> None:
    figures = Counter[str]()
    for seed in range(30):
        result = play(seed)
        assert result.broken == [], seed
        figures += result.figures
    assert figures["stream_letters_redriven"] == figures["stream_letters"] > 100
    assert figures["redrives_after_the_stream_forgot"] > 5
    assert figures["signals_on_bad_days"] > 0
