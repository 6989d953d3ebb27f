"""Email out and what SES reports of it: the send queue, and SES → SNS → SQS for what became of each email."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.catalog import FunctionSpec
from infra.components.queues import DeadLetters, Reader
from infra.config import Stage

# Of the ten types that email_events understands, SUBSCRIPTION is left out: SES list management is not used. So is SEND:
# SES's answer says the same, one publish cheaper; where the answer was lost, a delivery, bounce or delay tells.
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


def build_send_queue(scope: Construct, sender: FunctionSpec, dead_letters: DeadLetters) -> sqs.Queue:
    return dead_letters.queue(scope, "send", sender.edge, Reader(sender.size.timeout_s, MAX_RECEIVES))


class EmailEvents(Construct):
    """`queue` is what email_events reads; `configuration_set` is what every email must be sent through."""

    def __init__(
        self, scope: Construct, stage: Stage, key: kms.Key, reader: FunctionSpec, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, "EmailEvents")
        self.configuration_set = ses.ConfigurationSet(
            self,
            "ConfigurationSet",
            configuration_set_name=stage.prefix,
            reputation_metrics=True,
            # The account's suppression list is a second net under ours.
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
            tls_policy=ses.ConfigurationSetTlsPolicy.OPTIONAL,
        )
        self.topic = encrypted_topic(self, stage, "email-events", key)
        self.queue = dead_letters.queue(self, "events", reader.edge, Reader(reader.size.timeout_s))
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
