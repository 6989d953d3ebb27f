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


#: Kinds of items whose changes change counters (`sodate.kpis.counted`).
COUNTED = ("activity", "score", "send", "session")
#: Activities that are neither counted, nor published, nor marks of something counted.
_QUIET_ACTIVITIES = (
    "mail_opened", "mail_clicked", "mail_bounced", "mail_complained", "segment_added", "segment_removed",
    "scenario_advanced", "score_adjusted", "contact_changed",
)  # fmt: skip


def activities() -> dict[str, Any]:
    """Activities to publish or to count. Opens and clicks must not start the function: their emails are counted."""
    found = written("activity")
    found["dynamodb"]["NewImage"]["type"] = {"S": [{"anything-but": list(_QUIET_ACTIVITIES)}]}
    return found


def sends() -> dict[str, Any]:
    """Every change of a send counts, but the beginning of an attempt. (`sodate.outbox.events` decides what is said.)"""
    found = written("send")
    found["dynamodb"]["NewImage"]["state"] = {"S": [{"anything-but": ["sending"]}]}
    return found


def removed(*kinds: str) -> dict[str, Any]:
    """Erased items of these kinds."""
    return {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"kind": {"S": list(kinds)}}}}
