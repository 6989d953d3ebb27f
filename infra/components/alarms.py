"""What wakes somebody up. Every alarm speaks on one topic; an empty metric is good news, except where silence is not.

A topic policy replaces the one that SNS gives by itself, so CloudWatch must be named in it, and in the topic's key.
"""

from collections.abc import Collection, Iterable, Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarm_table import METRIC_ALARMS
from infra.components.email import encrypted_topic
from infra.components.functions import SodateFunction
from infra.components.key import alarm_arns
from infra.components.metrics import MINUTE, alarm_metric, api_metric, business_metric, reputation_metric
from infra.components.queues import DeadLetters
from infra.config import Stage

# SES puts an account under review at 5 % bounces and 0.1 % complaints; half of that leaves time to act.
BOUNCE_RATE, COMPLAINT_RATE = 0.025, 0.0005
FIVE_MINUTES = Duration.minutes(5)
# Of the sends that left within a quarter of an hour; fewer than five failures say nothing about a share.
FAILED_SHARE, FAILED_AT_LEAST = 5, 5
REFUSED_SHARE, REFUSED_OF_AT_LEAST = 50, 100
# Of the requests that the throttle of the stage lets through in a minute.
NEAR_THROTTLE = 0.8


class AlarmTopic(Construct):
    """Where alarms go, and who hears them: a subscription that somebody confirmed is kept with the data."""

    def __init__(self, scope: Construct, stage: Stage, key: kms.Key) -> None:
        super().__init__(scope, "AlarmTopic")
        self._stage = stage
        self.topic = encrypted_topic(self, stage, "alarms", key)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisStage",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
                    "ArnLike": {"aws:SourceArn": alarm_arns(Stack.of(self), stage)},
                },
            )
        )

    def mail_to_ops(self, dead_letters: DeadLetters) -> None:
        if self._stage.alarm_email:
            self.topic.add_subscription(
                subscriptions.EmailSubscription(
                    self._stage.alarm_email, dead_letter_queue=dead_letters.behind("alarm-mail")
                )
            )


class Alarms(Construct):
    def __init__(self, scope: Construct, stage: Stage, topic: sns.ITopic) -> None:
        super().__init__(scope, "Alarms")
        self._stage, self._topic = stage, topic
        self.all: list[cloudwatch.Alarm] = []

    def on_dead_letters(self, queues: Mapping[str, sqs.Queue]) -> None:
        for edge, queue in queues.items():
            metric = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
            self._raise(
                f"{edge}-dlq-not-empty", metric, 1, f"Something was given up behind {edge}; read, then redrive."
            )

    def on_errors(self, functions: Iterable[SodateFunction]) -> None:
        """An error of any function; and of those that somebody waits for, a call that Lambda refused. Elsewhere a
        refused call waits, and the age of its queue, the lag of its stream or a schedule that does not run tells."""
        for one in functions:
            metric = one.function.metric_errors(period=FIVE_MINUTES, statistic="Sum")
            self._raise(f"{one.spec.dashed}-errors", metric, 1, f"{one.spec.name} raised; its log says what.")
            if one.spec.synchronous:
                throttles = one.function.metric_throttles(period=FIVE_MINUTES, statistic="Sum")
                why = f"Lambda refused calls of {one.spec.name}: the account's concurrency is used up."
                self._raise(f"{one.spec.dashed}-throttled", throttles, 1, why)

    def on_schedules(self, schedules: Iterable[tuple[SodateFunction, Duration]]) -> None:
        """A tick that does not come is silence everywhere else, so here missing data is what rings."""
        for one, interval in schedules:
            period, periods = _silence_of(interval)
            started = one.function.metric_invocations(period=period, statistic="Sum")
            why = f"{one.spec.name} has not been started: its rule is off, or Lambda refuses it."
            self._raise(f"{one.spec.dashed}-not-running", started, 1, why, periods, silent=True)

    def on_business_metrics(self, functions: Collection[str]) -> None:
        """Of the functions that the stage has."""
        for entry in METRIC_ALARMS:
            for function in (one for one in entry.functions if one in functions):
                name = entry.name if len(entry.functions) == 1 else f"{entry.name}-{function.replace('_', '-')}"
                metric = alarm_metric(self._stage, entry, function)
                self._raise(name, metric, entry.threshold, entry.means, entry.periods)
        if self._stage.metric_math:
            self._on_failed_share()

    def _on_failed_share(self) -> None:
        quarter = Duration.minutes(15)
        failed = business_metric(self._stage, "SendsFailed", "email_sender", quarter)
        handed = business_metric(self._stage, "EmailsDispatched", "step_mail_dispatch", quarter)
        share = cloudwatch.MathExpression(
            # `handed` reports nothing while nothing is due, and a share of nothing would be no data: no alarm.
            expression=f"IF(failed >= {FAILED_AT_LEAST}, "
            "100 * failed / IF(FILL(handed, 0) > failed, FILL(handed, 0), failed), 0)",
            using_metrics={"failed": failed, "handed": handed},
            period=quarter,
            label="failed sends, %",
        )
        why = f"{FAILED_SHARE} % or more of the sends of the last quarter of an hour failed."
        self._raise("sends-failed-share", share, FAILED_SHARE, why)

    def on_late_work(self, queues: Mapping[str, sqs.Queue], readers: Iterable[SodateFunction]) -> None:
        for name, queue in queues.items():
            age = queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
            self._raise(f"{name}-queue-age", age, 1800, f"A message has waited half an hour in the queue {name}.")
        for one in readers:
            lag = one.function.metric("IteratorAge", period=FIVE_MINUTES, statistic="Maximum")
            self._raise(f"{one.spec.dashed}-lag", lag, 600_000, f"{one.spec.name} is ten minutes behind the table.")

    def on_api(self, api: apigateway.HttpApi) -> None:
        errors, answers, refused = (api_metric(api, name, FIVE_MINUTES) for name in ("5xx", "Count", "4xx"))
        self._raise("api-5xx", errors, 5, "Posts or links are answered with an error of ours.")
        near = NEAR_THROTTLE * self._stage.throttle.requests_per_second * MINUTE
        requests = api_metric(api, "Count", Duration.minutes(1))
        self._raise("api-near-throttle", requests, near, "A minute near the throttle: soon posts are answered 429.")
        if self._stage.metric_math:
            share = cloudwatch.MathExpression(
                expression=f"IF(requests >= {REFUSED_OF_AT_LEAST}, 100 * refused / requests, 0)",
                using_metrics={"requests": answers, "refused": refused},
                period=FIVE_MINUTES,
                label="refused requests, %",
            )
            why = "Half of all requests are refused: throttled (429), a scanner, or a website that posts wrongly."
            self._raise("api-4xx-share", share, REFUSED_SHARE, why, 2)

    def on_reputation(self) -> None:
        for name, metric_name, limit in (
            ("bounce-rate", "BounceRate", BOUNCE_RATE),
            ("complaint-rate", "ComplaintRate", COMPLAINT_RATE),
        ):
            why = f"SES {metric_name} is at half of where AWS reviews the account."
            self._raise(name, reputation_metric(metric_name), limit, why)

    def _raise(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: str,
        periods: int = 1,
        *,
        silent: bool = False,
    ) -> None:
        """`silent`: rings when the metric stays below the threshold or does not come at all."""
        over, under = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        )
        missing = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._stage.prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=under if silent else over,
            evaluation_periods=periods,
            treat_missing_data=missing.BREACHING if silent else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        self.all.append(alarm)


def _silence_of(interval: Duration) -> tuple[Duration, int]:
    """After how many empty periods a schedule counts as stopped: ten minutes for one that ticks every minute, a quarter
    of an hour for every five, thirty hours for a daily one."""
    seconds = int(interval.to_seconds())
    period = FIVE_MINUTES if seconds <= 60 * MINUTE else Duration.hours(1)
    spans = seconds // int(period.to_seconds())
    return period, spans + (2 if period is FIVE_MINUTES else 6)
