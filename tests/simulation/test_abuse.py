"""An hour of abuse, small; `make simulate` plays 100,000 posts."""

from tests.simulation.abuse import PER_MAILBOX, play


def test_scripts_reach_no_mailbox_more_than_thrice_a_day_and_nothing_is_lost() -> None:
    result = play(1, posts=3_000)
    figures = result.figures
    assert result.broken == []
    assert figures["abuse_most_opt_in_emails_of_a_mailbox_and_day"] == PER_MAILBOX, "the scripts met the ceiling"
    assert figures["abuse_opt_in_emails"] > 100
    assert figures["abuse_posts_in_quarantine"] > 1_000
    assert figures["abuse_opt_in_emails_waiting"] > 0
