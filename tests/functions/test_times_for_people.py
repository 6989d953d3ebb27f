"""Each list and each sentence of the command line has times in the zone of the stage; `--json` has UTC."""

import json
import re
from datetime import timedelta

import boto3
import pytest
from ses_simulator.errors import Fault
from sodate.authoring.apply import apply_directory
from sodate.privacy.store import put_request

from tests.functions.quick import QuickWorld
from tests.support.command_line import document, on_stage, said
from tests.support.privacy import IMPORTS, LEDGER, make_buckets
from tests.support.step_mail import SAMPLE
from tests.support.world import Json

#: As programs write a time.
FOR_PROGRAMS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d|\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)(?!\w)")
TARO, HANAKO = "taro@example.jp", "hanako@example.jp"
ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


@pytest.fixture
def ids(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> Json:
    """A stage on which every list has something; the ids that commands need."""
    make_buckets()
    apply_directory(SAMPLE, now=world.now, overrides={"sales.webhook.url": "https://sink.example.jp/hook"})
    on_stage(
        monkeypatch, ErasureLedger=LEDGER, ImportBucket=IMPORTS, DlqSendUrl=world.dlq,
        ConfigurationSet="sodate-test", ReplayQueueUrl=world.replay_queue,
    )  # fmt: skip
    lead = world.join(TARO)
    world.advance(timedelta(days=2))
    world.post({"email": "robot@example.jp", **ANSWERS, "_website": "http://robot.example"})
    world.ses.simulator.inject(Fault.MESSAGE_REJECTED)
    world.post({"email": HANAKO, **ANSWERS})
    world.settle()
    company = document("company", "add", "name=例示株式会社", "--domain", "reiji.example")["company"]
    deal = document(
        "deal", "set", "crm:A-1", "stage=proposal", "amount=1200000", "currency=JPY", "--contact", f"{TARO}=user"
    )["deal"]
    document("token", "create", "crm-nightly", "--scope", "deals")
    document("lead", "log", TARO, "seminar_attended", "--about", "seminar=spring")
    put_request(lead, "erase", world.now)
    world.settle()
    boto3.client("sqs").send_message(QueueUrl=world.dlq, MessageBody="{}")
    return {"company": company, "deal": deal, "lead": lead}


#: Command → whether its JSON has a time.
LISTS: dict[tuple[str, ...], bool] = {
    ("lead", "show", TARO): True,
    ("lead", "timeline", TARO): True,
    ("lead", "explain", TARO): True,
    ("lead", "access", TARO): True,
    ("lead", "log", TARO, "call_made", "--about", "outcome=reached"): True,
    ("segment", "list"): False,
    ("segment", "members", "{segment}"): True,
    ("scenario", "list"): False,
    ("scenario", "show", "welcome"): False,
    ("scenario", "waiting", "welcome"): False,
    ("broadcast", "list"): False,
    ("broadcast", "show", "monthly-news"): False,
    ("broadcast", "estimate", "monthly-news"): True,
    ("experiment", "list"): False,
    ("sends", "failed"): True,
    ("sends", "unknown"): False,
    ("quarantine", "list"): True,
    ("campaign", "members", "autumn-materials"): False,
    ("campaign", "conversions", "list", "--platform", "google"): False,
    ("company", "list"): True,
    ("company", "show", "{company}"): True,
    ("deal", "list"): True,
    ("deal", "show", "{deal}"): True,
    ("call", "list"): False,
    ("token", "list"): True,
    ("privacy", "requests"): True,
    ("privacy", "erasures"): False,
    ("replies", "list"): False,
    ("report", "send"): False,
    ("report", "deliveries"): False,
    ("template", "results", "materials-1-first-steps"): True,
    ("kpi", "show"): False,
    ("kpi", "funnel"): False,
    ("score", "replay"): True,
    ("dlq", "show", "Send"): True,
    ("activity", "types"): False,
    ("tracking", "snippet", "--url", "https://api.example.jp"): False,
}


def test_no_list_shows_a_time_as_programs_write_it(world: QuickWorld, ids: Json) -> None:
    segment = next(row["id"] for row in document("segment", "list") if row["members"])
    leaks, without = {}, []
    for command, has_times in LISTS.items():
        arguments = [part.format(segment=segment, **ids) for part in command]
        for language in ("en", "ja"):
            if found := FOR_PROGRAMS.search(said(*arguments, language=language)):
                leaks[" ".join(arguments), language] = found[0]
        as_json = json.dumps(document(*arguments))
        if has_times != bool(FOR_PROGRAMS.search(as_json)):
            without.append(command)
    assert leaks == {}
    assert without == [], "--json has no time, or has one: say so in LISTS"
