"""What SES tells us, over encrypted ways; which keys rotate; and what wakes somebody up."""

from typing import Any

#: Not "send": SES's answer says it already.
EVENT_TYPES = {"reject", "bounce", "complaint", "delivery", "open", "click", "renderingFailure", "deliveryDelay"}


def test_ses_reports_the_event_types_that_tell_something_new(stack: Any) -> None:
    (destination,) = stack.all("AWS::SES::ConfigurationSetEventDestination").values()
    assert set(destination["EventDestination"]["MatchingEventTypes"]) == EVENT_TYPES
    assert stack.kind_of(destination["EventDestination"]["SnsDestination"]["TopicARN"]) == "AWS::SNS::Topic"


def test_only_our_own_configuration_set_may_publish_mail_events(stack: Any) -> None:
    allowed = [
        s
        for p in stack.all("AWS::SNS::TopicPolicy").values()
        for s in p["PolicyDocument"]["Statement"]
        if s["Effect"] == "Allow" and s["Principal"] == {"Service": "ses.amazonaws.com"}
    ]
    assert len(allowed) == 1
    conditions = allowed[0]["Condition"]["StringEquals"]
    assert conditions["AWS:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert "configuration-set" in str(conditions["AWS:SourceArn"])


def test_mail_events_arrive_in_the_queue_as_whole_notifications(stack: Any) -> None:
    (subscription,) = [p for p in stack.all("AWS::SNS::Subscription").values() if p["Protocol"] == "sqs"]
    assert not subscription.get("RawMessageDelivery", False)


def test_topics_and_queues_are_encrypted(stack: Any) -> None:
    for topic in stack.all("AWS::SNS::Topic").values():
        assert stack.kind_of(topic["KmsMasterKeyId"]) == "AWS::KMS::Key"
    for queue in stack.all("AWS::SQS::Queue").values():
        if stack.keeps:
            assert stack.kind_of(queue["KmsMasterKeyId"]) == "AWS::KMS::Key"
        else:
            assert queue["SqsManagedSseEnabled"] is True
    for key in stack.all("AWS::KMS::Key").values():
        assert key["EnableKeyRotation"] is True


def test_topics_and_queues_on_aws_refuse_plain_http(aws_stack: Any) -> None:
    for kind, policy, of in (
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
    ):
        refusing = {
            aws_stack.target_of(reference)
            for p in aws_stack.all(policy).values()
            for s in p["PolicyDocument"]["Statement"]
            if s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for reference in p[of]
        }
        assert refusing == set(aws_stack.all(kind))


def test_signing_keys_rotate_every_ninety_days_and_at_once_when_created(aws_stack: Any) -> None:
    (schedule,) = aws_stack.all("AWS::SecretsManager::RotationSchedule").values()
    assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 90}
    assert schedule["RotateImmediatelyOnUpdate"] is True, "the secret begins without a key"
    assert "SigningKeys" in str(schedule["SecretId"])


def test_only_secrets_manager_with_this_secret_may_start_a_rotation(stack: Any) -> None:
    (permission,) = [
        p for p in stack.all("AWS::Lambda::Permission").values() if p["Principal"] == "secretsmanager.amazonaws.com"
    ]
    assert "SigningKeys" in str(permission["SourceArn"])
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_no_secret_value_is_in_a_template_for_aws(aws_stack: Any) -> None:
    values = [s["SecretString"] for s in aws_stack.all("AWS::SecretsManager::Secret").values() if "SecretString" in s]
    assert values == ["{}"], "only the empty captcha secret is written out"


def test_alarms_are_mailed_and_an_undeliverable_mail_is_kept(prod_stack: Any) -> None:
    (mail,) = [p for p in prod_stack.all("AWS::SNS::Subscription").values() if p["Protocol"] == "email"]
    assert mail["Endpoint"] == "ops@sodate.test"
    assert "AlarmMailDlq" in str(mail["RedrivePolicy"])


def test_every_dead_letter_queue_raises_an_alarm_at_its_first_message(stack: Any) -> None:
    watched = {
        stack.target_of(a["Dimensions"][0]["Value"])
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("MetricName") == "ApproximateNumberOfMessagesVisible" and a["Threshold"] == 1
    }
    queues = stack.all("AWS::SQS::Queue").items()
    assert watched == {logical_id for logical_id, q in queues if q["QueueName"].endswith("-dlq")}


def test_every_function_raises_an_alarm_at_its_first_error(stack: Any) -> None:
    watched = {
        stack.target_of(a["Dimensions"][0]["Value"])
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("MetricName") == "Errors" and a["Threshold"] == 1
    }
    assert watched == {f["Id"] for f in stack.functions().values()}


def test_reputation_alarms_ring_at_half_of_where_aws_reviews_an_account(stack: Any) -> None:
    limits = {
        a["MetricName"]: a["Threshold"]
        for a in stack.all("AWS::CloudWatch::Alarm").values()
        if a.get("Namespace") == "AWS/SES"
    }
    assert limits == {"Reputation.BounceRate": 0.025, "Reputation.ComplaintRate": 0.0005}
