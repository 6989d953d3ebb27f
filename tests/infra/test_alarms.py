"""Which metric wakes somebody up: every one that our code counts, under the dimensions with which it is reported."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from sodate.runtime.metrics import Metric

from infra.alarm_table import METRIC_ALARMS, NO_ALARM, READERS_OF_DEFINITIONS
from infra.catalog import FUNCTIONS
from tests.infra.conftest import FIGURES

ROOT = Path(__file__).resolve().parents[2]
#: CloudWatch bills and evaluates at most ten metrics in one alarm.
MOST_IN_ONE = 10


def test_every_metric_has_an_alarm_or_a_written_reason_and_no_other_name_is_watched() -> None:
    watched = {entry.metric for entry in METRIC_ALARMS}
    unheard = {metric.value for metric in Metric} - watched - set(NO_ALARM)
    FIGURES.append(f"metrics counted in code without an alarm or a written reason: {len(unheard)} of {len(Metric)}")
    assert watched | set(NO_ALARM) == {metric.value for metric in Metric}
    assert not watched & set(NO_ALARM)
    assert all(len(reason) >= 40 for reason in NO_ALARM.values())


def test_every_entry_of_the_table_is_an_alarm_on_exactly_what_the_function_reports(stack: Any) -> None:
    alarms = _by_metric(stack)
    for entry in METRIC_ALARMS:
        for function in _there(stack, entry.functions):
            reported = stack.functions()[function]["Environment"]["Variables"]
            dimensions = {"service": reported["POWERTOOLS_SERVICE_NAME"], "stage": reported["SODATE_STAGE"]}
            alarm = alarms[entry.metric, dimensions["service"], dimensions["stage"]]
            assert (alarm["Namespace"], alarm["Statistic"]) == ("Sodate", entry.statistic)
            assert (alarm["Threshold"], alarm["Period"]) == (entry.threshold, entry.minutes * 60)
            assert alarm["EvaluationPeriods"] == entry.periods
            assert alarm["AlarmDescription"] == entry.means
    assert len(alarms) == sum(len(_there(stack, e.functions)) for e in METRIC_ALARMS), "an alarm beside the table"


def test_the_functions_of_an_entry_are_those_that_count_it() -> None:
    """What handlers count themselves; what a room counts is counted in the name of the function that called it."""
    table = {(entry.metric, function) for entry in METRIC_ALARMS for function in entry.functions}
    counted = {(metric, path.parent.name) for path in _handlers() for metric in _counted_in(path)}
    assert counted, "the scan finds no handler that counts"
    assert not {pair for pair in counted - table if pair[0] not in NO_ALARM}


def test_every_metric_is_counted_somewhere_and_by_the_functions_whose_alarm_waits_for_it() -> None:
    in_rooms = {m.name for m in Metric for path in _rooms() if f"Metric.{m.name}" in path.read_text()}
    counted = {(metric, path.parent.name) for path in _handlers() for metric in _counted_in(path)}
    by_handlers = {metric for metric, _ in counted}
    assert {m.name for m in Metric if m.value not in by_handlers and m.name not in in_rooms} == set()
    waiting = {(e.metric, function) for e in METRIC_ALARMS for function in e.functions}
    assert {pair for pair in waiting - counted if Metric(pair[0]).name not in in_rooms} == set()


def test_every_function_that_reads_definitions_is_watched_for_one_that_it_cannot_read() -> None:
    """`sales_notifier` reads them for its caller."""
    texts = {path.parent.name: path.read_text() for path in _handlers()}
    reading = {name for name, text in texts.items() if "app.definitions" in text or "sales_notifier(app)" in text}
    assert reading == set(READERS_OF_DEFINITIONS)


def test_email_on_hold_rings_after_an_hour_of_ticks_and_late_email_after_ten_minutes(stack: Any) -> None:
    alarms = _by_metric(stack)
    on_hold = alarms["SendingOnHold", "step_mail_dispatch", stack.name]
    assert on_hold["Period"] * on_hold["EvaluationPeriods"] == 3600
    assert on_hold["Period"] >= 2 * 60, "the dispatcher ticks every minute, and a tick may be a little late"
    late = alarms["LateMinutes", "step_mail_dispatch", stack.name]
    assert late["Period"] * late["EvaluationPeriods"] == 600
    assert late["Statistic"] == "Maximum"


def test_every_schedule_rings_when_it_stops_and_only_silence_counts_as_trouble_there(stack: Any) -> None:
    silent = {
        stack.target_of(a["Dimensions"][0]["Value"]): a
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a["TreatMissingData"] == "breaching"
    }
    scheduled = {
        stack.function_behind(target["Arn"])["FunctionName"]: rule["ScheduleExpression"]
        for rule in stack.all("AWS::Events::Rule").values()
        for target in rule["Targets"]
        if "ScheduleExpression" in rule
    }
    functions = stack.functions()
    assert {f["FunctionName"] for f in functions.values() if f["Id"] in silent} == set(scheduled)
    for alarm in silent.values():
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    waits = {name: _span(silent[f["Id"]]) for name, f in functions.items() if f["Id"] in silent}
    assert waits == {
        "step_mail_dispatch": 600,
        "score_decay": 600,
        "kpi_rollup": 600,
        "sales_followup": 600,
        "send_sweeper": 900,
        "report_email": 1500,
        "suppression_sync": 30 * 3600,
        "privacy_review": 4200,
    }


def test_every_alarm_looks_back_no_further_than_cloudwatch_evaluates(stack: Any) -> None:
    """A day, or a week where a period is an hour or more (reference of PutMetricAlarm); else a deployment fails."""
    for alarm in stack.all("AWS::CloudWatch::Alarm").values():
        period = alarm.get("Period") or max(m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m)
        assert period % 60 == 0
        assert period * alarm["EvaluationPeriods"] <= (7 * 86_400 if period >= 3600 else 86_400)


def test_everywhere_else_an_empty_metric_is_good_news(stack: Any) -> None:
    others = [a for a in stack.all("AWS::CloudWatch::Alarm").values() if a["TreatMissingData"] != "breaching"]
    assert {a["TreatMissingData"] for a in others} == {"notBreaching"}
    assert {a["ComparisonOperator"] for a in others} == {"GreaterThanOrEqualToThreshold"}
    assert all(len(a["AlarmDescription"]) >= 30 for a in others)


def test_shares_of_failed_sends_and_of_refused_requests_ring(aws_stack: Any) -> None:
    shares = {a["AlarmName"]: a for a in aws_stack.all("AWS::CloudWatch::Alarm").values() if "Metrics" in a}
    assert set(shares) == {f"sodate-{aws_stack.name}-{name}" for name in ("sends-failed-share", "api-4xx-share")}
    failed = {m["Id"]: m for m in shares[f"sodate-{aws_stack.name}-sends-failed-share"]["Metrics"]}
    assert failed.keys() == {"expr_1", "failed", "handed"}
    for name, metric, service in (
        ("failed", "SendsFailed", "email_sender"),
        ("handed", "EmailsDispatched", "step_mail_dispatch"),
    ):
        found = failed[name]["MetricStat"]["Metric"]
        assert (found["Namespace"], found["MetricName"]) == ("Sodate", metric)
        assert _dimensions(found) == {"service": service, "stage": aws_stack.name}
    for alarm in shares.values():
        names = {m["Id"] for m in alarm["Metrics"] if "MetricStat" in m}
        (expression,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
        assert set(re.findall(r"\b[a-z]+\b", expression)) == names
        assert len(alarm["Metrics"]) <= MOST_IN_ONE


@pytest.mark.parametrize(("failed", "handed", "rings"), [(4, 4, False), (5, 100, True), (5, 101, False), (6, 0, True)])
def test_the_share_of_failed_sends_is_what_it_says(prod_stack: Any, failed: int, handed: int, rings: bool) -> None:
    """CloudWatch's expression, read as Python: IF(a, b, c) and FILL(x, 0) have the same arguments here."""
    (alarm,) = [a for a in prod_stack.all("AWS::CloudWatch::Alarm").values() if a["AlarmName"].endswith("failed-share")]
    (expression,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    names = {"IF": lambda a, b, c: b if a else c, "FILL": lambda x, _: x, "failed": failed, "handed": handed or 0.001}
    share = eval(compile(ast.parse(expression, mode="eval"), "alarm", "eval"), {}, names)  # noqa: S307
    assert (share >= alarm["Threshold"]) is rings


def test_the_api_is_watched_by_the_names_that_an_http_api_reports(stack: Any) -> None:
    (api,) = stack.all("AWS::ApiGatewayV2::Api")
    limits = {
        a["MetricName"]: a
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("Namespace") == "AWS/ApiGateway"
    }
    assert set(limits) == {"5xx", "Count"}
    for alarm in limits.values():
        ((dimension,)) = alarm["Dimensions"]
        assert (dimension["Name"], stack.target_of(dimension["Value"])) == ("ApiId", api)
    (stage,) = stack.all("AWS::ApiGatewayV2::Stage").values()
    per_minute = 60 * stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
    assert limits["Count"]["Period"] == 60
    assert 0.5 * per_minute < limits["Count"]["Threshold"] < per_minute


def test_functions_that_somebody_waits_for_ring_when_lambda_refuses_them(stack: Any) -> None:
    watched = {
        stack.target_of(a["Dimensions"][0]["Value"])
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("MetricName") == "Throttles"
    }
    assert watched == {stack.functions()[spec.name]["Id"] for spec in FUNCTIONS if spec.synchronous}


def test_every_queue_of_work_rings_when_a_message_grows_old(stack: Any) -> None:
    watched = {
        stack.target_of(a["Dimensions"][0]["Value"])
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("MetricName") == "ApproximateAgeOfOldestMessage"
    }
    assert watched == {k for k, q in stack.all("AWS::SQS::Queue").items() if not q["QueueName"].endswith("-dlq")}


def _by_metric(stack: Any) -> dict[tuple[str, str, str], Any]:
    found = {}
    for alarm in stack.all("AWS::CloudWatch::Alarm").values():
        if alarm.get("Namespace") == "Sodate":
            dimensions = _dimensions(alarm)
            assert set(dimensions) == {"service", "stage"}
            found[alarm["MetricName"], dimensions["service"], dimensions["stage"]] = alarm
    return found


def _dimensions(metric: Any) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}


def _span(alarm: Any) -> int:
    return int(alarm["Period"] * alarm["EvaluationPeriods"])


def _rooms() -> list[Path]:
    return [path for path in sorted((ROOT / "layers" / "sodate").rglob("*.py")) if path.name != "metrics.py"]


def _handlers() -> list[Path]:
    return sorted((ROOT / "functions").glob("*/handler.py"))


def _counted_in(path: Path) -> set[str]:
    """The metrics that a handler names: `Metric.SENDING_ON_HOLD` → "SendingOnHold"."""
    return {
        Metric[node.attr].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Metric"
    }


def _there(stack: Any, functions: tuple[str, ...]) -> list[str]:
    """`inbound_email` is there on a stage with a reply domain only."""
    return [name for name in functions if name in stack.functions()]
