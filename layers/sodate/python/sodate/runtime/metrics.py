"""Business metrics as embedded metric format: one log line, no API call, and only when there is something to say."""

from functools import cache

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit


@cache
def _metrics() -> Metrics:
    return Metrics(namespace="Sodate")


def count(name: str, value: float) -> None:
    metrics = _metrics()
    metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()
