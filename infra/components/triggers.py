"""What polls a queue or the table's stream for a function. Each reports partial failures and goes through the alias."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.components.functions import SodateFunction
from infra.components.nag import acknowledge
from infra.components.permissions import may_read_stream
from infra.components.queues import may_consume, may_send
from infra.config import Stage

Mapped = lambda_.CfnEventSourceMapping
PARTIAL_FAILURES = ["ReportBatchItemFailures"]


def read_queue(
    function: SodateFunction, queue: sqs.Queue, *, batch_size: int = 10, window_s: int = 0, at_once: int | None = None
) -> None:
    """`at_once` bounds how many run. A reservation alone would let messages be received, refused and given up."""
    function.allow(may_consume(queue))
    Mapped(
        function,
        "FromQueue",
        function_name=function.alias.function_arn,
        event_source_arn=queue.queue_arn,
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window_s,
        function_response_types=PARTIAL_FAILURES,
        scaling_config=Mapped.ScalingConfigProperty(maximum_concurrency=at_once) if at_once else None,
    )


def read_stream(
    stage: Stage, function: SodateFunction, table: dynamodb.Table, *, filters: Sequence[Mapping[str, Any]]
) -> None:
    """A poison record is cut out of its batch and parked after bounded retries, or it blocks its shard for a day."""
    function.allow(*may_read_stream(table), may_send(function.dead_letters))
    acknowledge(function.role, "AwsSolutions-IAM5[Resource::*]", "dynamodb:ListStreams knows no resource.")
    Mapped(
        function,
        "FromStream",
        function_name=function.alias.function_arn,
        event_source_arn=table.table_stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=stage.stream.batch_size,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=stage.stream.retries,
        maximum_record_age_in_seconds=stage.stream.max_age_s,
        function_response_types=PARTIAL_FAILURES,
        filter_criteria=Mapped.FilterCriteriaProperty(
            filters=[Mapped.FilterProperty(pattern=json.dumps(pattern)) for pattern in filters]
        ),
        destination_config=Mapped.DestinationConfigProperty(
            on_failure=Mapped.OnFailureProperty(destination=function.dead_letters.queue_arn)
        ),
    )


def written(*kinds: str, events: Sequence[str] = ("INSERT", "MODIFY")) -> dict[str, Any]:
    """A stream filter: these event names, and one of these kinds in the new image."""
    return {"eventName": list(events), "dynamodb": {"NewImage": {"kind": {"S": list(kinds)}}}}


def segment_changes() -> dict[str, Any]:
    """Activities to publish: segments entered and left. Every other activity must not start the function."""
    found = written("activity", events=["INSERT"])
    found["dynamodb"]["NewImage"]["type"] = {"S": ["segment_entered", "segment_left"]}
    return found


def settled_sends(stage: Stage) -> dict[str, Any]:
    """Sends to publish: planned transactional emails, failures, and deliveries if the stage announces them.

    The routine states of millions of mails must not start a function. (`sodate.outbox.events` decides finally.)
    """
    states = ["planned", "skipped", "failed", "unknown", "rejected", "bounced", "complained"]
    wanted = [*states, "delivered"] if stage.announce_routine else states
    found = written("send")
    found["dynamodb"]["NewImage"]["state"] = {"S": wanted}
    return found
