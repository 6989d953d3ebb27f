"""The two readers of the table stream: folds that happen once, an outbox without losses, poison that blocks none."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import live_rules, replayed, rescore
from sodate.scoring.store import find_score, load_snapshot

from tests.functions.quick import QuickWorld
from tests.support.meanwhile import before_each_transaction
from tests.support.world import World, stream_record

PRICING = "https://www.example.jp/pricing"


def click(world: World, lead: str, number: int) -> None:
    at = world.now + timedelta(minutes=number)
    key = activity_key("mail_clicked", str(number))
    table.put(activity_item(Activity(lead, "mail_clicked", at, key, {"link": PRICING})))


def records(world: World, kinds: tuple[str, ...] = ("activity", "profile")) -> list[dict[str, Any]]:
    found = world.stream_records()
    return [record for record in found if record["dynamodb"]["NewImage"]["kind"]["S"] in kinds]


def test_redelivery_and_disorder_of_stream_records_change_no_score(world: World) -> None:
    lead = world.join()
    for number in range(3):
        click(world, lead, number)
    batch = records(world)
    world.call("scoring", {"Records": batch})
    world.call("event_publisher", {"Records": world.stream_records()})
    before = world.score(lead)
    assert before["hot"] is True
    for seed in range(10):
        again = [*batch, *batch]
        random.Random(seed).shuffle(again)  # noqa: S311
        assert world.call("scoring", {"Records": again[: seed + 1]}) == {"batchItemFailures": []}
    assert world.score(lead) == before
    assert len(world.items("signal")) == 1


def test_two_folds_at_once_raise_one_signal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = world.join()
    for number in range(3):
        click(world, lead, number)
    depth: list[bool] = []

    def meanwhile() -> None:
        if len(depth) < 3:
            depth.append(True)
            rescore(lead, live_rules(world.app.definitions), world.now + timedelta(seconds=len(depth)))

    before_each_transaction(monkeypatch, world, meanwhile)
    rescore(lead, live_rules(world.app.definitions), world.now)
    assert len(world.items("signal")) == 1
    world.settle()
    assert len([e for e in world.bus if e["DetailType"] == "LeadBecameHot"]) == 1
    assert len(world.webhooks) == 1
    assert len([s for s in world.items("send") if s["name"] == "handoff"]) == 1


def test_a_fold_that_began_on_an_old_score_begins_anew(world: QuickWorld) -> None:
    lead, rules = world.join(), live_rules(world.app.definitions)
    before, points = load_snapshot(lead), json.loads(world.score(lead)["totals"])[""][2]
    for number in range(2):
        at = world.now + timedelta(minutes=number + 1)
        opened = Activity(lead, "mail_opened", at, f"{number:016x}", {})
        table.put(activity_item(opened))
        rescore(lead, rules, at, [opened], prefetched=before)
    assert json.loads(world.score(lead)["totals"])[""][2] == points + 6


def test_a_score_of_an_earlier_release_is_replayed_by_the_next_activity(world: QuickWorld) -> None:
    lead = world.join()
    click(world, lead, 0)
    world.call("scoring", {"Records": records(world)})
    written = table.get(keys.lead(lead), keys.SCORE)
    assert written is not None
    earlier = {name: value for name, value in written.items() if name not in ("state_json", "due_minute")}
    table.put_many([earlier | {"memory": {"S": "{}"}}])
    assert find_score(lead) is None
    click(world, lead, 1)
    world.call("scoring", {"Records": records(world)})
    assert load_snapshot(lead).score_state == replayed(lead, live_rules(Definitions()), world.now)


def test_a_process_that_knows_old_rules_does_not_bring_them_back(world: World) -> None:
    lead, old = world.join(), live_rules(world.app.definitions)
    body = old.rules.model_dump(mode="json", by_alias=True)
    body["hot"] = {"threshold": 500, "cool_below": 400}
    Definitions().publish("rules", "default", body, world.now)
    rescore(lead, live_rules(Definitions()), world.now)
    assert int(world.score(lead)["rules_version"]) == old.version + 1
    opened = Activity(lead, "mail_opened", world.now + timedelta(minutes=1), "o" * 16, {})
    table.put(activity_item(opened))
    assert rescore(lead, old, opened.at, [opened]).changed
    assert int(world.score(lead)["rules_version"]) == old.version + 1


def test_a_lead_that_cooled_down_may_become_hot_again(world: World) -> None:
    lead = world.join()
    for number in range(3):
        click(world, lead, number)
    world.settle()
    table.put(activity_item(Activity(lead, "mail_complained", world.now, "c1", {})))
    table.put(activity_item(Activity(lead, "unsubscribed", world.now, "u1", {})))
    world.settle()
    assert world.score(lead)["hot"] is False
    world.now += timedelta(days=1)
    table.put(activity_item(Activity(lead, "form_submitted", world.now, "f1", {"form": "demo"})))
    for number in (7, 8):
        about = {"link": "https://www.example.jp/demo"}
        table.put(activity_item(Activity(lead, "mail_clicked", world.now, f"d{number}", about)))
    world.settle()
    assert world.score(lead)["hot"] is True
    assert len(world.items("signal")) == 2


def test_a_poison_activity_is_buried_with_its_reason_and_the_neighbours_are_scored(world: QuickWorld) -> None:
    bad, good = world.join("bad@example.jp"), world.join("good@example.jp")
    click(world, bad, 1)
    click(world, good, 1)
    key = next(
        key for key in world.table.items if key[0] == f"LEAD#{bad}" and key[1].startswith("ACT#2026-11-24T02:01")
    )
    world.table.items[key]["at"] = {"S": "yesterday"}
    batch = records(world)
    assert world.call("scoring", {"Records": batch}) == {"batchItemFailures": []}
    (letter,) = world.dead_letters()
    assert f"the log of lead {bad} has an item that cannot be read" in letter["reason"]
    assert json.loads(letter["body"])[0]["dynamodb"]["Keys"]["pk"]["S"] == f"LEAD#{bad}"
    assert json.loads(world.score(good)["totals"])[""][2] == 30


def test_a_poison_item_does_not_hold_up_the_outbox(world: World) -> None:
    world.join()
    good = {"pk": {"S": "LEAD#g"}, "sk": {"S": "SUBMISSION#1"}, "kind": {"S": "submission"}, "form_id": {"S": "f"}}
    good["at"] = {"S": "2026-11-24T00:00:00.000Z"}
    poison = {"pk": {"S": "LEAD#p"}, "sk": {"S": "SUBMISSION#2"}, "kind": {"S": "submission"}}
    world.bus.clear()
    batch = [stream_record(item, None, number) for number, item in enumerate([poison, good])]
    assert world.call("event_publisher", {"Records": batch}) == {"batchItemFailures": []}
    assert [json.loads(event["Detail"])["lead_id"] for event in world.bus] == ["g"]
    (letter,) = world.dead_letters()
    assert "submission item SUBMISSION#2 cannot be read" in letter["reason"]


def _refusing(times: int, real: Callable[..., Any]) -> Callable[..., Any]:
    left = [times]

    def put_events(Entries: list[dict[str, Any]]) -> dict[str, Any]:
        if left[0]:
            left[0] -= 1
            return {"FailedEntryCount": 1}
        return dict(real(Entries=Entries))

    return put_events


def test_events_that_the_bus_refused_come_again_with_the_same_id(world: World) -> None:
    world.join()
    item = {"pk": {"S": "LEAD#g"}, "sk": {"S": "SUBMISSION#1"}, "kind": {"S": "submission"}, "form_id": {"S": "f"}}
    item["at"] = {"S": "2026-11-24T00:00:00.000Z"}
    bus, real_client = world.aws.client("events"), world.aws.client
    ids = []
    with pytest.MonkeyPatch.context() as patch:
        bus.put_events = _refusing(1, bus.put_events)
        patch.setattr(world.aws, "client", lambda service: bus if service == "events" else real_client(service))
        world.bus.clear()
        record = stream_record(item, None, 7)
        assert world.call("event_publisher", {"Records": [record]}) == {
            "batchItemFailures": [{"itemIdentifier": "1007"}]
        }
        assert world.bus == []
        for _ in range(2):
            assert world.call("event_publisher", {"Records": [record]}) == {"batchItemFailures": []}
        ids = [json.loads(event["Detail"])["event_id"] for event in world.bus]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert world.dead_letters() == []


def marketing(world: QuickWorld) -> list[str]:
    return [m.tags["send_id"] for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"]


def test_only_the_leads_whose_claim_failed_are_tried_again(world: QuickWorld) -> None:
    """The table refuses every other claim: those come back, the others are sent once, none twice."""
    for number in range(6):
        world.join(f"p{number}@example.jp")
    world.now += timedelta(days=1)
    from sodate.scheduling import store as due

    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(days=2))
    world.call("step_mail_dispatch", {})
    batch = world.receive()
    asked = [0]

    def refuse(operation: str) -> ClientError | None:
        asked[0] += operation == "UpdateItem"
        busy = operation == "UpdateItem" and asked[0] % 2
        error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "x"}}
        return ClientError(error, operation) if busy else None

    world.table.refuse = refuse
    answer = world.call("email_sender", {"Records": batch})
    world.table.refuse = lambda operation: None
    failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
    again = [record for record in batch if record["messageId"] in failed]
    assert world.call("email_sender", {"Records": again}) == {"batchItemFailures": []}
    world.advance(timedelta(hours=1))
    unknown = {send["sk"].removeprefix("SEND#") for send in world.items("send") if send["state"] == "unknown"}
    assert len(marketing(world)) == len(set(marketing(world)))
    assert len(set(marketing(world)) | unknown) == 6
    assert unknown <= {item["sk"].removeprefix("SEND#") for item in world.items("unknown")}
    assert world.dead_letters() == []


def test_a_dispatcher_without_its_table_moves_nothing_and_catches_up(world: QuickWorld) -> None:
    world.join()
    world.now += timedelta(days=1)
    error = ClientError({"Error": {"Code": "InternalServerError", "Message": "x"}}, "Query")
    world.table.refuse = lambda operation: error if operation == "Query" else None
    before = world.items("cursor")
    from sodate.errors import Transient

    with pytest.raises(Transient):
        world.call("step_mail_dispatch", {})
    assert world.items("cursor") == before
    world.table.refuse = lambda operation: None
    world.advance(timedelta(minutes=1))
    assert len([m for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"]) == 1


def test_a_secret_that_cannot_be_read_is_busy_for_a_new_process_and_nothing_for_an_old_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"email": "a@example.jp", "name": "n", "company": "c", "title": "部長"}
    assert world.post(body)["statusCode"] == 201

    def down(SecretId: str) -> Any:
        raise ClientError({"Error": {"Code": "InternalServiceError", "Message": "x"}}, "GetSecretValue")

    monkeypatch.setattr(world.aws.client("secretsmanager"), "get_secret_value", down)
    world.now += timedelta(hours=1)
    assert world.post({**body, "email": "b@example.jp"})["statusCode"] == 201
    world.new_process()
    answer = world.post({**body, "email": "c@example.jp"})
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")


def test_in_a_redrive_poison_is_named_in_the_answer_and_not_set_aside_a_second_time(world: World) -> None:
    lead = world.join()
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "Keys": {"pk": {"S": f"LEAD#{lead}"}}}}
    record["dynamodb"]["NewImage"] = {"kind": {"S": "activity"}}
    answer = world.call("scoring", {"Records": [record], "redrive": True})
    (failure,) = answer["batchItemFailures"]
    assert failure["itemIdentifier"] == "7"
    assert "cannot be read" in failure["reason"]
    assert world.dead_letters() == []
    assert world.call("scoring", {"Records": [record]}) == {"batchItemFailures": []}
    assert len(world.dead_letters()) == 1
    response = world.call("email_sender", {"Records": [{"messageId": "m", "body": "{"}], "redrive": True})
    assert response["batchItemFailures"][0]["itemIdentifier"] == "m"
    assert world.dead_letters() == []


def test_a_group_that_is_too_large_for_one_letter_is_parted_between_its_records(world: World) -> None:
    """A letter that was cut in the middle could never be redriven."""
    lead = world.join()
    body = {
        "Keys": {"pk": {"S": f"LEAD#{lead}"}},
        "NewImage": {"kind": {"S": "activity"}, "filler": {"S": "x" * 70_000}},
    }
    records = [{"eventName": "INSERT", "dynamodb": {**body, "SequenceNumber": str(n)}} for n in range(7)]
    assert world.call("scoring", {"Records": records}) == {"batchItemFailures": []}
    letters = [json.loads(letter["body"]) for letter in world.dead_letters()]
    assert len(letters) > 1
    assert [r["dynamodb"]["SequenceNumber"] for letter in letters for r in letter] == [str(n) for n in range(7)]
