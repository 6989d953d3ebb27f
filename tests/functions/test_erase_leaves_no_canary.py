"""A whole story of one lead whose every value is a canary: after its erasure not one is found anywhere.

Table, queues, dead letters, files, exports, what people are shown, and every line that was logged; the suppression
still blocks and counters are unchanged. `tests/e2e/test_erase.py` does the same on the local cloud.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from ses_simulator import envelopes, events
from sodate.calls.call import CallState
from sodate.calls.store import Closing, calls_of, closing_writes
from sodate.consent.consent import Evidence
from sodate.consent.store import consent_item, suppression_of
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.dynamodb import table
from sodate.errors import NotFound
from sodate.playbook.store import ONLY
from sodate.privacy.access import note_access
from sodate.queries.export import export
from sodate.queries.lead import find_lead
from sodate.queries.timeline import timeline
from sodate_cli.main import app
from sodate_cli.reports import commands as report_commands
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.sales import answer, feedback_link
from tests.support.canaries import canaries_in
from tests.support.privacy import (
    IMPORTS,
    LEDGER,
    REPLIES,
    SECRET,
    eraser_of,
    key_of_address,
    make_buckets,
    receive_replies,
    reply_to,
)
from tests.support.web import Visitor, publish
from tests.support.world import TABLE

ADDRESS = "canary.erased@nest.example.jp"
OTHER = "neighbour@example.com"
PERSON = {
    "email": ADDRESS, "name": "消去花子", "company": "消去商事", "title": "経営者・役員", "phone": "03-5559-8765",
    "message": "消去する質問", "agree": True, "_page_url": "https://x.jp/form?who=canary-query",
    "_utm_term": ADDRESS,  # a campaign code is a scope of statistics and stays; an address in one is personal data
}  # fmt: skip
MAPPING = "source: crm\ncolumns:\n  id: external_id\n  mail: email\n  note: primary.note\n  name: primary.name\n"
CANARIES = (
    "canary.erased", "nest.example.jp", "消去花子", "消去商事", "消去する", "55598765", "5559-8765", "canary-query",
    "canary-crm-id", "canary-note", "canary-row", "canary-call", "canary-consent", "canary-diagnostic",
    "canary-page", "canary-reply", "canary-deal",
)  # fmt: skip
COUNTERS = ("rate", "coverage", "entrycount", "kpitotal")


def play(world: QuickWorld) -> str:
    """Form, opt-in, emails, clicks, hand-off, feedback, call, import, quarantine, exception, bounce, dead letters."""
    world.join(OTHER)
    publish(world)
    visitor = Visitor(world)
    lead_id = world.join(**{**PERSON, "form": "demo", "_visitor": visitor.id})
    visitor.send(visitor.view("/canary-page"))
    world.advance(timedelta(days=3))
    for mail in world.mails_to(ADDRESS):
        world.ses.simulator.open(mail.message_id)
    world.settle()
    notifications = [mail for mail in world.ses.simulator.messages if "/sales/feedback/" in (mail.text or "")]
    link = feedback_link(notifications[-1].text)
    assert answer(world, link, "answer=accepted&note=canary-note")["statusCode"] == 200
    world.settle()
    by_import(world, "first", f"canary-crm-id,{ADDRESS},canary-row,消去花子")
    quarantined = {**PERSON, "name": "消去花子2"}
    assert world.post({**quarantined, "_website": "robot"})["statusCode"] in (200, 201)
    proof = Evidence(lead_id, world.now, "confirmed", "exception", ("product-news",), note="canary-consent 名刺")
    table.put(consent_item(proof, "a-key"))
    for call in calls_of(lead_id):
        closing = Closing(CallState.DROPPED, None, "sato", "canary-call", world.now)
        table.commit(closing_writes(call, closing))
    for stage, reason in (("negotiation", None), ("lost", "canary-deal 消去花子が退職")):
        entry = DealEntry(("crm", "D-1"), "cli", stage=stage, reason=reason, added=((lead_id, "user"),))
        record_deal(entry, Deals(), world.now, world.app.new_id)
        world.now += timedelta(minutes=1)
    marketing = [mail for mail in world.mails_to(ADDRESS) if mail.tags.get("purpose") == "marketing"]
    reply_to(world, marketing[-1], "canary-reply 消去する返信です")
    note_access(lead_id, "suzuki", "lead show", world.now, timedelta(days=365))
    bounced = events.bounce(world.mails_to(ADDRESS)[-1], world.now)
    bounced["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = f"550 canary-diagnostic <{ADDRESS}>"
    world.call("email_events", envelopes.sqs_event([json.dumps(bounced)], world.now))
    poison = {**bounced, "bounce": {**bounced["bounce"], "timestamp": "消去する"}}
    world.call("email_events", envelopes.sqs_event([json.dumps(poison)], world.now))
    world.settle()
    return lead_id


def by_import(world: QuickWorld, name: str, row: str) -> dict[str, Any]:
    """A file in the import bucket, as S3 would notify of it; returns what the function answered."""
    s3 = boto3.client("s3")
    s3.put_object(Bucket=IMPORTS, Key=f"imports/{name}.mapping.yaml", Body=MAPPING.encode())
    s3.put_object(Bucket=IMPORTS, Key=f"imports/{name}.csv", Body=f"id,mail,note,name\n{row}\n".encode())
    event = {"Records": [{"s3": {"bucket": {"name": IMPORTS}, "object": {"key": f"imports/{name}.csv"}}}]}
    record = {"messageId": "1", "body": json.dumps(event)}
    assert world.call("lead_import", {"Records": [record]}) == {"batchItemFailures": []}
    result = s3.get_object(Bucket=IMPORTS, Key=f"results/{name}.result.json")["Body"].read()
    world.settle()
    return dict(json.loads(result))


def everything(world: QuickWorld, folder: Path) -> dict[str, str]:
    """Where a canary could lie → its whole text."""
    sqs: Any = boto3.client("sqs")
    exported = folder / "leads.csv"
    export(exported, None, "utf-8")
    texts = {
        "table": json.dumps(list(world.table.items.values()), ensure_ascii=False, default=str),
        "keys": json.dumps(list(world.table.items)),
        "export": exported.read_text(encoding="utf-8-sig"),
    }
    for name, url in {"send": world.queue, "replay": world.replay_queue, "dead": world.dlq}.items():
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        texts[name] = json.dumps(reply.get("Messages", []), ensure_ascii=False)
    s3: Any = boto3.client("s3")
    for name in ("kpi", "campaign", "sales", "journey"):
        page = folder / f"{name}.html"
        done = CliRunner().invoke(app, ["report", name, "--html", str(page)])
        assert done.exit_code == 0, done.output
        texts[f"report {name}"] = done.output + page.read_text(encoding="utf-8")
        page.unlink()
    for bucket in (IMPORTS, LEDGER, REPLIES):
        for version in s3.list_object_versions(Bucket=bucket).get("Versions", ()):
            key, version_id = version["Key"], version["VersionId"]
            body = s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()
            texts[f"{bucket}/{key}"] = key + body.decode()
    return texts


def counters(world: QuickWorld) -> dict[str, Any]:
    """Also those of KPIs, once everything that is known by now is added to them: without those of this moment, and
    without the shadows (`x_`) by which a recount knows what erased items had contributed.
    """
    world.now += timedelta(minutes=10)
    world.call("kpi_rollup", {})
    world.settle()
    items = [item for kind in COUNTERS for item in world.items(kind)]
    return {
        f"{item['pk']} {item['sk']} {name}": value
        for item in items
        for name, value in item.items()
        if name not in ("round", "ttl") and not name.startswith("x_") and item["sk"] != "H#NOW"
    }


def test_not_one_canary_is_left_and_counters_are_unchanged(
    world: QuickWorld, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_buckets()
    receive_replies(world, "reply.example.jp")
    mailing = dict(world.app.definitions.live("mailing").body)
    stores = {**mailing, "replies": {**mailing["replies"], "store_body": True}}
    world.app.definitions.publish("mailing", ONLY, stores, world.now)
    world.new_process()
    monkeypatch.setattr(report_commands, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(report_commands, "now", lambda _: world.now)
    world.settings["SODATE_IMPORT_QUEUE_URL"] = world.replay_queue
    world.settings["SODATE_DEAD_LETTER_URL"] = world.dlq
    lead_id = play(world)
    before = everything(world, tmp_path)
    seen = set().union(*(canaries_in(text, CANARIES) for text in before.values()))
    assert seen >= set(CANARIES) - {"5559-8765", "canary-query", "canary-call"}, set(CANARIES) - seen
    assert canaries_in(before["dead"], CANARIES), "a dead letter has it"
    assert find_lead(ADDRESS, SECRET) == lead_id
    counted = counters(world)
    assert counted

    erased = eraser_of(world).erase(lead_id, key_of_address(ADDRESS), "subject-request", "tester")
    assert erased.is_complete
    world.settle()
    assert {
        where: found for where, text in everything(world, tmp_path).items() if (found := canaries_in(text, CANARIES))
    } == {}
    assert dict(counters(world).items() ^ counted.items()) == {}
    assert not timeline(lead_id) or not canaries_in(json.dumps(timeline(lead_id), ensure_ascii=False), CANARIES)

    sent = len(world.mails_to(ADDRESS))
    assert by_import(world, "again", f"canary-crm-id,{ADDRESS},canary-row,消去花子")["refused"] == 1
    eraser_of(world).erase(lead_id, key_of_address(ADDRESS), "subject-request", "tester")
    world.advance(timedelta(days=30))
    assert len(world.mails_to(ADDRESS)) == sent
    assert suppression_of(key_of_address(ADDRESS)) in ("erased", "hard_bounce")
    assert {
        where: found for where, text in everything(world, tmp_path).items() if (found := canaries_in(text, CANARIES))
    } == {}
    with pytest.raises(NotFound):
        world.app.table.use()
        _ = overview_of(world, lead_id)
    logged = capfd.readouterr()
    assert not canaries_in(logged.out + logged.err, CANARIES), "no line of the log has one"


def overview_of(world: QuickWorld, lead_id: str) -> Any:
    from sodate.queries.lead import overview

    return overview(world.app.definitions, lead_id, world.now)
