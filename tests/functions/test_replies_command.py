"""`sodate replies …` and `sodate sales bcc-address`: what a person sees and does."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from sodate_cli import replies as commands
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.test_replies import TARO, activities, step_mail
from tests.support.answering import BUCKET, DOMAIN, Replies

STRANGER = "new@stranger.example"
OUTPUTS = {"ReplyDomain": DOMAIN, "ReplyBucket": BUCKET}
NO_MATCH = {"In-Reply-To": "", "References": ""}


@pytest.fixture
def replies(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replies]:
    client = boto3.client("secretsmanager")
    monkeypatch.setattr(commands, "target", lambda stage: Target("test", "sodate-test", None))
    monkeypatch.setattr(commands, "find_lead", lambda email, where: world.lead_id(email))
    monkeypatch.setattr(commands, "now", lambda where: world.now)
    monkeypatch.setattr(commands, "outputs", lambda where: OUTPUTS)
    monkeypatch.setattr(
        commands, "secret", lambda where, name: json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    )
    yield Replies(world)


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, *(["--json"] if code == 0 else [])])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if code == 0 else " ".join(done.output.split())


def stranger(replies: Replies) -> str:
    """The id of an email that matches nobody."""
    mail = step_mail(replies)
    key = replies.answer(mail, "見積もりをください", to=f"x@{DOMAIN}", sender=STRANGER, headers=NO_MATCH)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket=BUCKET, Key=key, Body=replies.s3.objects[BUCKET, key][0])
    (row,) = run("replies", "list")
    assert (row["verdict"], row["why"], row["lead"]) == ("reply", "no_match", "")
    assert STRANGER not in json.dumps(row)
    return str(row["id"])


def test_a_person_reads_an_email_of_the_list_and_says_whose_it_is(replies: Replies) -> None:
    found = stranger(replies)
    shown = run("replies", "show", found)
    assert (shown["from"], shown["text"], shown["authentic"]) == (STRANGER, "見積もりをください", True)
    assert run("replies", "assign", found, TARO)["lead"] == replies.world.lead_id(TARO)
    (activity,) = activities(replies, "email_replied")
    assert activity["about"] == {"match": "by_hand"}
    assert run("replies", "list") == []
    assert "is on the list" in run("replies", "assign", found, TARO, code=4)


def test_an_unknown_id_and_a_raw_email_that_ended_are_one_line(replies: Replies) -> None:
    found = stranger(replies)
    assert "no email x is on the list of 2026-11" in run("replies", "show", "x", code=4)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="inbound/m0001")
    assert "not there" in run("replies", "show", found, code=4)


def test_the_bcc_address_of_an_owner_is_the_one_that_is_recognised(replies: Replies) -> None:
    owner = replies.world.app.definitions.live("sales").body["owners"][0]["id"]
    shown = run("sales", "bcc-address", owner)
    assert replies.world.app.secrets.reply_addresses().owner_in(shown["address"], [owner]) == owner  # type: ignore[union-attr]
    assert "there are" in run("sales", "bcc-address", "nobody", code=4)


def test_a_stage_without_a_reply_domain_says_what_to_set(replies: Replies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "outputs", lambda where: {})
    owner = replies.world.app.definitions.live("sales").body["owners"][0]["id"]
    assert "set reply_domain in stages.toml" in run("sales", "bcc-address", owner, code=4)
