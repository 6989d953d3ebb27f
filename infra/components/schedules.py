"""The clock's ticks. EventBridge rules, not Scheduler: they need no role, and functions read their own clock."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

from infra.components.functions import SodateFunction
from infra.components.queues import for_rule
from infra.config import Stage

#: How often each function that reads what is due runs.
SCHEDULES = {
    "step_mail_dispatch": Duration.minutes(1),
    "send_sweeper": Duration.minutes(5),
    "score_decay": Duration.minutes(1),
    "sales_followup": Duration.minutes(1),
    "kpi_rollup": Duration.minutes(1),
    "report_email": Duration.minutes(15),
    "suppression_sync": Duration.days(1),
    "privacy_review": Duration.hours(1),
}
#: Lambda keeps an asynchronous event for six hours at the most.
_LAMBDA_KEEPS_S = 6 * 3600


def run_every(stage: Stage, function: SodateFunction, interval: Duration) -> None:
    """A missed tick is not repeated: the next one does its work. It is seen in the dead-letter queue."""
    events.Rule(
        function,
        "Schedule",
        rule_name=f"{stage.prefix}-{function.spec.dashed}",
        description=f"Runs {function.spec.name}.",
        schedule=events.Schedule.rate(interval),
        targets=[
            targets.LambdaFunction(
                function.alias,
                dead_letter_queue=for_rule(function, function.dead_letters),
                retry_attempts=1,
                max_event_age=interval,
            )
        ],
    )
    longest = Duration.seconds(min(interval.to_seconds(), _LAMBDA_KEEPS_S))
    function.when_invoked_asynchronously(retries=0, max_age=longest)
