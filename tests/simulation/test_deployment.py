"""Old and new code side by side: the sender of the commit before cohorts and today's, on one table and one queue."""

from collections.abc import Iterator

import pytest

from tests.simulation import before
from tests.simulation.history import History
from tests.simulation.interleavings import due_batch
from tests.simulation.invariants import look_while_running
from tests.simulation.queues import as_before
from tests.simulation.world import Fate, SimulatedWorld

pytestmark = pytest.mark.skipif(not before.is_here(), reason=f"commit {before.COMMIT} is not in this clone")


@pytest.fixture
def batch() -> Iterator[tuple[SimulatedWorld, History]]:
    with due_batch(1) as found:
        yield found


def sent(world: SimulatedWorld) -> list[str]:
    """People who got their second mail."""
    return sorted(m.recipient.split("@")[0] for m in world.ses.simulator.messages[3:] if m.tags["step"] == "s1")


def test_the_old_sender_refuses_a_cohort_with_words_and_the_new_one_sends_it_after_the_redrive(
    batch: tuple[SimulatedWorld, History], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = batch
    bodies = [message["body"] for message in world.sends.waiting]
    world.sends.waiting.clear()
    before.send(world, monkeypatch, bodies)
    assert sent(world) == []
    assert [entry["why"] for entry in world.buried] == ["not a send message of version 1"] * len(bodies)
    for entry in world.buried:
        world.sends.send(entry["body"])
    world.sends.hand_over(world.sends.ready())
    assert sent(world) == ["hanako", "jiro", "taro"]


def test_messages_of_the_old_code_are_sent_by_the_new_one(batch: tuple[SimulatedWorld, History]) -> None:
    world, _ = batch
    bodies = [body for message in world.sends.waiting for body in as_before(message["body"])]
    world.sends.waiting.clear()
    world.sends.repeat(bodies * 2)
    world.sends.hand_over(world.sends.ready())
    assert sent(world) == ["hanako", "jiro", "taro"]


@pytest.mark.parametrize("dies", [False, True])
def test_both_senders_at_once_send_each_mail_once_whoever_interrupts_whom(
    batch: tuple[SimulatedWorld, History], monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """At each point of the new sender the old one is handed the same steps, and the new one may die right there."""
    world, _ = batch
    held = world.snapshot()
    old = [body for message in world.sends.waiting for body in as_before(message["body"])]
    begin = world.points
    world.sends.hand_over(list(world.sends.waiting))
    for number in range(1, world.points - begin + 1):
        world.restore(held)
        fates = iter([Fate(number if dies else 0, number, lambda: before.send(world, monkeypatch, old))])
        world.fate = lambda fates=fates: next(fates, Fate())  # type: ignore[misc]
        world.sends.hand_over(list(world.sends.waiting))
        assert look_while_running(world).broken == [], number
        if not dies:
            assert sent(world) == ["hanako", "jiro", "taro"], number
