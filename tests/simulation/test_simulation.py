"""Seeded histories of people, faults, crashes and repeats; `make simulate SEEDS=…` plays as many as you like."""

import pytest

from tests.simulation.history import play

CHUNKS, SEEDS_A_CHUNK = 8, 12


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_history_ends_with_a_double_mail_a_silent_loss_or_a_mail_after_an_opt_out(chunk: int) -> None:
    first = 1 + chunk * SEEDS_A_CHUNK
    results = [play(seed) for seed in range(first, first + SEEDS_A_CHUNK)]
    assert {result.seed: result.broken for result in results if result.broken} == {}
    assert sum(result.figures["crashes"] for result in results) > 10
    assert sum(result.figures["mails"] for result in results) > 20


def test_a_seed_plays_the_same_history_again() -> None:
    first, second, other = play(4242), play(4242), play(4243)
    assert first.trace == second.trace
    assert first.fingerprint == second.fingerprint != other.fingerprint


def test_a_step_that_ended_and_was_given_back_does_not_wait_for_ever() -> None:
    """Its mail could not be made, then the table was busy: the claim was given back, the ledger said failed."""
    assert play(500609).broken == []
