"""`sodate experiment`, and the experiments and holdouts of scenarios whose figures it shows."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.catalog import ActivityVerdict
from sodate.broadcasts.progress import progress_of
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import load_run
from sodate.email.mailing import Mailing
from sodate.experiments.decision import ExperimentName
from sodate.experiments.store import arms_taken
from sodate.leads.store import load_state
from sodate.scenarios.manual import enroll_by_hand
from sodate.scoring.correct import judge
from sodate_cli import experiments as command
from sodate_cli.main import app
from sodate_cli.output import NOT_FOUND
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_experiments import approved as approved_broadcast
from tests.functions.test_experiments import cells, clicks
from tests.functions.test_scenarios import FIRST, SECOND, TOPIC, does, publish
from tests.support.broadcasting import add_member, click, publish_approved
from tests.support.world import TABLE, Json

HOUR = timedelta(hours=1)
EXPERIMENT = {"metric": "conversion", "goal": "meeting", "default": "short", "decide_after_hours": 48}
GOALS = [{"id": "meeting", "on": {"feedback": ["meeting_set"]}, "exit": False}]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as world:
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: world.now)
        monkeypatch.setattr(command, "person", lambda _: "boss")
        for name in ("materials-follow-up", "demo-preparation"):
            world.app.definitions.retire("sequence", name, world.now)
        yield world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["experiment", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def split(world: QuickWorld, weights: tuple[int, int] = (1, 1), **changes: Any) -> None:
    arms = [{"id": arm, "weight": weight, "then": arm} for arm, weight in zip(("short", "long"), weights, strict=True)]
    publish(
        world,
        {"id": "which", "split": arms, "experiment": {**EXPERIMENT, "minimum_per_variant": 50, **changes}},
        {"id": "short", "send": FIRST, "then": "end"},
        {"id": "long", "send": SECOND},
        goals=GOALS,
        entry=[{"manual": True}],
    )


def joined(world: QuickWorld, count: int, first: int = 0) -> list[str]:
    """Leads that are put into the scenario."""
    leads = [add_member(f"lead{number:03d}", topic=TOPIC) for number in range(first, first + count)]
    for lead in leads:
        enroll_by_hand(world.app.definitions, lead, "nurture", None, world.now)
    world.advance(timedelta(minutes=20))
    return leads


def arms(leads: list[str]) -> dict[str, str]:
    return {lead: load_state(lead).enrollments["nurture"].arms["which"] for lead in leads}


def taken() -> Counter[str]:
    return Counter(one.arm for one in arms_taken(ExperimentName("scenario", "nurture", "which")))


# -- broadcasts --------------------------------------------------------------------------------------------------------


def test_a_broadcast_s_experiment_is_listed_analyzed_decided_and_overruled(stage: QuickWorld) -> None:
    assert "no experiment and no holdout" in run("list")
    planned = approved_broadcast(stage)
    assert "has begun yet" in run("show", "monthly", code=NOT_FOUND)
    stage.advance(timedelta(hours=3, minutes=30))
    clicks(stage, planned, plain=4, short=30)
    for lead_id in cells(planned)["plain"][4:10]:
        judge(lead_id, click(lead_id, planned, stage.now).key, ActivityVerdict.ROBOT, stage.now)
    (early,) = run("analyze", "monthly", "--json")
    assert (early["outcome"], early["winner"], early["decision"]) == ("too_early", None, None)
    assert early["open"] == len(cells(planned)["plain"]) + len(cells(planned)["short"])
    stage.advance(3 * HOUR)
    (found,) = run("analyze", "monthly/20261124T1400", "--json")
    assert (found["outcome"], found["winner"], found["decision"]) == ("winner", "short", "short")
    plain, short = found["variants"]
    assert (plain["successes"], plain["robot_share"], plain["against_default"]) == (4, 0.6, None)
    assert short["against_default"]["low"] > 0
    assert short["p_value"] < 0.05
    assert short["interval"]["low"] < short["rate"] < short["interval"]["high"]
    assert "short wins" in run("analyze", "monthly")
    rows = run("list", "--json")
    assert [(row["name"], row["decided for"], row["by"]) for row in rows] == [
        ("monthly/20261124T1400", "short", "automatic")
    ]
    (shown,) = run("show", "monthly", "--json")["decisions"]
    assert (shown["in_words"], shown["counts"]["short"]["successes"]) == ("short wins", 30)
    assert "is done" in run("choose", "monthly", "plain", "--because", "x", code=1)


def test_a_choice_keeps_what_it_replaces(stage: QuickWorld) -> None:
    planned: Run = approved_broadcast(stage)
    stage.advance(timedelta(hours=3, minutes=30))
    assert "plain, for every lead that has no variant yet" in run(
        "choose", "monthly", "plain", "--because", "a mistake"
    )
    chosen = run("choose", "monthly", "short", "--because", "mended", "--json")
    assert (chosen["variant"], chosen["by"], chosen["because"]) == ("short", "boss", "mended")
    shown = run("show", "monthly", "--json")["decisions"]
    assert [(one["variant"], one["because"]) for one in shown] == [("short", "mended"), ("plain", "a mistake")]
    assert shown[0]["in_words"] == "a person chose short"
    assert "mended" in run("show", "monthly")
    assert "one of: plain, short" in run("choose", "monthly", "third", "--because", "x", code=1)
    assert load_run("monthly", planned.occurrence).state == "testing"


def test_what_does_not_exist_is_said_with_what_to_type(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    split(stage)
    assert "write scenario/step" in run("show", "nothing", code=NOT_FOUND)
    assert "no holdout and no split" in run("show", "nurture/short", code=NOT_FOUND)
    monkeypatch.setattr(command, "person", lambda _: None)
    assert "AWS does not say who you are" in run("choose", "nurture/which", "long", "--because", "x", code=1)


# -- scenarios ---------------------------------------------------------------------------------------------------------


def test_a_change_of_weights_moves_no_lead_and_is_not_mixed_into_the_figures(stage: QuickWorld) -> None:
    split(stage)
    leads = joined(stage, 30)
    before = arms(leads)
    assert set(before.values()) == {"short", "long"}
    assert taken() == Counter(before.values())
    split(stage, (1, 1000))
    later = joined(stage, 10, first=30)
    assert arms(leads) == before
    assert set(arms(later).values()) == {"long"}
    (found,) = run("analyze", "nurture/which", "--json")
    assert "30 leads of versions with other weights are not counted" in found["note"]
    assert "other weights" in run("analyze", "nurture/which")


def test_an_arm_is_counted_once_whatever_is_delivered_twice(stage: QuickWorld) -> None:
    split(stage)
    leads = joined(stage, 6)
    for item in [item for item in stage.items("due") if item["sk"].startswith("step")]:
        record = {"messageId": "again", "body": item["message"]}
        assert stage.call("email_sender", {"Records": [record]}) == {"batchItemFailures": []}
    assert sum(taken().values()) == len(leads)


def test_a_person_chooses_an_arm_for_new_leads_and_moves_nobody(stage: QuickWorld) -> None:
    split(stage)
    leads = joined(stage, 12)
    before = arms(leads)
    assert "no variant 'other'" in run("choose", "nurture/which", "other", "--because", "x", code=1)
    run("choose", "nurture/which", "long", "--because", "the meeting rate is twice as high")
    later = joined(stage, 12, first=12)
    assert arms(leads) == before
    assert set(arms(later).values()) == {"long"}
    assert sum(taken().values()) == 12  # those that a person sent there prove nothing
    assert ("nurture/which", "split", "long") in [
        (row["name"], row["kind"], row["decided for"]) for row in run("list", "--json")
    ]


def test_an_arm_after_a_wait_for_follows_the_choice_too(stage: QuickWorld) -> None:
    arms_: list[Json] = [{"id": "short", "weight": 1, "then": "end"}, {"id": "long", "weight": 1, "then": "end"}]
    publish(
        stage,
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 5}, "on_timeout": "end"},
        {"id": "which", "split": arms_, "experiment": EXPERIMENT},
        goals=GOALS,
        entry=[{"manual": True}],
    )
    leads = joined(stage, 8)
    run("choose", "nurture/which", "long", "--because", "x")
    for lead in leads:
        does(stage, lead, "mail_clicked", link="https://example.jp")
    assert set(arms(leads).values()) == {"long"}
    assert not taken()


def test_the_first_leads_of_each_arm_count_and_later_ones_change_nothing(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    split(stage)
    leads = joined(stage, 130)
    by_arm = {arm: [lead for lead, one in arms(leads).items() if one == arm] for arm in ("short", "long")}
    assert min(len(listed) for listed in by_arm.values()) > 50
    for lead in by_arm["long"][:15]:
        does(stage, lead, "meeting_set")
    (early,) = run("analyze", "nurture/which", "--json")
    assert (early["outcome"], early["open"]) == ("too_early", 100)
    stage.advance(49 * HOUR)
    (found,) = run("analyze", "nurture/which", "--json")
    assert found["outcome"] == "winner"
    assert [(one["leads"], one["successes"]) for one in found["variants"]] == [(50, 0), (50, 15)]
    later = joined(stage, 10, first=130)
    for lead in [*by_arm["short"], *later]:
        does(stage, lead, "meeting_set")
    (again,) = run("analyze", "nurture/which", "--json")
    assert again["variants"] == found["variants"]


def test_a_holdout_shows_its_lift_per_goal(stage: QuickWorld) -> None:
    publish(stage, {"id": "kept", "holdout": 50}, {"id": "first", "send": FIRST}, goals=GOALS, entry=[{"manual": True}])
    leads = joined(stage, 60)
    continued = [lead for lead in leads if load_state(lead).enrollments["nurture"].arms["kept"] == "continues"]
    kept_out = [lead for lead in leads if lead not in continued]
    for lead in [*continued[:20], kept_out[0]]:
        does(stage, lead, "meeting_set")
    stage.advance(HOUR)
    (found,) = run("analyze", "nurture/kept", "--json")
    by_arm = {one["variant"]: (one["leads"], one["successes"]) for one in found["variants"]}
    assert by_arm == {"continues": (len(continued), 20), "kept_out": (len(kept_out), 1)}
    (against,) = [one["against_default"] for one in found["variants"] if one["variant"] == "continues"]
    assert against["scale"] == "ratio"
    assert 1 < against["low"] < against["value"]
    assert "take the step out" in run("choose", "nurture/kept", "continues", "--because", "x", code=1)
    assert "×" in run("analyze", "nurture/kept")


# -- the global holdout ------------------------------------------------------------------------------------------------


def with_global_holdout(world: QuickWorld, share: float) -> Mailing:
    body = {**world.app.definitions.live("mailing").body, "global_holdout": share}
    world.app.definitions.publish("mailing", "default", body, world.now)
    world.new_process()
    return Mailing.model_validate(body)


def test_leads_of_the_global_holdout_get_no_marketing_email_and_go_on_through_scenarios(stage: QuickWorld) -> None:
    mailing = with_global_holdout(stage, 30)
    publish(stage, {"id": "first", "send": FIRST}, goals=GOALS, entry=[{"manual": True}])
    leads = joined(stage, 40)
    kept_out = {lead for lead in leads if mailing.is_kept_out(lead)}
    assert 5 < len(kept_out) < 20
    planned = load_run("monthly", publish_approved(stage.now, TOPIC))
    stage.advance(timedelta(hours=6))
    emailed = Counter(message.tags["lead_id"] for message in stage.ses.simulator.messages)
    assert emailed == dict.fromkeys(set(leads) - kept_out, 2)
    assert progress_of(load_run("monthly", planned.occurrence)).reasons == {"global_holdout": len(kept_out)}
    assert all(load_state(lead).enrollments["nurture"].is_complete for lead in leads)
    higher = with_global_holdout(stage, 45)
    assert kept_out < {lead for lead in leads if higher.is_kept_out(lead)}


def test_transactional_email_reaches_the_global_holdout(stage: QuickWorld) -> None:
    with_global_holdout(stage, 50)
    for number in range(8):
        stage.join(f"lead{number}@example.jp")  # the opt-in email arrived


def test_the_lift_of_all_email_is_measured_on_a_segment(stage: QuickWorld) -> None:
    for number in range(60):
        add_member(f"lead{number:03d}", topic=TOPIC)
    assert "write `global_holdout: 5`" in run("holdout", "readers", code=1)
    mailing = with_global_holdout(stage, 50)
    emailed = [name for name in (f"lead{number:03d}" for number in range(60)) if not mailing.is_kept_out(name)]
    for lead in emailed[:20]:
        does(stage, lead, "meeting_set")
    stage.advance(HOUR)
    found = run("holdout", "readers", "--json")
    assert [(one["variant"], one["leads"], one["successes"]) for one in found["variants"]] == [
        ("emailed", len(emailed), 20),
        ("kept_out", 60 - len(emailed), 0),
    ]
    assert found["variants"][0]["against_default"]["low"] > 1
    assert run("holdout", "readers", "--activity", "form_submitted", "--json")["variants"][0]["successes"] == 0
    assert "has no members" in run("holdout", "nobody", code=1)
