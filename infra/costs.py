"""What a stage costs while nothing happens, counted from its templates by list prices (us-east-1, 2026-11).

`python -m infra.costs cdk.out/Sodate-prod-*.template.json` prints the table of docs/operations/cost.md; a test compares
the two. Free tiers are not counted, since an account has them once, except for dashboards, where they decide.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOURS = 730  # of a month, as AWS counts
ALARM_METRIC, SECRET, KEY = 0.10, 0.40, 1.00
LAMBDA_REQUESTS, LAMBDA_GB_SECONDS = 0.20 / 1e6, 0.0000133334  # arm64
READ_UNITS, SQS_REQUESTS, LOG_GB, KMS_REQUESTS = 0.125 / 1e6, 0.40 / 1e6, 0.50, 0.03 / 1e4
#: What a tick without work takes: `make bench` counts the reads, the rest is read off a real log.
TICK_SECONDS, TICK_READ_UNITS, TICK_LOG_BYTES = 0.1, 4.5, 350
#: Lambda asks an idle queue with five connections, each waiting for twenty seconds.
POLLS_A_MINUTE = 15
#: A function asks KMS for the table's key once in five minutes while it runs.
KEY_REQUESTS_AN_HOUR = 12


@dataclass(frozen=True)
class Line:
    what: str
    count: str
    price: str
    monthly: float

    def __str__(self) -> str:
        return f"| {self.what} | {self.count} | {self.price} | ${self.monthly:.2f} |"


def idle(template: Mapping[str, Any]) -> list[Line]:
    """One line per kind of cost."""
    metrics = sum(_metrics_of(alarm) for alarm in _all(template, "AWS::CloudWatch::Alarm"))
    secrets, keys = (len(list(_all(template, kind))) for kind in ("AWS::SecretsManager::Secret", "AWS::KMS::Key"))
    ticks = list(_ticks(template))
    runs = sum(count for count, _ in ticks)
    seconds = sum(count * memory / 1024 * TICK_SECONDS for count, memory in ticks)
    queues = [m for m in _all(template, "AWS::Lambda::EventSourceMapping") if "StartingPosition" not in m]
    polls = len(queues) * POLLS_A_MINUTE * 60 * HOURS
    own_key = any("KMSMasterKeyId" in t.get("SSESpecification", {}) for t in _all(template, "AWS::DynamoDB::Table"))
    asked = len([1 for count, _ in ticks if count >= HOURS]) * KEY_REQUESTS_AN_HOUR * HOURS if own_key else 0
    reads = runs * TICK_READ_UNITS
    return [
        Line("metrics in alarms", f"{metrics}", "$0.10", metrics * ALARM_METRIC),
        Line("secrets", f"{secrets}", "$0.40", secrets * SECRET),
        Line("KMS keys", f"{keys}", "$1.00", keys * KEY),
        Line("dashboard, up to 50 metrics", "1", "three are free, then $3.00", 0.0),
        Line("scheduled invocations", f"{runs:,}", "$0.20 a million", runs * LAMBDA_REQUESTS),
        Line("their time, GB-seconds", f"{seconds:,.0f}", "$0.0133 a thousand", seconds * LAMBDA_GB_SECONDS),
        Line("their reads, units", f"{reads:,.0f}", "$0.125 a million", reads * READ_UNITS),
        Line(
            "their log lines, MB",
            f"{runs * TICK_LOG_BYTES / 1e6:.0f}",
            "$0.50 a GB",
            runs * TICK_LOG_BYTES / 1e9 * LOG_GB,
        ),
        Line(f"polling of {len(queues)} queues", f"{polls:,}", "$0.40 a million", polls * SQS_REQUESTS),
        Line("requests to KMS", f"{asked:,}", "$0.03 for ten thousand", asked * KMS_REQUESTS),
    ]


def table(template: Mapping[str, Any]) -> str:
    lines = idle(template)
    total = sum(line.monthly for line in lines)
    head = "| what | how many a month | list price | a month |\n|---|---|---|---|\n"
    return head + "\n".join(map(str, lines)) + f"\n| **together** | | | **${total:.2f}** |\n"


def _all(template: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == kind:
            yield resource["Properties"]


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """CloudWatch bills each metric of an alarm that computes."""
    return len([m for m in alarm["Metrics"] if "MetricStat" in m]) if "Metrics" in alarm else 1


def _ticks(template: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Per schedule: runs a month, and the function's memory."""
    for rule in _all(template, "AWS::Events::Rule"):
        rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", rule.get("ScheduleExpression", ""))
        if rate:
            minutes = int(rate[1]) * {"minute": 1, "hour": 60, "day": 24 * 60}[rate[2]]
            for target in rule["Targets"]:
                alias = template["Resources"][target["Arn"]["Ref"]]["Properties"]
                function = template["Resources"][alias["FunctionName"]["Ref"]]["Properties"]
                yield HOURS * 60 // minutes, function["MemorySize"]


if __name__ == "__main__":
    parts = [json.loads(Path(name).read_text(encoding="utf-8"))["Resources"] for name in sys.argv[1:]]
    sys.stdout.write(table({"Resources": {key: value for part in parts for key, value in part.items()}}))
