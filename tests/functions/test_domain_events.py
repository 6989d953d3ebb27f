"""What we put on the bus is what events/domain promises: every event of the whole story is valid by its schema."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema

from tests.functions.test_segments import READERS, publish
from tests.support.world import World

FOLDER = Path(__file__).parents[2] / "events" / "domain"
CONTRACTS = {path.name.removesuffix(".v1.json"): json.loads(path.read_text()) for path in FOLDER.glob("*.v1.json")}


def test_the_samples_are_valid() -> None:
    for name, contract in CONTRACTS.items():
        jsonschema.validate(contract["sample"], contract["schema"])
        assert contract["detail-type"] == name


def test_every_event_of_the_story_keeps_its_contract(world: World) -> None:
    publish(world, READERS, {"id": "never-clicked", "when": {"not": {"activity": "mail_clicked"}}})
    world.join("taro@example.jp")
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    for _ in range(3):
        world.now += timedelta(minutes=1)
        world.ses.simulator.open(mail.message_id)
        world.ses.simulator.click(mail.message_id, world.link(mail, "www.example.jp"))
    world.settle()
    world.post({"email": "taro@example.jp", "name": "山田太郎", "company": "例示", "title": "部長",
                "phone": "0312345678"}, "demo")  # fmt: skip
    world.settle()
    world.visit(world.unsubscribe_url(mail), "POST", "List-Unsubscribe=One-Click")
    world.settle()
    for event in world.bus:
        jsonschema.validate(json.loads(event["Detail"]), CONTRACTS[event["DetailType"]]["schema"])
    assert {event["DetailType"] for event in world.bus} == set(CONTRACTS)


def test_a_run_that_sent_its_last_step_is_left_as_completed(world: World) -> None:
    world.join("taro@example.jp")
    world.advance(timedelta(days=21))
    left = [json.loads(event["Detail"]) for event in world.bus if event["DetailType"] == "ScenarioLeft"]
    assert [(event["scenario"], event["reason"]) for event in left] == [("materials-follow-up", "completed")]


def test_what_goes_as_planned_is_announced_only_where_the_stage_wants_it(world: World) -> None:
    world.settings["SODATE_ANNOUNCE_ROUTINE"] = "off"
    world.join("taro@example.jp")
    world.advance(timedelta(days=21))
    assert {event["DetailType"] for event in world.bus} >= {"LeadCaptured", "ScenarioEntered"}
    assert not {"ScenarioLeft", "SendSettled"} & {event["DetailType"] for event in world.bus}


def test_an_event_id_is_the_same_when_the_stream_repeats_itself(world: World) -> None:
    world.post({"email": "taro@example.jp", "name": "山田太郎", "company": "例示", "title": "部長"})
    records = world.stream_records()
    world.call("event_publisher", {"Records": records})
    world.call("event_publisher", {"Records": records})
    ids = [json.loads(event["Detail"])["event_id"] for event in world.bus]
    assert len(ids) == 2 * len(set(ids))
