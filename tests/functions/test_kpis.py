"""Figures of the whole system: what emails, activities and scores come to in the counters."""

from datetime import timedelta

from sodate.kpis.verify import verify

from tests.functions.quick import QuickWorld


def test_counters_equal_a_count_from_scratch_after_days_of_a_lead(world: QuickWorld) -> None:
    world.join()
    world.advance(timedelta(days=10))
    world.visit(world.unsubscribe_url(world.mails_to("taro@example.jp")[-1]), "POST", "List-Unsubscribe=One-Click")
    world.settle()
    world.advance(timedelta(minutes=10))
    result = verify()
    assert result.differences == []
    assert result.compared > 10
