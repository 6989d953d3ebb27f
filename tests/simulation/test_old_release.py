"""An old release beside playbooks of the next one: to it they are as if they had not been applied."""

from collections import Counter

from tests.simulation.old_release import play


def test_playbooks_of_the_next_release_change_nothing_for_this_one() -> None:
    figures = Counter[str]()
    for seed in range(16):
        result = play(seed)
        assert result.broken == [], seed
        figures += result.figures
    assert figures["next_release_applied"] > 50
    assert figures["next_release_unreadable"] > 20
    assert figures["next_release_mails"] > 50
    assert figures["next_release_one_clicks"] > 3
