"""Mail out and its echo back: the send queue, and SES → SNS → SQS for what became of each mail."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.queues import DeadLetters, build_queue
from infra.components.storage import removal
from infra.config import Stage

# Of the ten types that email_events understands, SUBSCRIPTION is left out: SES list management is not used. So is SEND:
# SES's answer says the same, one publish a mail cheaper; where the answer was lost, a delivery, bounce or delay tells.
EVENTS = (
    ses.EmailSendingEvent.REJECT,
    ses.EmailSendingEvent.BOUNCE,
    ses.EmailSendingEvent.COMPLAINT,
    ses.EmailSendingEvent.DELIVERY,
    ses.EmailSendingEvent.OPEN,
    ses.EmailSendingEvent.CLICK,
    ses.EmailSendingEvent.RENDERING_FAILURE,
    ses.EmailSendingEvent.DELIVERY_DELAY,
)
# Past this a message goes to the dead-letter queue. Deferrals (pacing, SES throttling) count as receives, hence not 3.
MAX_RECEIVES = 8


def build_send_queue(scope: Construct, stage: Stage, sender: FunctionSpec, dead_letters: DeadLetters) -> sqs.Queue:
    return build_queue(
        scope,
        stage,
        "send",
        consumer_timeout_s=sender.size.timeout_s,
        dead_letters=dead_letters.behind(sender.edge),
        max_receives=MAX_RECEIVES,
    )


class MailEvents(Construct):
    """`queue` is what email_events reads; `configuration_set` is what every mail must be sent through."""

    def __init__(
        self, scope: Construct, stage: Stage, key: kms.Key, reader: FunctionSpec, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, "MailEvents")
        self.configuration_set = ses.ConfigurationSet(
            self,
            "ConfigurationSet",
            configuration_set_name=stage.prefix,
            reputation_metrics=True,
            # The account's suppression list is a second net under ours.
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
            tls_policy=ses.ConfigurationSetTlsPolicy.OPTIONAL,
        )
        self.topic = encrypted_topic(self, stage, "mail-events", key)
        self.queue = build_queue(
            self,
            stage,
            "events",
            consumer_timeout_s=reader.size.timeout_s,
            dead_letters=dead_letters.behind(reader.edge),
            max_receives=5,
        )
        self.topic.add_subscription(
            subscriptions.SqsSubscription(
                self.queue, raw_message_delivery=False, dead_letter_queue=dead_letters.behind("email-events-topic")
            )
        )
        self.configuration_set.add_event_destination(
            "ToTopic", destination=ses.EventDestination.sns_topic(self.topic), events=list(EVENTS)
        )


def encrypted_topic(scope: Construct, stage: Stage, name: str, key: kms.Key) -> sns.Topic:
    return sns.Topic(
        scope,
        "Topic",
        topic_name=f"{stage.prefix}-{name}",
        master_key=key,
        enforce_ssl=stage.tls_only,
    )


def build_topic_key(scope: Construct, stage: Stage) -> kms.Key:
    """AWS's own key for SNS cannot be used by SES or CloudWatch, so topics get a key that names them as publishers."""
    key = kms.Key(
        scope,
        "TopicKey",
        alias=f"alias/{stage.prefix}-topics",
        description="Encrypts SES events and alarms in SNS.",
        enable_key_rotation=True,
        removal_policy=removal(stage),
    )
    for service in ("ses", "cloudwatch"):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                # In a key's own policy, "*" means this key.
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
            )
        )
    return key
