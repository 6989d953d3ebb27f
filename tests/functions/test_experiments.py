"""Experiments of broadcasts in the whole system: cells, the decision, the others, a person's choice, crashes."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.activities.catalog import ActivityVerdict
from sodate.broadcasts import control, decide_variant
from sodate.broadcasts.approve import approve
from sodate.broadcasts.choose import choose
from sodate.broadcasts.progress import progress_of
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import batches_of, load_run
from sodate.email.delivery.broadcast_message import MAIN
from sodate.errors import Conflict, Invalid
from sodate.experiments.choose import Choice
from sodate.experiments.intervals import Count
from sodate.experiments.store import find_decision
from sodate.playbook.store import Definitions
from sodate.scheduling.store import LANES, move_cursor
from sodate.scoring.correct import judge

from tests.functions.quick import QuickWorld, quick_world
from tests.support.broadcasting import TEMPLATE, add_member, click, publish, publish_approved
from tests.support.crashes import crash_points
from tests.support.world import Json

TOPIC = "product-news"
HOUR = timedelta(hours=1)
EXPERIMENT: dict[str, Any] = {
    "variants": [{"id": "plain"}, {"id": "short", "subject": "Short for {{ lead.name | default: 'you' }}"}],
    "default": "plain",
    "sample": 50,
    "metric": "click",
    "decide_after_hours": 2,
    "minimum_per_variant": 50,
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        yield found


def approved(world: QuickWorld, leads: int = 300, **changes: Any) -> Run:
    for number in range(leads):
        add_member(f"lead{number:04d}", topic=TOPIC)
    return load_run("monthly", publish_approved(world.now, TOPIC, experiment={**EXPERIMENT, **changes}))


def cells(run: Run) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for batch in batches_of(run):
        found.setdefault(batch.cell or "", []).extend(batch.leads)
    return found


def subjects(world: QuickWorld) -> Counter[str]:
    found = (m for m in world.ses.simulator.messages if m.tags.get("broadcast") == "monthly")
    return Counter(message.subject.split()[0] for message in found)


def got(world: QuickWorld) -> Counter[str]:
    found = (m for m in world.ses.simulator.messages if m.tags.get("broadcast") == "monthly")
    return Counter(message.tags["lead_id"] for message in found)


def now_(run: Run) -> Run:
    return load_run(run.broadcast, run.occurrence)


def clicks(world: QuickWorld, run: Run, **wanted: int) -> None:
    """So many leads of each variant click, and SES reports it."""
    emails = {one.tags["lead_id"]: one.message_id for one in world.ses.simulator.messages if one.tags.get("broadcast")}
    for variant, count in wanted.items():
        for lead_id in cells(run)[variant][:count]:
            world.ses.simulator.click(emails[lead_id], "https://example.jp/cases")
    world.settle()


def test_the_sample_gets_the_variants_and_the_others_get_the_winner_once(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    by_cell = cells(run)
    sample = len(by_cell["plain"]) + len(by_cell["short"])
    assert set(by_cell) == {"plain", "short", MAIN}
    assert 100 < sample < 200
    assert subjects(world) == {"News": len(by_cell["plain"]), "Short": len(by_cell["short"])}
    assert now_(run).state == "testing"
    clicks(world, run, plain=2, short=30)
    world.advance(timedelta(hours=2, minutes=10))
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome, decision.by) == ("short", "winner", "automatic")
    assert decision.counts == {"plain": Count(len(by_cell["plain"]), 2), "short": Count(len(by_cell["short"]), 30)}
    world.advance(2 * HOUR)
    assert subjects(world) == {"News": len(by_cell["plain"]), "Short": 300 - len(by_cell["plain"])}
    assert set(got(world).values()) == {1}
    assert len(got(world)) == 300
    assert now_(run).state == "done"
    ledger = Counter((item["variant"], item["state"]) for item in world.items("send") if item.get("variant"))
    assert ledger == {
        ("plain", "delivered"): len(by_cell["plain"]),
        ("short", "delivered"): 300 - len(by_cell["plain"]),
    }


def test_without_a_difference_the_others_get_the_default(world: QuickWorld) -> None:
    run = approved(world, default="short")
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, plain=8, short=6)
    world.advance(3 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome) == ("short", "no_difference")
    assert subjects(world)["Short"] == 300 - len(cells(run)["plain"])


def test_too_few_leads_decide_nothing(world: QuickWorld) -> None:
    run = approved(world, leads=40)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=8)
    world.advance(3 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome) == ("plain", "too_few")
    assert len(got(world)) == 40


def test_clicks_of_robots_and_of_other_emails_are_no_success(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    for lead_id in cells(run)["short"][:30]:
        judge(lead_id, click(lead_id, run, world.now).key, ActivityVerdict.ROBOT, world.now)
    other = replace(run, occurrence="20261124T1000")
    for lead_id in cells(run)["short"][30:60]:
        click(lead_id, other, world.now)
    world.advance(3 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.outcome, decision.counts["short"].successes) == ("no_difference", 0)


def test_a_person_chooses_before_the_horizon_and_the_others_get_it_at_once(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    with pytest.raises(Invalid, match="one of: plain, short"):
        choose(Definitions(), now_(run), Choice("third", "boss", "x"), world.now)
    with pytest.raises(Invalid, match="--because"):
        choose(Definitions(), now_(run), Choice("plain", "boss", " "), world.now)
    choose(Definitions(), now_(run), Choice("plain", "boss", "the other subject has a mistake"), world.now)
    world.advance(timedelta(minutes=30))
    assert subjects(world) == {"Short": len(cells(run)["short"]), "News": 300 - len(cells(run)["short"])}
    world.advance(4 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome, decision.by) == ("plain", "chosen", "boss")
    assert set(got(world).values()) == {1}
    with pytest.raises(Conflict, match="is done"):
        choose(Definitions(), now_(run), Choice("short", "boss", "x"), world.now)


def test_a_person_overrules_the_decision_for_those_whose_email_has_not_left(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    while find_decision(run.experiment) is None:
        world.advance(timedelta(minutes=1))
    choose(Definitions(), now_(run), Choice("plain", "boss", "the offer has ended"), world.now)
    world.advance(2 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, [one.variant for one in decision.earlier]) == ("plain", ["short"])
    assert decision.counts["short"].successes == 30
    assert subjects(world)["News"] == 300 - len(cells(run)["short"])
    assert set(got(world).values()) == {1}


def test_a_person_who_chooses_while_a_look_counts_is_not_overruled(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, measure = approved(world), decide_variant.measure

    def chosen_meanwhile(of: Run, *more: Any) -> Any:
        choose(Definitions(), now_(of), Choice("plain", "boss", "x"), world.now)
        return measure(of, *more)

    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    monkeypatch.setattr(decide_variant, "measure", chosen_meanwhile)
    world.advance(4 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.by) == ("plain", "boss")
    assert subjects(world)["News"] == 300 - len(cells(run)["short"])


def test_a_change_of_the_weights_while_a_run_goes_on_moves_nobody(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    before = cells(run)
    heavy = [{"id": "plain", "weight": 1}, {"id": "short", "weight": 50}]
    publish(world.now, TOPIC, experiment={**EXPERIMENT, "variants": heavy, "sample": 90})
    world.advance(timedelta(minutes=30))
    assert cells(run) == before
    assert subjects(world) == {"News": len(before["plain"]), "Short": len(before["short"])}


def test_nobody_chose_means_the_default(world: QuickWorld) -> None:
    run = approved(world, winner="by_person", person_has_hours=2)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    world.advance(2 * HOUR)
    assert find_decision(run.experiment) is None
    world.advance(3 * HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome, decision.counts["short"].successes) == ("plain", "nobody_chose", 30)
    assert len(got(world)) == 300


def test_an_always_valid_experiment_decides_as_soon_as_the_difference_is_certain(world: QuickWorld) -> None:
    run = approved(world, always_valid=True, decide_after_hours=6)
    world.advance(timedelta(hours=3, minutes=30))
    assert find_decision(run.experiment) is None
    clicks(world, run, short=30)
    world.advance(timedelta(minutes=70))
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome) == ("short", "winner")


def test_a_run_that_is_cancelled_while_it_waits_gives_each_lead_an_outcome(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    control.cancel("monthly", None)
    world.advance(3 * HOUR)
    sample = 300 - len(cells(run)[MAIN])
    progress = progress_of(now_(run))
    assert progress.states == {"delivered": sample, "skipped": len(cells(run)[MAIN])}
    assert progress.reasons == {"broadcast_cancelled": len(cells(run)[MAIN])}
    assert find_decision(run.experiment) is None


def test_a_pause_delays_the_decision_and_loses_nobody(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    control.pause("monthly", None)
    world.advance(4 * HOUR)
    assert find_decision(run.experiment) is None
    control.resume("monthly", None)
    world.advance(2 * HOUR)
    assert len(got(world)) == 300


def test_send_times_are_compared_with_equal_windows_and_the_winner_waits_for_its_time(world: QuickWorld) -> None:
    variants = [{"id": "two"}, {"id": "five", "at": "17:00"}]
    run = approved(world, variants=variants, default="two")
    world.advance(timedelta(hours=3, minutes=30))
    assert len(got(world)) == len(cells(run)["two"])
    world.advance(3 * HOUR)
    assert len(got(world)) == len(cells(run)["two"]) + len(cells(run)["five"])
    clicks(world, run, five=30)
    world.advance(timedelta(hours=2, minutes=30))
    decision = find_decision(run.experiment)
    assert decision is not None
    assert (decision.variant, decision.outcome) == ("five", "winner")
    assert len(got(world)) < 300
    world.advance(timedelta(hours=22))
    assert len(got(world)) == 300
    world.advance(timedelta(hours=24))
    assert now_(run).state == "done"


def test_a_variant_has_its_own_template_and_sender_name_and_the_approval_covers_it(world: QuickWorld) -> None:
    definitions = Definitions()
    body = {**TEMPLATE, "id": "other", "topic": TOPIC, "subject": "Other"}
    definitions.publish("template", "other", body, world.now, applied_by="editor")
    variants = [{"id": "plain"}, {"id": "other", "template": "other", "sender_name": "Taro of Norte"}]
    run = approved(world, leads=60, variants=variants, sample=100, winner="by_person")
    world.advance(timedelta(hours=4))
    assert subjects(world) == {"News": len(cells(run)["plain"]), "Other": len(cells(run)["other"])}
    named = Counter(message.source.startswith('"Taro of Norte" <') for message in world.ses.simulator.messages)
    assert named == {True: len(cells(run)["other"]), False: len(cells(run)["plain"])}
    templates = {item["template"]: item["template_version"] for item in world.items("send") if item.get("variant")}
    assert templates == {"news": 1, "other": 1}
    assert now_(run).state == "done"
    with pytest.raises(Conflict, match="is done"):
        choose(definitions, now_(run), Choice("plain", "boss", "x"), world.now)


def test_a_changed_template_of_a_variant_needs_a_new_approval(world: QuickWorld) -> None:
    definitions = Definitions()
    body = {**TEMPLATE, "id": "other", "topic": TOPIC}
    definitions.publish("template", "other", body, world.now, applied_by="boss")
    variants = [{"id": "plain"}, {"id": "other", "template": "other"}]
    publish(world.now, TOPIC, experiment={**EXPERIMENT, "variants": variants})
    with pytest.raises(Conflict, match="boss applied template 'other'"):
        approve(definitions, "monthly", "boss", world.now)
    run = approved(world, leads=2, variants=variants)
    definitions.publish("template", "other", {**body, "subject": "Changed"}, world.now, applied_by="editor")
    world.new_process()
    world.advance(timedelta(hours=4))
    assert (now_(run).state, now_(run).reason) == ("cancelled", "not_approved")


def test_in_the_recipients_local_time_each_lead_has_one_cell_whatever_its_time_zone(world: QuickWorld) -> None:
    zones = ("Asia/Tokyo", "Europe/London", "America/New_York", "Pacific/Auckland", None)
    for number in range(130):
        add_member(f"lead{number:04d}", topic=TOPIC, zone=zones[number % 5])
    changes = {"variants": [{"id": f"v{number}"} for number in range(10)], "default": "v0"}
    experiment = {**EXPERIMENT, **changes, "sample": 100, "winner": "by_person"}
    occurrence = publish_approved(
        world.now, TOPIC, experiment=experiment, local_time="recipient", once="2026-11-26T14:00"
    )
    world.advance(timedelta(days=4))
    listed = [lead for leads in cells(load_run("monthly", occurrence)).values() for lead in leads]
    assert sorted(listed) == [f"lead{number:04d}" for number in range(130)]
    assert set(got(world).values()) == {1}
    assert len(got(world)) == 130


# -- crashes and repetitions -------------------------------------------------------------------------------------------


def waiting_task(world: QuickWorld) -> Json:
    """The latest task of the run, as a message of the send queue."""
    entries = [item["message"] for item in world.items("due") if item["sk"].startswith("broadcast_run#")]
    latest = max(entries, key=lambda message: int(json.loads(message)["task"]))
    return {"Records": [{"messageId": "task", "body": latest}]}


def started_again(world: QuickWorld, before: dict[Any, Any], at: datetime) -> None:
    world.table.items, world.now = dict(before), at
    for lane in LANES:
        move_cursor(lane, at)


def test_after_a_crash_of_the_decision_the_same_one_stands(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    before, begins = dict(world.table.items), world.now + timedelta(hours=2, minutes=10)
    task = waiting_task(world)
    for crash in crash_points(world, at_least=3):
        started_again(world, before, begins)
        crash.call("email_sender", task)
        first = find_decision(run.experiment)
        for lead_id in cells(run)["plain"][:60]:  # what happens after the crash changes nothing any more
            click(lead_id, run, begins - timedelta(hours=1))
        world.call("email_sender", task)
        world.call("email_sender", task)
        decision = find_decision(run.experiment)
        assert decision is not None
        assert first in (None, decision), crash.number
        assert now_(run).task == 2


def test_after_a_crash_of_the_release_each_of_the_others_gets_it_once(world: QuickWorld) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    world.now += timedelta(hours=2, minutes=10)
    world.call("email_sender", waiting_task(world))
    assert find_decision(run.experiment) is not None
    before, begins, sent = dict(world.table.items), world.now, len(world.ses.simulator.messages)
    release = waiting_task(world)
    for crash in crash_points(world, at_least=4):
        started_again(world, before, begins)
        del world.ses.simulator.messages[sent:]
        crash.call("email_sender", release)
        for _ in range(2):
            world.call("email_sender", release)
        assert now_(run).state == "sending"
        world.advance(HOUR)
        assert set(got(world).values()) == {1}, crash.number
        assert len(got(world)) == 300, crash.number


def test_messages_of_a_sample_that_come_again_after_the_release_send_nothing(world: QuickWorld) -> None:
    """Also as messages of the others: the mark of the run is the same for all cells."""
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, short=30)
    world.advance(4 * HOUR)
    for entry in [item["message"] for item in world.items("due") if item["sk"].startswith("broadcast#")]:
        for changes in ({}, {"cell": "short"}, {"cell": MAIN}):
            body = json.dumps({**json.loads(entry), **changes})
            world.call("email_sender", {"Records": [{"messageId": "again", "body": body}]})
    assert set(got(world).values()) == {1}
    assert len(got(world)) == 300


def test_no_email_leaves_after_the_end_of_the_run_when_a_pause_delays_the_release(world: QuickWorld) -> None:
    """The mark that prevents a second email may be removed then."""
    run = approved(world, decide_after_hours=2)
    world.advance(timedelta(hours=3, minutes=30))
    sample = len(got(world))
    ends = datetime.fromisoformat(now_(run).ends or "")
    control.pause("monthly", None)
    world.advance(ends - world.now - timedelta(hours=2))
    control.resume("monthly", None)
    while now_(run).state == "testing":
        world.advance(timedelta(minutes=1))
    control.pause("monthly", None)
    world.advance(ends - world.now + timedelta(minutes=5))
    control.resume("monthly", None)
    world.advance(HOUR)
    assert len(got(world)) == sample
    assert progress_of(now_(run)).reasons == {"expired": 300 - sample}


def test_a_look_that_takes_several_tasks_sees_all_variants_at_one_moment(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = approved(world)
    world.advance(timedelta(hours=3, minutes=30))
    clicks(world, run, plain=5, short=30)
    monkeypatch.setattr(decide_variant, "BUDGET", -timedelta(seconds=1))
    while now_(run).look is None:
        world.advance(timedelta(minutes=1))
    for lead_id in cells(run)["short"][30:60]:  # later than the beginning of the look
        click(lead_id, run, world.now)
    world.advance(HOUR)
    decision = find_decision(run.experiment)
    assert decision is not None
    assert now_(run).task > 5
    assert {variant: count.successes for variant, count in decision.counts.items()} == {"plain": 5, "short": 30}
    world.advance(2 * HOUR)
    assert len(got(world)) == 300
