"""One page per stage that shows what the alarms are about, within what CloudWatch gives free of charge."""

import json
import re
from typing import Any

#: An account has three dashboards with so many metrics each free of charge.
FREE_METRICS = 50


def test_the_dashboard_shows_sends_outcomes_lateness_queues_dead_letters_reputation_and_forms(stack: Any) -> None:
    metrics = _metrics(stack)
    shown = {(namespace, name) for namespace, name in metrics}
    assert {
        ("Sodate", "EmailsDispatched"),
        ("Sodate", "SendsFailed"),
        ("Sodate", "SendsUnknown"),
        ("Sodate", "SendsAgain"),
        ("Sodate", "LateMinutes"),
        ("Sodate", "SendingOnHold"),
        ("Sodate", "QuarantinedSubmissions"),
        ("AWS/SES", "Delivery"),
        ("AWS/SES", "Bounce"),
        ("AWS/SES", "Reputation.BounceRate"),
        ("AWS/SES", "Reputation.ComplaintRate"),
        ("AWS/ApiGateway", "5xx"),
        ("AWS/ApiGateway", "4xx"),
    } <= shown
    queues = stack.all("AWS::SQS::Queue").values()
    dead_letters = len([q for q in queues if q["QueueName"].endswith("-dlq")])
    # The queue behind the alarms themselves is not on the page twice: one line each.
    assert metrics.count(("AWS/SQS", "ApproximateNumberOfMessagesVisible")) == dead_letters
    assert metrics.count(("AWS/SQS", "ApproximateAgeOfOldestMessage")) == len(queues) - dead_letters


def test_the_dashboard_is_free_of_charge(stack: Any) -> None:
    assert len(_metrics(stack)) <= FREE_METRICS


def test_the_dashboard_shows_the_state_of_every_alarm(stack: Any) -> None:
    body = _body(stack)
    shown = [w["properties"]["alarms"] for w in body["widgets"] if w["type"] == "alarm"]
    assert len({alarm for part in shown for alarm in part}) == len(stack.all("AWS::CloudWatch::Alarm"))
    assert all(len(part) <= 100 for part in shown), "more do not fit into one widget"


def _metrics(stack: Any) -> list[tuple[str, str]]:
    return [
        (entry[0], entry[1]) for widget in _body(stack)["widgets"] for entry in widget["properties"].get("metrics", ())
    ]


def _body(stack: Any) -> Any:
    (dashboard,) = stack.all("AWS::CloudWatch::Dashboard").values()
    body = dashboard["DashboardBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    return json.loads("".join(part if isinstance(part, str) else re.sub(r"\W", "", str(part)) for part in parts))
