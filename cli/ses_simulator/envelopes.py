"""The wrappers in which SES events travel: an SNS notification, an SQS record of it, an EventBridge event."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ses_simulator.events import ACCOUNT_ID, REGION, Event, stamp

TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:sodate-local-ses-events"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:sodate-local-events"
VALIDATION_TEXT = "Successfully validated SNS topic for Amazon SES event publishing."

DETAIL_TYPES = {
    "Send": "Email Sent",
    "Delivery": "Email Delivered",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Reject": "Email Rejected",
    "Open": "Email Opened",
    "Click": "Email Clicked",
    "Rendering Failure": "Email Rendering Failed",
    "DeliveryDelay": "Email Delivery Delayed",
    "Subscription": "Email Subscribed",
}


def message_text(event: Event) -> str:
    """An event as SES hands it to SNS: one line of JSON and a line feed."""
    return json.dumps(event, ensure_ascii=False) + "\n"


def sns_notification(text: str, at: datetime, number: int = 0, topic_arn: str = TOPIC_ARN) -> dict[str, Any]:
    """An SNS notification as an SQS subscriber without raw delivery receives it.

    The same event published twice has two MessageIds (`number`), so that id is no key for deduplication.
    """
    mark = hashlib.sha256(f"{number}:{text}".encode()).hexdigest()
    return {
        "Type": "Notification",
        "MessageId": f"{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:32]}",
        "TopicArn": topic_arn,
        "Subject": "Amazon SES Email Event Notification",
        "Message": text,
        "Timestamp": stamp(at),
        "SignatureVersion": "1",
        "Signature": "c2ltdWxhdGVk",
        "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-simulated.pem",
        "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic_arn}:simulated",
    }


def sqs_event(bodies: Sequence[str], at: datetime, queue_arn: str = QUEUE_ARN) -> dict[str, Any]:
    """A Lambda event with one SQS record per body."""
    return {"Records": [_sqs_record(body, number, at, queue_arn) for number, body in enumerate(bodies, start=1)]}


def sqs_event_of(events: Sequence[Event], at: datetime) -> dict[str, Any]:
    """SES events → SNS → SQS → Lambda: what `email_events` is invoked with."""
    notifications = (sns_notification(message_text(event), at, number) for number, event in enumerate(events, start=1))
    return sqs_event([json.dumps(notification, ensure_ascii=False) for notification in notifications], at)


def _sqs_record(body: str, number: int, at: datetime, queue_arn: str) -> dict[str, Any]:
    sent = str(int(at.timestamp() * 1000))
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012d}",
        "receiptHandle": f"receipt-{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def eventbridge_event(event: Event, at: datetime, number: int = 0) -> dict[str, Any]:
    """The optional EventBridge transport (default bus, best effort); `detail` is the same record."""
    mark = hashlib.sha256(f"{number}:{json.dumps(event)}".encode()).hexdigest()
    return {
        "version": "0",
        "id": f"{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:32]}",
        "detail-type": DETAIL_TYPES[event["eventType"]],
        "source": "aws.ses",
        "account": ACCOUNT_ID,
        "time": stamp(at),
        "region": REGION,
        "resources": [
            f"arn:aws:ses:{REGION}:{ACCOUNT_ID}:configuration-set/{event['mail']['tags']['ses:configuration-set'][0]}"
        ],
        "detail": event,
    }
