"""The experiment of a split decides itself: once, at its horizon, and for the leads that come afterwards."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring.apply import publish as apply_playbook
from sodate.authoring.check import check
from sodate.experiments.decision import ExperimentName
from sodate.experiments.store import Decision, arms_taken, find_decision
from sodate.scenarios import review_arms
from sodate.scenarios.review_arms import plan_reviews
from sodate_cli import experiments as command
from sodate_cli.target import Target

from tests.functions.quick import NO_FAILURES, QuickWorld, quick_world
from tests.functions.test_experiment_command import HOUR, arms, joined, run, split
from tests.functions.test_scenarios import does
from tests.support.crashes import crash_points
from tests.support.world import PLAYBOOK, TABLE, Json

NAME = ExperimentName("scenario", "nurture", "which")
#: After the horizon of 48 hours, and the next review.
OVER = 55 * HOUR


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as world:
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: world.now)
        monkeypatch.setattr(command, "person", lambda _: "boss")
        for name in ("materials-follow-up", "demo-preparation"):
            world.app.definitions.retire("sequence", name, world.now)
        yield world


def begun(world: QuickWorld, leads: int = 130, *, long: int = 15, short: int = 0, **experiment: Any) -> list[str]:
    """A split as `apply` leaves it, and leads in it; `long`, `short`: so many of each arm set a meeting."""
    split(world, **experiment)
    plan_reviews(world.app.definitions, world.now)
    members = joined(world, leads)
    for arm, meetings in (("long", long), ("short", short)):
        for lead in [one for one in members if arms([one])[one] == arm][:meetings]:
            does(world, lead, "meeting_set")
    return members


def decision() -> Decision | None:
    return find_decision(NAME)


def decided() -> Decision:
    found = decision()
    assert found is not None
    return found


def test_the_arm_with_more_successes_wins_at_the_horizon_and_later_leads_take_it(stage: QuickWorld) -> None:
    leads = begun(stage)
    before = arms(leads)
    stage.advance(47 * HOUR)
    assert decision() is None, "figures before the horizon decide nothing"
    stage.advance(8 * HOUR)
    found = decided()
    assert (found.variant, found.outcome, found.by) == ("long", "winner", "automatic")
    assert {arm: (one.leads, one.successes) for arm, one in found.counts.items()} == {
        "long": (50, 15), "short": (50, 0)
    }  # fmt: skip
    later = joined(stage, 12, first=130)
    assert set(arms(later).values()) == {"long"}
    split(stage, weights=(5, 1))
    assert arms(leads) == before, "who has an arm keeps it"
    assert "automatic" in run("list")


def test_without_a_difference_the_default_stays(stage: QuickWorld) -> None:
    begun(stage, long=6, short=5)
    stage.advance(OVER)
    assert (decided().variant, decided().outcome) == ("short", "no_difference")
    assert set(arms(joined(stage, 12, first=130)).values()) == {"short"}


def test_it_waits_for_the_first_leads_of_each_arm_and_counts_no_later_ones(stage: QuickWorld) -> None:
    begun(stage, 40, long=4)
    stage.advance(4 * OVER)
    assert decision() is None
    later = joined(stage, 100, first=40)
    stage.advance(OVER)
    assert sum(one.leads for one in decided().counts.values()) == 100
    for lead in later:
        does(stage, lead, "meeting_set")
    stage.advance(OVER)
    assert decided().earlier == () and decided().counts["long"].leads == 50


def test_it_is_decided_at_the_horizon_itself_when_no_review_is_due_then(stage: QuickWorld) -> None:
    begun(stage, decide_after_hours=10)
    horizon = max(one.at for one in arms_taken(NAME)) + 10 * HOUR
    stage.advance(horizon - stage.now)
    assert decision() is None
    stage.advance(timedelta(minutes=15))
    assert decision() is not None


def test_a_person_decides_where_the_file_says_so(stage: QuickWorld) -> None:
    begun(stage, winner="by_person")
    stage.advance(OVER)
    assert decision() is None


def test_the_choice_of_a_person_stands(stage: QuickWorld) -> None:
    begun(stage)
    run("choose", "nurture/which", "short", "--because", "the long one is wrong")
    stage.advance(OVER)
    assert (decided().variant, decided().by) == ("short", "boss")


def test_an_always_valid_experiment_decides_early_but_not_before_its_minimum_hours(stage: QuickWorld) -> None:
    begun(stage, long=40, always_valid=True, minimum_hours=20, decide_after_hours=480)
    stage.advance(18 * HOUR)
    assert decision() is None
    stage.advance(10 * HOUR)
    assert (decided().variant, decided().outcome) == ("long", "winner")


def test_a_scenario_that_does_not_run_is_not_looked_at(stage: QuickWorld) -> None:
    begun(stage)
    stage.app.definitions.retire("sequence", "nurture", stage.now)
    stage.advance(OVER)
    assert decision() is None


def test_publishing_again_and_again_plans_one_review(stage: QuickWorld) -> None:
    split(stage)
    for _ in range(3):
        plan_reviews(stage.app.definitions, stage.now)
        stage.advance(timedelta(minutes=1))
    assert len(reviews(stage)) == 1
    stage.advance(30 * HOUR)
    assert len(reviews(stage)) == 6, "and each plans one"


def test_apply_plans_the_first_review(stage: QuickWorld, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(PLAYBOOK, tmp_path / "playbook"))
    (directory / "scenarios/nurture.yaml").write_text(
        "id: nurture\nstatus: published\ntopic: product-news\nentry: [{ manual: true }]\nsteps:\n"
        "  - id: which\n"
        "    split: [{ id: a, weight: 1, then: first }, { id: b, weight: 1, then: end }]\n"
        "    experiment: { metric: meeting, default: a, decide_after_hours: 48 }\n"
        "  - { id: first, send: materials-1-first-steps }\n",
        encoding="utf-8",
    )
    checked = check(directory)
    assert checked.ok, checked.problems
    apply_playbook(checked, now=stage.now, definitions=stage.app.definitions)
    (review,) = reviews(stage)
    assert '"scenario": "nurture"' in review["message"]


def reviews(world: QuickWorld) -> list[Json]:
    return [item for item in world.items("due") if item["sk"].startswith("arm_review")]


def message(world: QuickWorld) -> Json:
    """The review that is due next."""
    due = max(reviews(world), key=lambda item: str(item["pk"]))
    body = due["message"] if isinstance(due["message"], str) else json.dumps(due["message"])
    return {"Records": [{"messageId": "1", "body": body}]}


def test_a_review_that_has_no_time_left_goes_on_and_counts_each_lead_once(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(stage)
    monkeypatch.setattr(review_arms, "BUDGET", timedelta(seconds=-1))  # one lead in each task
    stage.advance(50 * HOUR)
    assert decision() is None
    stage.advance(8 * HOUR)
    assert {arm: (one.leads, one.successes) for arm, one in decided().counts.items()} == {
        "long": (50, 15), "short": (50, 0)
    }  # fmt: skip


def test_a_new_version_begins_the_count_anew(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other weights, other leads count."""
    begun(stage)
    with monkeypatch.context() as patch:
        patch.setattr(review_arms, "BUDGET", timedelta(seconds=-1))
        stage.advance(49 * HOUR)
    assert decision() is None
    split(stage, weights=(1, 2))
    stage.advance(OVER)
    assert decision() is None, "nobody took an arm with the new weights"


def test_whatever_crashes_it_is_decided_once(stage: QuickWorld) -> None:
    begun(stage)
    stage.now += OVER
    event = message(stage)
    seen = set()
    for crash in crash_points(stage, at_least=3):
        crash.call("email_sender", event)
        if (found := decision()) is not None:
            seen.add((found.variant, found.at))
            assert len(reviews(stage)) == 2, "the next review is planned before anything is decided"
    assert stage.call("email_sender", event) == NO_FAILURES
    assert (decided().variant, len(seen | {(decided().variant, decided().at)})) == ("long", 1)
