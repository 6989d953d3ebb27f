"""Erasing one lead: what goes, what stays and why, in which order, after a crash, after a restore."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from sodate.consent.store import suppression_of
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.dynamodb import keys
from sodate.errors import Invalid, NotFound
from sodate.leads.address import external_key
from sodate.playbook.store import Definitions
from sodate.privacy.erase import replay_all
from sodate.privacy.erasure import checked_because
from sodate.privacy.export import export_lead
from sodate.privacy.ledger import Erasure
from sodate.privacy.merge import Merger
from sodate.queries.lead import find_lead

from tests.fakes.table import Key
from tests.functions.quick import QuickWorld
from tests.support.privacy import IMPORTS, LEDGER, SECRET, eraser_of, key_of_address, make_buckets
from tests.support.world import Json

TARO, HANAKO = "taro@example.jp", "hanako@example.jp"


@pytest.fixture(autouse=True)
def _buckets(world: QuickWorld) -> None:
    make_buckets()


def erase(world: QuickWorld, address: str = TARO) -> Any:
    lead_id = find_lead(address, SECRET)
    return eraser_of(world).erase(lead_id, key_of_address(address), "subject-request", "tester")


def text_of(world: QuickWorld) -> str:
    return json.dumps(world.items(), default=str, ensure_ascii=False)


def test_only_the_minimal_proof_of_consent_stays_in_the_partition(world: QuickWorld) -> None:
    lead_id = world.join(TARO, phone="03-5551-2345", _page_url="https://example.jp/form?who=taro")
    world.advance(timedelta(days=3))
    erased = erase(world)
    assert erased.is_complete
    left = [item for item in world.items() if item["pk"] == f"LEAD#{lead_id}"]
    assert {item["kind"] for item in left} == {"consent"}
    assert {item["action"] for item in left} == {"requested", "confirmed", "withdrawn"}
    assert all(item["ttl"] for item in left), "proof has an end"
    assert not any(item.get("page_url") or item.get("note") for item in left)
    for canary in (TARO, "山田太郎", "5551", "who=taro"):
        assert canary not in text_of(world)


def test_others_are_untouched(world: QuickWorld) -> None:
    other = world.join(HANAKO)
    world.join(TARO)
    before = [item for item in world.items() if item["pk"] == f"LEAD#{other}"]
    erase(world)
    assert [item for item in world.items() if item["pk"] == f"LEAD#{other}"] == before


def test_no_email_leaves_after_the_erasure_and_queued_messages_have_no_effect(world: QuickWorld) -> None:
    world.join(TARO)
    world.advance(timedelta(days=1))
    before = len(world.mails_to(TARO))
    queued = _all_due_messages(world)
    assert queued, "emails are planned"
    erase(world)
    world.advance(timedelta(days=60))
    for body in queued:
        world.call("email_sender", {"Records": [{"messageId": "1", "body": json.dumps(body)}]})
    world.settle()
    assert len(world.mails_to(TARO)) == before
    assert not [item for item in world.items() if item["kind"] in ("state", "profile", "score", "activity")]
    assert {item["reason"] for item in world.items("send")} <= {"lead_erased", "enrollment_ended"}


def _all_due_messages(world: QuickWorld) -> list[Json]:
    return [
        json.loads(item["message"]) if isinstance(item.get("message"), str) else dict(item["message"])
        for item in world.items("due")
        if "message" in item
    ]


def test_an_erased_address_is_not_imported_again_and_comes_back_by_its_own_post(world: QuickWorld) -> None:
    first = world.join(TARO)
    erase(world)
    assert suppression_of(key_of_address(TARO)) == "erased"
    world.advance(timedelta(hours=1))
    second = world.join(TARO)
    assert second != first
    state = world.state(second)
    assert state.get("blocked") is None, "the double opt-in lifts the block of the erasure"
    assert suppression_of(key_of_address(TARO)) is None


def test_a_complaint_stays_on_the_list_after_an_erasure(world: QuickWorld) -> None:
    world.join(TARO)
    world.advance(timedelta(days=2))
    world.ses.simulator.complain(world.mails_to(TARO)[-1].message_id)
    world.settle()
    erase(world)
    assert suppression_of(key_of_address(TARO)) == "complaint"


def test_an_old_opt_in_link_does_not_undo_an_erasure_that_died_after_its_block(world: QuickWorld) -> None:
    assert world.post({"email": TARO, "name": "山田", "company": "例示", "title": "部長", "agree": True})
    world.settle()
    link = world.link(world.mails_to(TARO)[-1], "/opt-in/")
    _crash_after(world, 1, lambda: erase(world))
    assert world.state(world.lead_id(TARO))["blocked"] == "erased"
    assert world.visit(link, "POST")["statusCode"] == 400
    assert world.state(world.lead_id(TARO))["blocked"] == "erased"


class Died(BaseException):
    """Not an `Exception`: nothing may catch it."""


def _crash_after(world: QuickWorld, writes: int, act: Callable[[], Any]) -> bool:
    """True when the process died after that many writes; False when it came to its end before."""
    left = writes

    def point(name: str) -> None:
        nonlocal left
        if name.startswith("after"):
            left -= 1
            if left < 0:
                raise Died

    real, world.table.point = world.table.point, point  # type: ignore[method-assign]
    try:
        act()
    except Died:
        return True
    finally:
        world.table.point = real  # type: ignore[method-assign]
    return False


def test_an_erasure_that_died_anywhere_is_finished_by_the_same_command(world: QuickWorld) -> None:
    writes = 0
    while True:
        for item in list(world.table.items):
            if item[0].startswith(("LEAD#", "SUPPRESSION#", "EMAIL#", "RECEIPT#", "CEILING#")):
                world.table.forget(item)
        world.join(TARO, phone="03-5551-2345")
        lead_id = find_lead(TARO, SECRET)
        died = _crash_after(world, writes, lambda: erase(world))
        erased = eraser_of(world).erase(lead_id, key_of_address(TARO), "subject-request", "tester")
        assert erased.is_complete
        assert TARO not in text_of(world), f"after {writes} writes"
        assert suppression_of(key_of_address(TARO)) == "erased"
        if not died:
            break
        writes += 7
    assert writes > 10, "there are crash points"


def test_a_restored_table_is_erased_again_from_the_ledger_alone(world: QuickWorld) -> None:
    world.join(TARO, phone="03-5551-2345")
    world.join(HANAKO)
    backup: dict[Key, Any] = dict(world.table.items)
    erase(world)
    world.table.items = dict(backup)
    assert TARO in text_of(world)
    (again,) = replay_all(eraser_of(world))
    assert again.counts["items"] > 5
    assert TARO not in text_of(world)
    assert HANAKO in text_of(world)
    assert suppression_of(key_of_address(TARO)) == "erased"
    (nothing,) = replay_all(eraser_of(world))
    assert nothing.counts["items"] == 0


def test_a_replay_leaves_a_person_alone_who_came_back(world: QuickWorld) -> None:
    world.join(TARO)
    erase(world)
    world.advance(timedelta(hours=1))
    fresh = world.join(TARO)
    assert [again.counts["items"] for again in replay_all(eraser_of(world))] == [0]
    assert world.state(fresh).get("blocked") is None
    assert suppression_of(key_of_address(TARO)) is None


def test_a_replay_leaves_doubtful_posts_and_dead_letters_of_who_came_back(world: QuickWorld) -> None:
    world.join(TARO)
    erase(world)
    world.advance(timedelta(hours=1))
    world.post({"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True, "_website": "robot"})
    (doubtful,) = [one for one in world.items("submission") if one["pk"].startswith("QUARANTINE#")]
    (again,) = replay_all(eraser_of(world))
    assert again.counts["quarantined"] == 0
    assert doubtful in world.items("submission")


def test_the_ledger_is_append_only_and_holds_no_personal_data(world: QuickWorld) -> None:
    world.join(TARO)
    erase(world)
    s3: Any = boto3.client("s3")
    erase(world)
    versions = s3.list_object_versions(Bucket=LEDGER)["Versions"]
    assert len(versions) == 2, "began and done, each written once"
    content = b"".join(s3.get_object(Bucket=LEDGER, Key=entry["Key"])["Body"].read() for entry in versions).decode()
    assert "taro" not in content
    assert key_of_address(TARO) in content


def test_an_empty_ledger_is_said_and_not_taken_for_success(world: QuickWorld) -> None:
    with pytest.raises(NotFound, match="empty"):
        list(replay_all(eraser_of(world)))


@pytest.mark.parametrize("because", ["", "Taro called", "山田さん", "a" * 61, "a\nb", "x;y"])
def test_the_reason_is_a_code(because: str) -> None:
    with pytest.raises(Invalid, match="code"):
        checked_because(because)


def test_dead_letters_and_quarantine_and_files_that_name_the_lead_go_and_others_stay(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    for body in (f"about {lead_id}", json.dumps({"to": "ｔａｒｏ＠example.jp"}), '{"to": "Taro@EXAMPLE.jp"}', HANAKO):
        sqs.send_message(QueueUrl=world.dlq, MessageBody=body)
    for person in (TARO, HANAKO):
        posted = {"email": person, "name": "疑", "company": "例示", "title": "部長", "agree": True}
        assert world.post({**posted, "_website": "http://robot"})["statusCode"] in (200, 201)
    assert len([item for item in world.items() if item["pk"].startswith("QUARANTINE#")]) == 2
    for name, person in (("mine", TARO), ("others", HANAKO)):
        s3.put_object(Bucket=IMPORTS, Key=f"imports/{name}.csv", Body=f"mail\n{person}\n".encode("cp932"))
        s3.put_object(Bucket=IMPORTS, Key=f"results/{name}.result.json", Body=b'{"finished": true}')
    plan = eraser_of(world).plan(lead_id, key_of_address(TARO))
    assert (plan.dead_letters, plan.quarantined, plan.files) == (3, 1, ("imports/mine.csv",))
    erased = erase(world)
    assert (erased.counts["dead_letters"], erased.counts["quarantined"], erased.counts["files"]) == (3, 1, 1)
    assert s3.list_object_versions(Bucket=IMPORTS, Prefix="imports/mine").get("Versions") is None
    assert s3.get_object(Bucket=IMPORTS, Key="imports/others.csv")["Body"].read()
    left = sqs.receive_message(QueueUrl=world.dlq, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in left] == [HANAKO]
    (quarantined,) = [item for item in world.items() if item["pk"].startswith("QUARANTINE#")]
    assert HANAKO in quarantined["answers"]


def test_a_file_whose_import_still_runs_stays_and_the_erasure_says_so(world: QuickWorld) -> None:
    world.join(TARO)
    s3 = boto3.client("s3")
    s3.put_object(Bucket=IMPORTS, Key="imports/now.csv", Body=f"mail\n{TARO}\n".encode())
    first = erase(world)
    assert first.left == ("imports/now.csv",)
    s3.put_object(Bucket=IMPORTS, Key="results/now.result.json", Body=b'{"finished": true}')
    assert erase(world).is_complete


def test_an_export_has_every_item_of_the_lead_and_says_what_each_part_is(world: QuickWorld) -> None:
    lead_id = world.join(TARO, phone="03-5551-2345", form="demo", title="経営者・役員")
    world.advance(timedelta(days=3))
    document = export_lead(lead_id, world.app.definitions, world.now).document
    text = json.dumps(document, ensure_ascii=False)
    own = [item for item in world.items() if item["pk"] == keys.lead(lead_id)]
    assert sum(len(part["items"]) for part in document["parts"] if part["kind"] != "member") >= len(own)
    assert {part["kind"] for part in document["parts"]} >= {item["kind"] for item in own}
    assert not [part["kind"] for part in document["parts"] if not (part["ja"] and part["en"])]
    assert all(value in text for value in (TARO, "山田太郎", "+81355512345"))
    assert document["parts"][0]["kind"] == "profile"


def test_a_company_loses_its_erased_lead_and_keeps_its_other_one(world: QuickWorld) -> None:
    world.join("taro@corp-canary.co.jp")
    other = world.join("hanako@corp-canary.co.jp")
    assert len(world.items("companymember")) == 2
    erase(world, "taro@corp-canary.co.jp")
    (left,) = world.items("companymember")
    assert other in left["sk"]


# -- what names a lead without its address -----------------------------------------------------------------------------

MAPPING = b"source: crm\ncolumns:\n  id: external_id\n  name: primary.name\n"


def imported(world: QuickWorld, name: str, content: str) -> None:
    s3: Any = boto3.client("s3")
    s3.put_object(Bucket=IMPORTS, Key=f"imports/{name}.mapping.yaml", Body=MAPPING)
    s3.put_object(Bucket=IMPORTS, Key=f"imports/{name}.csv", Body=content.encode("cp932"))
    event = {"Records": [{"s3": {"bucket": {"name": IMPORTS}, "object": {"key": f"imports/{name}.csv"}}}]}
    world.call("lead_import", {"Records": [{"messageId": "1", "body": json.dumps(event)}]})
    world.settle()


def files() -> set[str]:
    s3: Any = boto3.client("s3")
    return {one["Key"] for one in s3.list_objects_v2(Bucket=IMPORTS).get("Contents", ())}


def test_a_lead_that_only_another_system_knows_is_found_in_files_and_dead_letters(world: QuickWorld) -> None:
    world.settings["SODATE_IMPORT_QUEUE_URL"] = world.replay_queue
    imported(world, "mine", "id,name\nCRM-00042,消去花子\n")
    imported(world, "others", "id,name\nCRM-00043,隣野太郎\n1,短野番号\n")
    sqs: Any = boto3.client("sqs")
    for body in ({"row": {"id": "CRM-00042"}}, {"row": {"id": "CRM-00043", "lot": "CRM-00042"}}):
        sqs.send_message(QueueUrl=world.dlq, MessageBody=json.dumps({"detail": json.dumps(body)}))
    (lead_id,) = [item["pk"][5:] for item in world.items("profile") if "消去花子" in str(item)]
    eraser = eraser_of(world)
    plan = eraser.plan(lead_id, "")
    assert (set(plan.files) >= {"imports/mine.csv"}, plan.dead_letters) == (True, 1)
    assert eraser.erase(lead_id, "", "subject-request", "tester").is_complete
    assert {name for name in files() if name.startswith("imports/")} == {
        "imports/mine.mapping.yaml", "imports/others.csv", "imports/others.mapping.yaml",
    }  # fmt: skip
    left = sqs.receive_message(QueueUrl=world.dlq, MaxNumberOfMessages=10).get("Messages", [])
    assert [json.loads(json.loads(one["Body"])["detail"])["row"]["id"] for one in left] == ["CRM-00043"]
    imported(world, "again", "id,name\nCRM-00042,消去花子\n")
    assert eraser.erase(lead_id, "", "subject-request", "tester").counts["files"] > 0, "the ledger knows the id's HMAC"
    assert "CRM-00042" not in str([one.to_document() for one, _ in eraser.ledger.erasures()])


def test_a_replay_erases_what_came_between_the_begin_and_the_end_of_the_erasure(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    eraser = eraser_of(world)
    assert eraser.ledger.begin(Erasure((lead_id,), (key_of_address(TARO),), world.now, "subject-request", "t"))[1]
    world.advance(timedelta(days=2))
    world.post({"email": TARO, "name": "n", "company": "c", "title": "部長", "agree": True, "_website": "robot"})
    backup: dict[Key, Any] = dict(world.table.items)
    world.advance(timedelta(minutes=1))
    assert erase(world).counts["quarantined"] == 1, "a later attempt ends it"
    world.table.items = dict(backup)
    (again,) = replay_all(eraser_of(world))
    assert again.counts["quarantined"] == 1
    assert TARO not in text_of(world)


def test_the_ledger_learns_of_a_lead_that_was_merged_after_a_first_attempt(world: QuickWorld) -> None:
    stays, joins = world.join(TARO), world.join(HANAKO)
    first = Erasure((stays,), (key_of_address(TARO),), world.now, "subject-request", "tester")
    eraser = eraser_of(world)
    assert eraser.ledger.begin(first)[1], "the first attempt died at once"
    Merger(Definitions(), lambda source, name: external_key(source, name, SECRET), world.now).merge(
        stays, joins, "same-person"
    )
    backup: dict[Key, Any] = dict(world.table.items)
    assert eraser.erase(stays, key_of_address(TARO), "subject-request", "tester").is_complete
    ((known, is_done),) = eraser.ledger.erasures()
    assert (set(known.lead_ids), is_done) == ({stays, joins}, True)
    world.table.items = dict(backup)
    list(replay_all(eraser_of(world)))
    assert HANAKO not in text_of(world) and TARO not in text_of(world)


def test_a_reason_in_words_leaves_the_history_of_a_deal_and_a_code_stays(world: QuickWorld) -> None:
    lead_id = world.join(TARO)
    for stage, reason in (
        ("negotiation", None),
        ("lost", "担当の山田太郎が退職"),
        ("negotiation", None),
        ("lost", "price"),
    ):
        entry = DealEntry(("crm", "D-1"), "cli", stage=stage, reason=reason, added=((lead_id, "user"),))
        record_deal(entry, Deals(), world.now, world.app.new_id)
        world.now += timedelta(minutes=1)
    assert not [item for item in world.items("activity") if "退職" in str(item)], "words are no part of an activity"
    assert eraser_of(world).plan(lead_id, "").elsewhere["dealchange"] == 1
    erase(world)
    assert [item.get("reason") for item in world.items("dealchange")] == [None, None, None, "price"]
