"""The metrics that alarms and the dashboard look at, each with the dimensions under which it is really reported."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.alarm_table import MetricAlarm
from infra.config import Stage

#: In seconds.
MINUTE = 60
NAMESPACE = "Sodate"


def business_metric(
    stage: Stage, name: str, function: str, period: Duration, statistic: str = "Sum"
) -> cloudwatch.Metric:
    """As `sodate.runtime.metrics` writes it: `service` is POWERTOOLS_SERVICE_NAME of the function that counts.

    Without a label: an alarm on a metric that has one becomes metric math.
    """
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": function, "stage": stage.name},
        statistic=statistic,
        period=period,
    )


def alarm_metric(stage: Stage, entry: MetricAlarm, function: str) -> cloudwatch.Metric:
    return business_metric(stage, entry.metric, function, Duration.minutes(entry.minutes), entry.statistic)


def api_metric(api: apigateway.HttpApi, name: str, period: Duration, statistic: str = "Sum") -> cloudwatch.Metric:
    """`4xx`, `5xx`, `Count` or `Latency`: an HTTP API's names are not those of a REST API."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiId": api.api_id},
        statistic=statistic,
        period=period,
    )


def reputation_metric(name: str) -> cloudwatch.Metric:
    """`BounceRate` or `ComplaintRate` of the whole account, as a share of one."""
    return cloudwatch.Metric(
        namespace="AWS/SES", metric_name=f"Reputation.{name}", statistic="Maximum", period=Duration.hours(1)
    )


def ses_metric(name: str, period: Duration) -> cloudwatch.Metric:
    """`Send`, `Delivery`, `Bounce`, `Complaint` or `Reject` of the whole account."""
    return cloudwatch.Metric(namespace="AWS/SES", metric_name=name, statistic="Sum", period=period)
