"""Queues, and the rule that a dead-letter queue stands behind every asynchronous edge.

A message exists nowhere else, so queues stand in the stateful stack. A sender outside that stack is admitted by its
name: the queue's policy must not wait for a rule of the stateless stack.
"""

from dataclasses import dataclass, field

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.nag import acknowledge
from infra.config import Stage

# AWS asks for six times the function's timeout, so that a retry of a throttled batch never meets the first try.
VISIBILITY_FACTOR = 6
# A queue asks KMS for a new data key this often, at three cents for ten thousand requests.
DATA_KEY_LIFE = Duration.hours(1)


@dataclass(frozen=True)
class Reader:
    """Who reads a queue: how long one invocation may take, and after how many receives a message is given up."""

    timeout_s: int
    max_receives: int = 5


@dataclass
class DeadLetters:
    """Makes one dead-letter queue per edge and remembers them all, for the alarms and the stack outputs.

    `key` encrypts this stage's queues; None means SQS's own key.
    """

    scope: Construct
    stage: Stage
    key: kms.Key | None = None
    queues: dict[str, sqs.Queue] = field(default_factory=dict)

    def behind(self, edge: str) -> sqs.Queue:
        """The queue behind this edge (`send`, `scoring` …), made when first asked for."""
        if edge not in self.queues:
            queue = sqs.Queue(
                self.scope,
                f"{_pascal(edge)}Dlq",
                queue_name=f"{self.stage.prefix}-{edge}-dlq",
                retention_period=Duration.days(14),
                encryption=self._encryption,
                enforce_ssl=self.stage.tls_only,
            )
            self._use_key(queue)
            acknowledge(queue, "AwsSolutions-SQS3", f"It is the dead-letter queue behind {edge}.")
            self.queues[edge] = queue
        return self.queues[edge]

    def queue(self, scope: Construct, name: str, edge: str, reader: Reader) -> sqs.Queue:
        """A queue of work, with the dead-letter queue of `edge` behind it."""
        queue = sqs.Queue(
            scope,
            f"{_pascal(name)}Queue",
            queue_name=f"{self.stage.prefix}-{name}",
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * reader.timeout_s),
            retention_period=Duration.days(4),
            encryption=self._encryption,
            enforce_ssl=self.stage.tls_only,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.behind(edge), max_receive_count=reader.max_receives),
        )
        self._use_key(queue)
        return queue

    def admit_rule(self, edge: str, rule: str) -> None:
        """Let EventBridge put behind `edge` what the target of this rule does not take.

        `rule` is `RULE` on the default bus and `BUS/RULE` on another one.
        """
        queue = self.behind(edge)
        arn = Stack.of(self.scope).format_arn(service="events", resource="rule", resource_name=rule)
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RuleOfThisStage",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": arn}},
            )
        )

    @property
    def _encryption(self) -> sqs.QueueEncryption | None:
        return None if self.key else sqs.QueueEncryption.SQS_MANAGED

    def _use_key(self, queue: sqs.Queue) -> None:
        """On the resource itself: the construct would let a subscription write the topic into the key's policy, and
        then topic and key would each wait for the other."""
        if self.key is None:
            return
        resource = queue.node.default_child
        assert isinstance(resource, sqs.CfnQueue)  # noqa: S101  (it is what an sqs.Queue is made of)
        resource.kms_master_key_id = self.key.key_arn
        resource.kms_data_key_reuse_period_seconds = DATA_KEY_LIFE.to_seconds()

    def outputs(self) -> dict[str, str]:
        return {f"Dlq{_pascal(edge)}Url": queue.queue_url for edge, queue in self.queues.items()}


def for_rule(scope: Construct, queue: sqs.Queue) -> sqs.IQueue:
    """The dead-letter queue as a rule's target takes it: without the construct, which would write the rule's ARN into
    the queue's policy, and so make the stateful stack wait for the stateless one. `DeadLetters.admit_rule` does it."""
    return sqs.Queue.from_queue_arn(scope, "DeadLetters", queue.queue_arn)


def may_send(queue: sqs.IQueue) -> iam.PolicyStatement:
    """Allows SendMessageBatch too: IAM knows no action of that name."""
    return iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])


def may_count(queue: sqs.IQueue) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["sqs:GetQueueAttributes"], resources=[queue.queue_arn])


def may_consume(queue: sqs.IQueue) -> iam.PolicyStatement:
    """What an event source mapping needs; ChangeMessageVisibility also lets the function defer a message."""
    actions = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"]
    return iam.PolicyStatement(actions=[f"sqs:{action}" for action in actions], resources=[queue.queue_arn])


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
