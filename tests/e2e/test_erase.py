"""An erasure on the local cloud, through the command, with canaries in form, import, quarantine and dead letters.

The same story in process: `tests/functions/test_erase_leaves_no_canary.py`.
"""

import json
from typing import Any

import pytest

from tests.e2e.conftest import Cloud
from tests.support.canaries import canaries_in

pytestmark = pytest.mark.e2e

ADDRESS = "canary.erased@nest.example.jp"
NEIGHBOUR = "neighbour.of.canary@example.com"
PERSON = {"name": "消去花子", "company": "消去商事", "phone": "03-5559-8765", "_utm_term": ADDRESS}
CANARIES = (
    "canary.erased",
    "nest.example.jp",
    "消去花子",
    "消去商事",
    "55598765",
    "canary-row",
    "canary-deal",
    "canary-reply",
)
MAPPING = "source: crm\ncolumns:\n  id: external_id\n  mail: email\n  note: primary.note\n"


def found_in(text: str) -> set[str]:
    return canaries_in(text, CANARIES)


def table_of(cloud: Cloud) -> list[dict[str, Any]]:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.endpoints["table"])
    return [item for page in pages for item in page["Items"]]


def everything(cloud: Cloud) -> dict[str, str]:
    """Where a canary could lie → its whole text."""
    texts = {"table": json.dumps(table_of(cloud), ensure_ascii=False, default=str)}
    sqs, s3 = cloud.client("sqs"), cloud.client("s3")
    for name, url in cloud.endpoints["dead_letters"].items():
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        texts[f"dead letters of {name}"] = json.dumps(reply.get("Messages", []), ensure_ascii=False)
    for bucket in (output(cloud, "ImportBucket"), output(cloud, "ErasureLedger"), output(cloud, "ReplyBucket")):
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            texts[f"{bucket}/{entry['Key']}"] = body.decode(errors="replace")
    logs = cloud.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/sodate-local").get("logGroups", ()):
        name = group["logGroupName"]
        texts[name] = json.dumps(logs.filter_log_events(logGroupName=name).get("events", []), ensure_ascii=False)
    return texts


def output(cloud: Cloud, name: str) -> str:
    stacks = cloud.client("cloudformation").describe_stacks(StackName="Sodate-local-stateful")["Stacks"]
    return next(one["OutputValue"] for one in stacks[0]["Outputs"] if one["OutputKey"] == name)


def counters(cloud: Cloud) -> list[dict[str, Any]]:
    kinds = ("rate", "coverage", "entrycount")
    return sorted((item for item in table_of(cloud) if item["kind"]["S"] in kinds), key=lambda one: str(one["pk"]))


def put_import(cloud: Cloud, name: str) -> None:
    s3, bucket = cloud.client("s3"), output(cloud, "ImportBucket")
    s3.put_object(Bucket=bucket, Key=f"imports/{name}.mapping.yaml", Body=MAPPING.encode())
    s3.put_object(Bucket=bucket, Key=f"imports/{name}.csv", Body=f"id,mail,note\n1,{ADDRESS},canary-row\n".encode())
    cloud.advance("2m")


def test_nothing_is_left_of_an_erased_lead_and_it_stays_suppressed(cloud: Cloud) -> None:
    cloud.join(NEIGHBOUR)
    cloud.join(ADDRESS, **PERSON)
    cloud.advance_past_next_step(ADDRESS)
    put_import(cloud, "first")
    tags = cloud.mails(ADDRESS)[-1]["tags"]
    deal = ("deal", "set", "crm:D-1", "reason=canary-deal 退職", "--contact", f"{tags['lead_id']}=user")
    for stage in ("negotiation", "lost"):
        cloud.sodate(*deal, f"stage={stage}")
    cloud.sodate("local", "reply", "--send", tags["send_id"], "--text", "canary-reply: please call me")
    cloud.advance("1m")
    assert "email_replied" in {entry["what"] for entry in cloud.sodate("lead", "timeline", ADDRESS)}
    cloud.post(
        {"email": ADDRESS, "name": "消去花子", "company": "x", "title": "部長", "agree": True, "_website": "robot"}
    )
    cloud.client("sqs").send_message(
        QueueUrl=cloud.endpoints["dead_letters"]["EmailEvents"], MessageBody=json.dumps({"to": ADDRESS})
    )
    before = everything(cloud)
    named = {where for where, text in before.items() if found_in(text)}
    assert named >= {"table", "dead letters of EmailEvents"}
    assert any("-replies-" in where for where in named), "the raw reply waits for its forward"
    assert ADDRESS in json.dumps(cloud.sodate("lead", "export", ADDRESS))
    counted, sent = counters(cloud), len(cloud.mails(ADDRESS))

    erased = cloud.sodate("lead", "erase", ADDRESS, "--because", "subject-request", "--yes")
    assert erased["complete"]
    cloud.advance("2m")
    assert {where: found for where, text in everything(cloud).items() if (found := found_in(text))} == {}
    assert counters(cloud) == counted

    put_import(cloud, "again")
    assert cloud.sodate("lead", "erase", ADDRESS, "--because", "subject-request", "--yes")["complete"]
    cloud.advance("15d")
    assert len(cloud.mails(ADDRESS)) == sent
    assert found_in(json.dumps(table_of(cloud), ensure_ascii=False, default=str)) == set()
    assert [row["done"] for row in cloud.sodate("privacy", "erasures")] == [True]
    assert cloud.sodate("lead", "show", NEIGHBOUR)["email"] == NEIGHBOUR
