"""Found C (14): a field value that breaks a filter fails one lead's email; its neighbours in the chunk get theirs."""

import json
from datetime import timedelta

from sodate.playbook.store import Definitions
from sodate.scheduling import store as due

from tests.functions.quick import QuickWorld

#: Posted by a stranger as the name of a company; no date can hold it.
NO_DATE = "9999999999999999999"


def test_a_hostile_value_costs_only_its_own_lead_the_email(world: QuickWorld) -> None:
    neighbours = [f"taro{number}@example.jp" for number in range(16)]
    for address in neighbours:
        world.join(address, company="2026-11-24")
        world.now += timedelta(seconds=10)
    hostile = world.join("hanako@example.jp", company=NO_DATE)
    definitions = Definitions()
    step = definitions.live("sequence", "materials-follow-up").body["steps"][0]
    body = definitions.live("template", step["template"]).body
    subject = "{{ lead.company | date: '%Y' }}"
    definitions.publish("template", step["template"], {**body, "subject": subject}, world.now)
    world.now += timedelta(days=1)
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(days=2))
    world.call("step_mail_dispatch", {})
    bodies = [json.loads(record["body"]) for record in world.receive()]
    together = {**bodies[0], "leads": [lead for body in bodies for lead in body["leads"]]}
    assert len(together["leads"]) == 17, "all are at the same step, so one message may name them"
    records = [{"messageId": "all", "body": json.dumps(together)}]
    assert world.call("email_sender", {"Records": records}) == {"batchItemFailures": []}
    mailed = [m.recipient for m in world.ses.simulator.messages if dict(m.tags)["purpose"] == "marketing"]
    assert sorted(mailed) == sorted(neighbours)
    states = {item["pk"]: item for item in world.items("send") if item["name"] == "step"}
    assert states[f"LEAD#{hostile}"]["state"] == "failed"
    assert "broke a filter" in states[f"LEAD#{hostile}"]["reason"]
    assert [item["state"] for pk, item in states.items() if pk != f"LEAD#{hostile}"] == ["sent"] * 16
