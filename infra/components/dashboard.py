"""One page that shows a stage: its alarms, what it sends, how late it is, what it could not do, what forms answer.

An account has three dashboards of up to fifty metrics free of charge; this one stays below fifty.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.alarms import BOUNCE_RATE, COMPLAINT_RATE
from infra.components.metrics import api_metric, business_metric, reputation_metric, ses_metric
from infra.config import Stage

FIVE_MINUTES = Duration.minutes(5)
HALF, FULL = 12, 24
ALARMS_A_WIDGET = 80


def build_dashboard(
    scope: Construct,
    stage: Stage,
    *,
    alarms: Sequence[cloudwatch.IAlarm],
    api: apigateway.HttpApi,
    queues: Mapping[str, sqs.Queue],
    dead_letters: Mapping[str, sqs.Queue],
) -> cloudwatch.Dashboard:
    def counted(name: str, function: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return business_metric(stage, name, function, FIVE_MINUTES, statistic).with_(label=f"{name} ({function})")

    ages = [
        queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum", label=name)
        for name, queue in queues.items()
    ]
    given_up = [
        queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum", label=edge)
        for edge, queue in dead_letters.items()
    ]
    sends = [
        counted("EmailsDispatched", "step_mail_dispatch"),
        counted("SendsFailed", "email_sender"),
        counted("SendsUnknown", "send_sweeper"),
        counted("SendsAgain", "send_sweeper"),
    ]
    lateness = [
        counted("LateMinutes", "step_mail_dispatch", "Maximum"),
        counted("SendingOnHold", "step_mail_dispatch"),
        counted("CircuitOpened", "email_sender"),
    ]
    forms = [
        *(api_metric(api, name, FIVE_MINUTES) for name in ("Count", "4xx", "5xx")),
        counted("QuarantinedSubmissions", "form_capture"),
        counted("TransactionalDeferred", "form_capture"),
    ]
    outcomes = [ses_metric(name, FIVE_MINUTES) for name in ("Send", "Delivery", "Bounce", "Complaint", "Reject")]
    reputation = cloudwatch.GraphWidget(
        title="SES reputation of the account (lines: where the alarms ring)",
        width=HALF,
        left=[reputation_metric("BounceRate")],
        right=[reputation_metric("ComplaintRate")],
        left_annotations=[cloudwatch.HorizontalAnnotation(value=BOUNCE_RATE)],
        right_annotations=[cloudwatch.HorizontalAnnotation(value=COMPLAINT_RATE)],
    )
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=stage.prefix,
        default_interval=Duration.days(1),
        widgets=[
            *([widget] for widget in _alarms(alarms)),
            [_graph("Sends", sends), _graph("What became of them (SES, whole account)", outcomes)],
            [_graph("Lateness, minutes; ticks on hold; circuit breaker", lateness), reputation],
            [_graph("Oldest message in a queue, seconds", ages), _graph("Dead letters", given_up)],
            [
                _graph("What forms and links answer", forms),
                _graph("Latency of the API, ms", [api_metric(api, "Latency", FIVE_MINUTES, "p95")]),
            ],
        ],
    )


def _alarms(alarms: Sequence[cloudwatch.IAlarm]) -> list[cloudwatch.AlarmStatusWidget]:
    """A widget shows a hundred alarms at most."""
    parts = [list(alarms[first : first + ALARMS_A_WIDGET]) for first in range(0, len(alarms), ALARMS_A_WIDGET)]
    return [
        cloudwatch.AlarmStatusWidget(title=f"Alarms, {n} of {len(parts)}", width=FULL, height=5, alarms=part)
        for n, part in enumerate(parts, 1)
    ]


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    axis = cloudwatch.YAxisProps(min=0)
    return cloudwatch.GraphWidget(title=title, width=HALF, left=list(metrics), left_y_axis=axis)
