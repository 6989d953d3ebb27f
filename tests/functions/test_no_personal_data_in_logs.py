"""No log line of the whole story, of refusals, outages and poison says who somebody is or carries a token."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ses_simulator import envelopes, events
from ses_simulator.errors import Fault

from tests.functions.quick import QuickWorld

ADDRESS = "canary.person@secret-canary.example.jp"
SERVICE = "canary"
CANARIES = ("canary.person", "secret-canary", "カナリア花子", "鳥籠商事", "5551234", "秘密の質問", "203.0.113.77")
WHO = {"email": ADDRESS, "name": "カナリア花子", "company": "鳥籠商事", "phone": "03-5551-2345", "agree": True}
PLAIN = {"content-type": "application/x-www-form-urlencoded"}


def test_no_log_line_names_a_person_or_carries_a_token(
    world: QuickWorld,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    # A name of its own: the logger of another test writes to a standard output that is closed by now.
    world.settings["POWERTOOLS_SERVICE_NAME"] = SERVICE
    caplog.set_level(0)
    tokens = play(world)
    trouble(world)
    written = capfd.readouterr()
    logged = "\n".join(json.dumps(vars(record), default=repr, ensure_ascii=False) for record in caplog.records)
    lines = [line for line in written.out.splitlines() if '"service"' in line]
    assert len(lines) > 30, "the story logs at all"
    for text in (written.out, written.err, ours(logged)):
        plain = text + json.loads(json.dumps(text)).encode().decode("unicode_escape", "replace")
        for canary in (*CANARIES, *tokens):
            assert canary not in plain, canary


def ours(logged: str) -> str:
    """Records of libraries at debug level are not what Lambda writes."""
    return "\n".join(line for line in logged.splitlines() if '"service"' in line or f'"name": "{SERVICE}"' in line)


def play(world: QuickWorld) -> list[str]:
    lead = world.join(
        **WHO, form="demo", title="経営者・役員", message="秘密の質問", _page_url=f"https://x.jp/?m={ADDRESS}"
    )
    world.advance(timedelta(days=3))
    mails = world.mails_to(ADDRESS)
    for mail in mails:
        world.ses.simulator.open(mail.message_id)
        if links := [link for link in mail.links if "/pricing" in link]:
            world.ses.simulator.click(mail.message_id, links[0])
    world.settle()
    urls = [link for mail in mails for link in mail.links if "/opt-in/" in link or "/unsubscribe/" in link]
    for url in urls:
        world.visit(url)
        world.visit(url[:-4])
    world.visit(urls[-1], "POST", "List-Unsubscribe=One-Click", **PLAIN)
    world.ses.simulator.bounce(mails[-1].message_id)
    world.ses.simulator.complain(mails[-1].message_id)
    world.settle()
    assert world.state(lead)["blocked"] == "complaint"
    return [url.rsplit("/", 1)[1] for url in urls]


def trouble(world: QuickWorld) -> None:
    """Everything that may go wrong, with the canary in its mouth."""
    world.post({**WHO, "email": f"{ADDRESS} {ADDRESS}"})
    world.post({**WHO, "phone": "カナリア花子", "title": "秘密の質問"})
    world.raw_post(json.dumps(WHO)[:-5], "demo", {"content-type": "application/json"})
    world.post({**WHO, "_website": ADDRESS})
    for fault in Fault:
        person = f"{fault}.{ADDRESS}"
        world.ses.simulator.inject(fault)
        world.post({**WHO, "email": person, "title": "部長"})
        world.settle()
    message = world.ses.simulator.messages[-1]
    poison = events.bounce(message, world.now)
    poison["bounce"]["timestamp"] = "カナリア花子"
    for record in (poison, {"eventType": "Bounce", "mail": {"messageId": ADDRESS}}, ADDRESS):
        world.call("email_events", envelopes.sqs_event([json.dumps(record)], world.now))
    for body in (ADDRESS, json.dumps({"v": 1, "what": ADDRESS}), json.dumps({"v": 1, "what": "step", "step": ADDRESS})):
        world.call("email_sender", {"Records": [{"messageId": "m", "body": body}]})
    error: Any = {"Error": {"Code": "InternalServerError", "Message": f"about {ADDRESS} カナリア花子"}}
    for operation in ("GetItem", "TransactWriteItems", "PutItem", "UpdateItem", "Query"):
        world.table.refuse = lambda asked, wanted=operation: ClientError(error, asked) if asked == wanted else None  # type: ignore[misc]
        world.post({**WHO, "email": f"{operation}.{ADDRESS}", "title": "部長"})
        record = envelopes.sqs_event_of([events.opened(message, world.now)], world.now)
        world.call("email_events", record)
    world.table.refuse = lambda operation: None
    profile = next(key for key in world.table.items if key[1] == "PROFILE")
    world.table.items[profile]["created"] = {"M": {"カナリア花子": {"S": ADDRESS}}}
    world._stream()
