"""Queues, and the rule that a dead-letter queue stands behind every asynchronous edge."""

from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.nag import acknowledge
from infra.config import Stage

# AWS asks for six times the function's timeout, so that a retry of a throttled batch never meets the first try.
VISIBILITY_FACTOR = 6


def build_queue(
    scope: Construct, stage: Stage, name: str, *, consumer_timeout_s: int, dead_letters: sqs.IQueue, max_receives: int
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        f"{_pascal(name)}Queue",
        queue_name=f"{stage.prefix}-{name}",
        visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * consumer_timeout_s),
        retention_period=Duration.days(4),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=max_receives),
    )


@dataclass
class DeadLetters:
    """Makes one dead-letter queue per edge and remembers them all, for the alarms and the stack outputs."""

    scope: Construct
    stage: Stage
    queues: dict[str, sqs.Queue] = field(default_factory=dict)

    def behind(self, edge: str) -> sqs.Queue:
        """The queue behind this edge (`send`, `scoring` …), made when first asked for."""
        if edge not in self.queues:
            queue = sqs.Queue(
                self.scope,
                f"{_pascal(edge)}Dlq",
                queue_name=f"{self.stage.prefix}-{edge}-dlq",
                retention_period=Duration.days(14),
                encryption=sqs.QueueEncryption.SQS_MANAGED,
                enforce_ssl=self.stage.tls_only,
            )
            acknowledge(queue, "AwsSolutions-SQS3", f"It is the dead-letter queue behind {edge}.")
            self.queues[edge] = queue
        return self.queues[edge]

    def outputs(self) -> dict[str, str]:
        return {f"Dlq{_pascal(edge)}Url": queue.queue_url for edge, queue in self.queues.items()}


def may_send(queue: sqs.IQueue) -> iam.PolicyStatement:
    """Allows SendMessageBatch too: IAM knows no action of that name."""
    return iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])


def may_consume(queue: sqs.IQueue) -> iam.PolicyStatement:
    """What an event source mapping needs; ChangeMessageVisibility also lets the function defer a message."""
    actions = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"]
    return iam.PolicyStatement(actions=[f"sqs:{action}" for action in actions], resources=[queue.queue_arn])


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
