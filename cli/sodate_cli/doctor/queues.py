"""What waits and what was given up: dead letters, the age of the oldest message, and SES's way to the events queue."""

from collections.abc import Mapping
from datetime import timedelta

from sodate_cli.doctor.alarms import key_problems
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, judged, listed, ok
from sodate_cli.doctor.policy import service_may

_AGE_WARNING_S, _AGE_FAILURE_S = 600, 1800


_QUEUES = ("send", "events", "score-replay", "lead-import")


def dead_letters(d: Deployment) -> Result:
    queues = {
        name.removeprefix("Dlq").removesuffix("Url"): url
        for name, url in sorted(d.outputs.items())
        if name[:3] == "Dlq"
    }
    counts = {edge: _waiting(d, url) for edge, url in queues.items()}
    full = [f"{edge}: {count} given up" for edge, count in counts.items() if count]
    if not queues:
        return failed("the stack names no dead-letter queue", d.redeploy)
    return judged(
        full,
        f"{len(queues)} dead-letter queues are empty",
        f"read the reasons with `sodate dlq list --stage {d.stage}`, mend the cause, then redrive",
    )


def _waiting(d: Deployment, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = d.clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found.get(name, 0)) for name in names)


def queue_ages(d: Deployment) -> Result:
    """CloudWatch's maximum of the last quarter of an hour."""
    ages = {queue: _age(d, queue) for queue in source_queues(d)}
    late = {queue: age for queue, age in ages.items() if age >= _AGE_WARNING_S}
    if not late:
        return ok(f"nothing waits longer than {_AGE_WARNING_S // 60} minutes in {listed(ages)}")
    detail = listed((f"{queue}: the oldest message waits {age / 60:.0f} minutes" for queue, age in late.items()), "\n")
    verdict = Verdict.FAILED if max(late.values()) >= _AGE_FAILURE_S else Verdict.WARNING
    return Result(verdict, detail, "look at the checks `triggers` and `sending`, and at the log of the function behind")


def source_queues(d: Deployment) -> list[str]:
    return [f"{d.prefix}-{name}" for name in (*_QUEUES, *(("inbound-email",) if d.receives else ()))]


def _age(d: Deployment, queue: str) -> float:
    now = d.machine_now()
    answer = d.clients("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )
    return max((float(point["Maximum"]) for point in answer["Datapoints"]), default=0.0)


def event_topic(d: Deployment) -> Result:
    """SES → topic → queue: each may do its part, and the subscription is confirmed."""
    arn, sns = d.output("EventsTopicArn"), d.clients("sns")
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    problems = []
    if not service_may(found.get("Policy"), "ses", "sns:Publish", d.account):
        problems.append("the policy of the topic of mail events does not let SES publish")
    problems += key_problems(d, found.get("KmsMasterKeyId"), "ses", "the topic of mail events")
    url = d.clients("sqs").get_queue_url(QueueName=f"{d.prefix}-events")["QueueUrl"]
    names = ["QueueArn", "Policy", "KmsMasterKeyId"]
    queue = d.clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    if not service_may(queue.get("Policy"), "sns", "sqs:SendMessage", d.account):
        problems.append("the policy of the events queue does not let SNS send to it")
    problems += key_problems(d, queue.get("KmsMasterKeyId"), "sns", "the events queue")
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    subscriptions = [one for page in pages for one in page["Subscriptions"]]
    if not any(_is_ours(one, queue["QueueArn"]) for one in subscriptions):
        problems.append("the events queue is not subscribed to the topic of mail events")
    return judged(problems, "SES may publish events, and the events queue receives them", d.redeploy)


def _is_ours(subscription: Mapping[str, str], queue_arn: str) -> bool:
    return subscription["Endpoint"] == queue_arn and subscription["SubscriptionArn"].startswith("arn:")


CHECKS = (
    Check("dead-letters", dead_letters),
    Check("queue-ages", queue_ages, needs_aws="the local cloud measures no age of messages"),
    Check("event-topic", event_topic),
)
