"""The domain event bus, and which function listens to it."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.components.functions import SodateFunction
from infra.components.queues import for_rule
from infra.config import Stage

SOURCE = "sodate"
#: Detail type → the function that it starts.
LISTENERS = {"LeadBecameHot": "sales_handoff"}


def build_bus(scope: Construct, stage: Stage) -> events.EventBus:
    return events.EventBus(scope, "Bus", event_bus_name=stage.prefix)


def on_domain_event(stage: Stage, bus: events.EventBus, detail_type: str, function: SodateFunction) -> None:
    """EventBridge tries for a day, then Lambda for six hours; both end in the same dead-letter queue."""
    events.Rule(
        function,
        f"On{detail_type}",
        rule_name=f"{stage.prefix}-{function.spec.dashed}",
        description=f"{detail_type} goes to {function.spec.name}.",
        event_bus=bus,
        event_pattern=events.EventPattern(source=[SOURCE], detail_type=[detail_type]),
        targets=[
            targets.LambdaFunction(
                function.alias,
                dead_letter_queue=for_rule(function, function.dead_letters),
                retry_attempts=185,
                max_event_age=Duration.hours(24),
            )
        ],
    )
    function.when_invoked_asynchronously(retries=2, max_age=Duration.hours(6))
