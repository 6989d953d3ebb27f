"""The story through HTTP, SQS, stream and schedules only, with IAM enforced; and the proof that it is enforced."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import Cloud, http

pytestmark = pytest.mark.e2e


def test_a_form_post_becomes_a_hot_lead_that_sales_is_told_about(cloud: Cloud) -> None:
    cloud.join("taro@example.jp", employees="300-999")
    cloud.advance("28d")
    mails = [mail for mail in cloud.mails("taro@example.jp") if mail["tags"]["purpose"] == "marketing"]
    assert [mail["tags"]["step"] for mail in mails] == ["first-steps", "case-study", "pricing"]
    assert all(mail["at"][11:16] == "01:00" for mail in mails), "10:00 in Japan"
    for mail in mails:
        cloud.sodate("local", "mail", "open", "--id", mail["id"])
    cloud.sodate("local", "mail", "click", "--id", mails[-1]["id"], "--link", "/pricing")
    cloud.advance("1m")

    (notification,) = [
        m
        for m in cloud.player.sales_messages(cloud.endpoints["sink"])
        if "山田太郎" in json.dumps(m, ensure_ascii=False)
    ]
    assert notification["signature"] == "valid"
    assert "料金ページのリンクをクリック" in notification["body"]["text"]
    lead = cloud.sodate("lead", "show", "taro@example.jp")
    assert lead["hot"] is True
    assert lead["owner"]
    assert any(mail["tags"].get("name") == "handoff" for mail in cloud.player.all_mails())


def test_one_click_from_the_mail_program_stops_all_mail(cloud: Cloud) -> None:
    cloud.join("hanako@example.com")
    cloud.advance_past_next_step("hanako@example.com")
    before = len(cloud.mails("hanako@example.com"))
    cloud.sodate("local", "mail", "unsubscribe", "--to", "hanako@example.com")
    cloud.advance("28d")
    assert len(cloud.mails("hanako@example.com")) == before
    explained = cloud.sodate("lead", "explain", "hanako@example.com")
    assert explained["state"]["mailable"] == "no: unsubscribed"
    assert {mail["reason"] for mail in explained["mails"] if mail["state"] == "skipped"} == {"blocked:unsubscribed"}


def test_without_one_permission_the_story_stops_and_nothing_is_lost(cloud: Cloud) -> None:
    """email_sender lacks dynamodb:UpdateItem in its role: no claim, no email. With it back, all goes on."""
    iam = cloud.client("iam")
    role, policy, document = _policy_of(cloud, iam, "EmailSender", "dynamodb:UpdateItem")
    cloud.join("before@example.com")
    iam.put_role_policy(
        RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(_without(document, "dynamodb:UpdateItem"))
    )
    try:
        cloud.advance_past_next_step("before@example.com")
        assert len(cloud.mails("before@example.com")) == 1, "only the opt-in mail: the claim was refused"
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    cloud.advance("1h")
    for dead in cloud.sodate("dlq", "list"):
        if dead["edge"] == "Send" and dead["messages"]:
            cloud.sodate("dlq", "redrive", "Send")
    cloud.advance("1h")
    assert len(cloud.mails("before@example.com")) == 2, "the step went out once, when the permission was back"


def test_poison_goes_to_its_dead_letter_queue_with_a_reason_and_neighbours_are_done(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=cloud.endpoints["send_queue"], MessageBody="{not json")
    cloud.join("neighbour@example.com")
    dead = {row["edge"]: row for row in cloud.sodate("dlq", "list")}
    assert dead["Send"]["messages"] == 1
    assert dead["Send"]["first"][0]["reason"] == "the send message is not JSON"
    assert len(cloud.mails("neighbour@example.com")) == 1
    sqs.purge_queue(QueueUrl=cloud.endpoints["dead_letters"]["Send"])


def test_wrong_input_over_http_has_its_answer(cloud: Cloud) -> None:
    api = cloud.endpoints["api"]
    assert cloud.post({"email": "nobody"}).status == 422
    assert cloud.post({"email": "a@example.jp"}, "no-such-form").status == 404
    assert cloud.post({"email": "a@example.jp"}, origin="https://evil.example").status == 403
    big = http.request("POST", f"{api}/forms/request-materials/submissions", body=b"x" * 70_000,
                       headers={"content-type": "application/json"})  # fmt: skip
    assert big.status == 413
    assert http.request("GET", f"{api}/opt-in/broken").status == 400
    assert http.request("POST", f"{api}/unsubscribe/broken").status == 400
    assert http.request("GET", f"{api}/nowhere").status == 404


def _policy_of(cloud: Cloud, iam: Any, function: str, action: str) -> tuple[str, str, dict[str, Any]]:
    name = cloud.endpoints["functions"][function]
    role = cloud.client("lambda").get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        if action in json.dumps(document):
            return role, policy, document
    raise AssertionError(f"{role} has no {action}")


def _without(document: dict[str, Any], action: str) -> dict[str, Any]:
    narrowed = json.loads(json.dumps(document))
    for statement in narrowed["Statement"]:
        if isinstance(statement["Action"], list):
            statement["Action"] = [name for name in statement["Action"] if name != action]
    return dict(narrowed)
