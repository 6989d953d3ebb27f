"""Segments in the whole system: events when a lead enters and leaves, the list of members, time, and the back-fill."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.consent.exception import record_exception
from sodate.dynamodb import table
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import SoftBounces
from sodate.email.reputation.soft_bounce import soft_bounce_writes
from sodate.leads.store import load_state
from sodate.playbook.store import Definitions
from sodate.scenarios.enroll import on_opt_in
from sodate.scoring import replay_job
from sodate.scoring.replay_progress import ReplayOptions
from sodate.scoring.store import load_snapshot
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, refresh
from sodate.segments.segment import SegmentSet
from sodate.segments.store import members

from tests.functions.quick import QuickWorld, quick_world
from tests.support.world import Json

MANAGERS = {"id": "managers", "title": "役職者", "when": {"attribute": "primary.title", "any_of": ["部長", "課長"]}}
READERS = {"id": "readers", "when": {"activity": "mail_clicked", "within_days": 30}}
WARM = {"id": "warm-managers", "when": {"all": [{"segment": "managers"}, {"score": "total", "at_least": 10}]}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    with quick_world(monkeypatch) as found:
        yield found


def publish(world: QuickWorld, *segments: Json) -> None:
    body = SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": segments})
    Definitions().publish("segments", "default", body.model_dump(mode="json"), world.now)


def announced(world: QuickWorld) -> list[tuple[str, str]]:
    """Events about segments, in order."""
    details = [(event["DetailType"], json.loads(event["Detail"])) for event in world.bus]
    return [(name, detail["segment"]) for name, detail in details if name.startswith("Segment")]


def listed(segment: str) -> set[str]:
    found, after = members(segment, limit=2)
    while after is not None:
        more, after = members(segment, after, limit=2)
        found += more
    return {member.lead_id for member in found}


def backfill(world: QuickWorld, *, announce: bool = False, job: str = "JOB") -> Json:
    sent: list[Json] = []
    options = ReplayOptions(announce=announce)
    replay_job.begin(Definitions(), job, 4, world.now, lambda messages, _: sent.extend(messages), options)
    world.app.queues.put(world.replay_queue, sent)
    run_replay(world)
    return dict(replay_job.status(job))


def run_replay(world: QuickWorld) -> None:
    sqs = world.aws.client("sqs")
    while messages := sqs.receive_message(QueueUrl=world.replay_queue).get("Messages", []):
        for message in messages:
            record = {"messageId": "1", "body": message["Body"]}
            sqs.delete_message(QueueUrl=world.replay_queue, ReceiptHandle=message["ReceiptHandle"])
            assert world.call("score_replay", {"Records": [record]}) == {"batchItemFailures": []}


def test_a_new_lead_enters_what_its_profile_and_score_say_and_the_bus_is_told_once(world: QuickWorld) -> None:
    publish(world, MANAGERS, READERS, WARM)
    lead = world.join("taro@example.jp")
    assert announced(world) == [("SegmentEntered", "managers"), ("SegmentEntered", "warm-managers")]
    assert listed("managers") == listed("warm-managers") == {lead}
    assert listed("readers") == set()
    activities = [item["type"] for item in world.items("activity")]
    assert activities.count("segment_entered") == 2


def test_a_click_enters_a_segment_and_thirty_days_later_the_lead_leaves_it(world: QuickWorld) -> None:
    publish(world, READERS)
    lead = world.join("taro@example.jp")
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    world.ses.simulator.click(mail.message_id, world.link(mail, "https://"))
    world.settle()
    assert announced(world) == [("SegmentEntered", "readers")]
    assert listed("readers") == {lead}
    world.advance(timedelta(days=29))
    assert len(announced(world)) == 1
    world.advance(timedelta(days=2))
    assert announced(world) == [("SegmentEntered", "readers"), ("SegmentLeft", "readers")]
    assert listed("readers") == set()


def test_an_activity_that_no_segment_mentions_writes_no_facts(world: QuickWorld) -> None:
    publish(world, READERS)
    lead = world.join("taro@example.jp")
    before = load_snapshot(lead).facts
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    world.ses.simulator.open(mail.message_id)
    world.settle()
    assert any(item["type"] == "mail_opened" for item in world.items("activity"))
    assert load_snapshot(lead).facts == before


def test_without_segments_nothing_is_stored(world: QuickWorld) -> None:
    Definitions().retire("segments", "default", world.now)
    world.join("taro@example.jp")
    assert world.items("member") == []
    assert not [item for item in world.items("score") if "facts_json" in item]


def test_a_back_fill_lists_everybody_and_announces_nobody_unless_asked(world: QuickWorld) -> None:
    leads = {world.join(f"p{number}@example.jp") for number in range(5)}
    publish(world, MANAGERS)
    world.now += timedelta(minutes=1)
    status = backfill(world)
    world.settle()
    assert (status["leads"], status["changed"], status["running"]) == (5, 5, 0)
    assert listed("managers") == leads
    assert announced(world) == []
    assert backfill(world, job="AGAIN")["changed"] == 0
    publish(world, {**MANAGERS, "when": {"attribute": "primary.title", "equals": "社長"}})
    world.now += timedelta(minutes=1)
    backfill(world, announce=True, job="ALOUD")
    world.settle()
    assert listed("managers") == set()
    assert announced(world) == [("SegmentLeft", "managers")] * 5


def test_a_replay_under_new_rules_moves_members_and_announces_nobody(world: QuickWorld) -> None:
    publish(world, {"id": "warm", "when": {"score": "total", "at_least": 25}})
    leads = {world.join(f"p{number}@example.jp") for number in range(3)}
    assert announced(world) == [("SegmentEntered", "warm")] * 3
    rules = Definitions().live("rules").body
    world.now += timedelta(minutes=1)
    Definitions().publish("rules", "default", {**rules, "rules": []}, world.now)
    backfill(world)
    world.settle()
    assert listed("warm") == set()
    assert {world.score(lead)["total"] for lead in leads} == {0}
    assert announced(world) == [("SegmentEntered", "warm")] * 3


def test_a_changed_definition_is_applied_quietly_with_the_next_activity(world: QuickWorld) -> None:
    """What the activity itself causes is announced, what the definition causes is not."""
    lead = world.join("taro@example.jp")
    publish(world, MANAGERS, READERS)
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    world.ses.simulator.click(mail.message_id, world.link(mail, "https://"))
    world.settle()
    assert announced(world) == [("SegmentEntered", "readers")]
    assert listed("managers") == listed("readers") == {lead}


def test_what_time_and_score_change_is_announced_after_an_edit_of_another_segment(world: QuickWorld) -> None:
    """The first look at a lead after an edit takes no event away from segments that nobody edited."""
    scored = {"id": "keen", "when": {"score": "behaviour", "at_least": 14}}
    dormant = {"id": "dormant", "when": {"inactive_for_days": 30}}
    publish(world, scored, dormant)
    lead = world.join("taro@example.jp")
    before = announced(world)
    publish(world, scored, dormant, MANAGERS)
    world.advance(timedelta(days=31))
    assert announced(world)[len(before) :] == [("SegmentEntered", "dormant")]
    publish(world, scored, dormant)
    about = {"link": "https://www.example.jp/demo", "points": 90}
    table.put(activity_item(Activity(lead, "score_adjusted", world.now, "a" * 16, about)))
    world.settle()
    assert ("SegmentEntered", "keen") in announced(world)
    assert not any(segment == "managers" for _, segment in announced(world))


def test_a_back_fill_that_comes_before_the_stream_does_not_take_an_event_away(world: QuickWorld) -> None:
    """Of a segment that nobody edited; the edited one is filled quietly."""
    publish(world, READERS)
    lead = world.join("taro@example.jp")
    publish(world, READERS, MANAGERS)
    world.now += timedelta(minutes=1)
    table.put(activity_item(Activity(lead, "mail_clicked", world.now, "a" * 16, {"link": "https://www.example.jp"})))
    backfill(world)
    world.settle()
    assert announced(world) == [("SegmentEntered", "readers")]
    assert listed("managers") == listed("readers") == {lead}


def test_a_lead_that_came_after_the_edit_is_announced_whoever_looks_at_it_first(world: QuickWorld) -> None:
    publish(world, MANAGERS)
    world.now += timedelta(minutes=1)
    answers = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
    assert world.post({"email": "taro@example.jp", **answers})["statusCode"] == 201
    backfill(world)
    assert listed("managers") == {world.lead_id("taro@example.jp")}
    world.settle()
    assert announced(world) == [("SegmentEntered", "managers")]


def test_a_process_with_older_definitions_does_not_take_a_lead_back_to_them(world: QuickWorld) -> None:
    lead = world.join("taro@example.jp")
    older = Definitions(pointer_seconds=1e9)
    before = Live.of(older)
    publish(world, MANAGERS)
    world.now += timedelta(minutes=1)
    backfill(world)
    late = Activity(lead, "mail_clicked", world.now, "a" * 16, {"link": "https://www.example.jp"})
    table.put(activity_item(late))
    refresh(lead, before, Occasion([late]), world.now)
    assert listed("managers") == {lead}
    assert load_snapshot(lead).facts.segments_version == older.newest_versions("segments")["default"] > 1


BLOCKED = {"id": "blocked", "when": {"blocked": True}}


def test_a_block_without_any_act_of_the_lead_moves_it_at_once(world: QuickWorld) -> None:
    publish(world, BLOCKED)
    lead = world.join("taro@example.jp")
    world.ses.put_suppressed_destination(EmailAddress="taro@example.jp", Reason="BOUNCE")
    world.now += timedelta(minutes=1)
    world.call("suppression_sync", {})
    world.settle()
    assert world.state(lead)["blocked"] == "suppressed"
    assert listed("blocked") == {lead}


def test_soft_bounces_that_block_a_lead_move_it(world: QuickWorld) -> None:
    publish(world, BLOCKED)
    lead = world.join("taro@example.jp")
    sends = [SendItem(f"LEAD#{lead}", f"SEND#{n}", state="soft_bounced", rank=RANK["soft_bounced"]) for n in range(5)]
    table.commit(soft_bounce_writes(load_state(lead), sends, SoftBounces(limit=3, of_last=5), world.now))
    world.settle()
    assert listed("blocked") == {lead}


def test_consent_that_an_operator_records_moves_the_lead(world: QuickWorld) -> None:
    publish(world, {"id": "other", "when": {"consent": "seminars"}})
    lead = world.join("taro@example.jp")
    enroll = on_opt_in(world.app.definitions)
    record_exception(lead, "seminars", "business_relation", "展示会 2026-11-20", enroll, world.now)
    world.settle()
    assert listed("other") == {lead}


def test_a_back_fill_that_comes_before_the_stream_does_not_take_the_signal_away(world: QuickWorld) -> None:
    lead = world.join("taro@example.jp")
    world.now += timedelta(minutes=1)
    about = {"link": "https://www.example.jp/demo", "points": 90}
    activity = activity_item(Activity(lead, "score_adjusted", world.now, "a" * 16, about))
    table.put(activity)
    backfill(world)
    world.settle()
    assert world.score(lead)["hot"]
    assert len(world.items("signal")) == 1


def test_a_release_that_cannot_read_the_newest_segments_goes_on_with_the_scores(world: QuickWorld) -> None:
    publish(world, MANAGERS)
    lead = world.join("taro@example.jp")
    key = next(key for key in world.table.items if key[0].startswith("DEFINITION#segments") and "v2" in key[1])
    world.table.items[key] = {**world.table.items[key], "body": {"S": json.dumps({"of": "another world"})}}
    world.new_process()
    before = world.score(lead)["total"]
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    world.ses.simulator.click(mail.message_id, world.link(mail, "https://"))
    world.settle()
    assert world.score(lead)["total"] > before
    assert world.dead_letters() == []


def test_a_retired_segment_has_no_members(world: QuickWorld) -> None:
    publish(world, MANAGERS, READERS)
    world.join("taro@example.jp")
    publish(world, READERS)
    world.now += timedelta(minutes=1)
    backfill(world)
    assert listed("managers") == set()
