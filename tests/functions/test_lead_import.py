"""A file in the import bucket: the same as the command, in pieces, and every trouble is an answer in the bucket."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from sodate.imports import run
from sodate.imports.receive import Receive

from tests.functions.quick import QuickWorld
from tests.support.world import Json

BUCKET = "sodate-test-imports"
MAPPING = "source: crm\ncolumns:\n  id: external_id\n  mail: email\n  company: primary.company\n"


class Uploads:
    """The bucket, S3's notifications and the queue that the function reads and writes."""

    def __init__(self, world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.s3: Any = boto3.client("s3")
        self.sqs: Any = boto3.client("sqs")
        self.outcomes: list[str] = []
        where: Any = {"LocationConstraint": "ap-northeast-1"}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        self.queue = self.sqs.create_queue(QueueName="lead-import")["QueueUrl"]
        world.settings |= {"SODATE_IMPORT_QUEUE_URL": self.queue, "POWERTOOLS_SERVICE_NAME": "lead_import"}

    def put(self, key: str, content: str | bytes, **metadata: str) -> None:
        body = content if isinstance(content, bytes) else content.encode()
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)

    def notify(self, key: str) -> list[str]:
        """What became of it, in the function's own words; until the queue is empty."""
        event = {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]}
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(event))
        return self.work()

    def work(self) -> list[str]:
        outcomes = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages", []):
            for message in messages:
                outcomes += self.call(message["Body"])
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return outcomes

    def call(self, body: str) -> list[str]:
        record = {"messageId": "1", "body": body}
        before = len(self.outcomes)
        assert self.world.call("lead_import", {"Records": [record]}) == {"batchItemFailures": []}
        return self.outcomes[before:]

    def text(self, key: str) -> str:
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content.decode("utf-8-sig")

    def result(self, name: str = "leads") -> Json:
        return dict(json.loads(self.text(f"results/{name}.result.json")))


@pytest.fixture
def uploads(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    made = Uploads(world, monkeypatch)
    real = Receive.receive

    def receive(self: Receive, body: str) -> dict[str, int]:
        outcomes = real(self, body)
        made.outcomes.extend(outcomes)
        return outcomes

    monkeypatch.setattr(Receive, "receive", receive)
    return made


def people(count: int) -> str:
    return "id,mail,company\n" + "".join(f"{n},lead{n}@example.jp,Company {n}\n" for n in range(count))


def test_an_upload_becomes_leads_and_an_answer(uploads: Uploads) -> None:
    uploads.put("imports/2026/展示会 11.mapping.yaml", MAPPING)
    uploads.put("imports/2026/展示会 11.csv", people(3) + "9,broken,Company 9\n")
    assert uploads.notify("imports/2026/%E5%B1%95%E7%A4%BA%E4%BC%9A+11.csv") == ["finished"]
    result = uploads.result("2026/展示会 11")
    assert (result["finished"], result["created"], result["refused"]) == (True, 3, 1)
    assert result["listed_in"] == "results/2026/展示会 11.errors.csv"
    assert "5,error,mail,not a mail address" in uploads.text(result["listed_in"])
    assert len(uploads.world.items("profile")) == 3


def test_the_mapping_may_be_named_by_the_file(uploads: Uploads) -> None:
    uploads.put("imports/crm.yaml", MAPPING)
    uploads.put("imports/leads.csv", people(1), mapping="imports/crm.yaml")
    assert uploads.notify("imports/leads.csv") == ["finished"]
    assert uploads.result()["created"] == 1


def test_a_long_file_goes_on_in_new_messages(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHUNK_ROWS", 10)
    world = uploads.world
    real = world.now

    def slowly() -> Any:
        world.now += timedelta(seconds=20)
        return world.now

    world.app.clock = replace(world.app.clock, now=slowly)
    uploads.put("imports/leads.mapping.yaml", MAPPING)
    rows = people(45) + "99,broken,X\n" + people(46).splitlines()[-1] + "\n98,broken,X\n"
    uploads.put("imports/leads.csv", rows)
    outcomes = uploads.notify("imports/leads.csv")
    assert set(outcomes[:-1]) == {"goes_on"}
    assert (len(outcomes) > 2, outcomes[-1]) == (True, "finished")
    result = uploads.result()
    assert (result["rows"], result["created"], result["refused"]) == (48, 46, 2)
    assert len(uploads.text("results/leads.errors.csv").splitlines()) == 3
    assert world.now > real


def test_a_redelivered_message_changes_nothing(uploads: Uploads) -> None:
    uploads.put("imports/leads.mapping.yaml", MAPPING)
    uploads.put("imports/leads.csv", people(3))
    uploads.notify("imports/leads.csv")
    before = uploads.world._raw()
    assert uploads.notify("imports/leads.csv") == ["finished"]
    assert uploads.world._raw() == before
    assert uploads.result()["created"] == 3


def test_two_runs_of_one_file_do_not_count_twice(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same notification twice at once: the second run meets the first one's progress and stops."""
    monkeypatch.setattr(run, "CHUNK_ROWS", 10)
    uploads.put("imports/leads.mapping.yaml", MAPPING)
    uploads.put("imports/leads.csv", people(30))
    inside: list[list[str]] = []

    def meanwhile(label: str) -> None:
        commits = [key for key, old, new in uploads.world.table.history if key[0].startswith("IMPORT#")]
        if label == "before Transaction" and len(commits) == 2 and not inside:
            inside.append([])
            inside[0] = uploads.notify("imports/leads.csv")

    uploads.world.table.point = meanwhile
    assert uploads.notify("imports/leads.csv")[-1] == "taken_over"
    assert inside == [["finished"]]
    result = uploads.result()
    assert (result["rows"], result["created"]) == (30, 30)
    assert len(uploads.world.items("profile")) == 30


@pytest.mark.parametrize(
    ("mapping", "content", "words"),
    [
        (None, people(1), "mapping.yaml is not there"),
        ("source: crm\ncolumns:\n  id: nonsense\n", people(1), "is not written"),
        (b"\xff\xfe", people(1), "not UTF-8"),
        (MAPPING, "id,mail,firma\n", "no such column"),
        (MAPPING, "", "empty"),
        (MAPPING + "consent: {topics: [weather], given: {column: id}, wording: {value: x}, at: {value: x}, "
         "method: {value: x}, where: {value: x}}\n", people(1), "no topic weather"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_told_in_the_bucket(
    uploads: Uploads, mapping: str | bytes | None, content: str, words: str
) -> None:
    if mapping is not None:
        uploads.put("imports/leads.mapping.yaml", mapping)
    uploads.put("imports/leads.csv", content)
    before = uploads.world._raw()
    assert uploads.notify("imports/leads.csv") == ["refused"]
    result = uploads.result()
    assert result["finished"] is False
    assert words in json.dumps(result["problems"], ensure_ascii=False)
    assert uploads.world._raw() == before


def test_its_own_answers_start_nothing(uploads: Uploads) -> None:
    uploads.put("results/leads.errors.csv", people(1))
    assert uploads.notify("results/leads.errors.csv") == ["no_import"]
    assert uploads.notify("imports/gone.csv") == ["gone"]
    assert uploads.call(json.dumps({"Event": "s3:TestEvent"})) == ["nothing"]


def test_a_file_that_was_replaced_does_not_go_on_half_and_half(uploads: Uploads) -> None:
    uploads.put("imports/leads.mapping.yaml", MAPPING)
    uploads.put("imports/leads.csv", people(3))
    body = json.dumps({"go_on": {"bucket": BUCKET, "key": "imports/leads.csv", "etag": '"of the file before"'}})
    assert uploads.call(body) == ["replaced"]
    assert uploads.world.items("profile") == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"Records": 5}', '{"go_on": {"key": 1}}', "null", '"x"'])
def test_a_message_that_is_none_is_given_up_with_the_reason(uploads: Uploads, body: str) -> None:
    assert uploads.call(body) == []
    (dead,) = uploads.world.dead_letters()
    assert dead["reason"]


def test_nothing_personal_is_logged(uploads: Uploads, capfd: pytest.CaptureFixture[str]) -> None:
    # A name of its own: the logger of another test writes to a standard output that is closed by now.
    uploads.world.settings["POWERTOOLS_SERVICE_NAME"] = "import-canary"
    uploads.put("imports/leads.mapping.yaml", MAPPING)
    uploads.put("imports/leads.csv", people(2) + "9,taro-at-example.jp,Secret Company\n")
    uploads.notify("imports/leads.csv")
    logged = capfd.readouterr().out
    assert "batch" in logged
    assert not [word for word in ("example.jp", "Secret", "Company", "leads.csv") if word in logged]
