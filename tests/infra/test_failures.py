"""Nothing asynchronous is lost: behind every edge there is a queue that keeps what could not be done."""

from typing import Any

DAY = 24 * 3600


def test_every_queue_has_a_dead_letter_queue_or_is_one(stack: Any) -> None:
    for logical_id, queue in stack.all("AWS::SQS::Queue").items():
        if queue["QueueName"].endswith("-dlq"):
            continue
        redrive = queue.get("RedrivePolicy")
        assert redrive, f"{logical_id} has no dead-letter queue"
        assert 1 < redrive["maxReceiveCount"] <= 10
        assert _is_dead_letter_queue(stack, redrive["deadLetterTargetArn"])


def test_every_dead_letter_queue_is_behind_an_edge(stack: Any) -> None:
    text = str({k: r for k, r in stack.template["Resources"].items() if r["Type"] not in _NOT_EDGES})
    for logical_id, queue in stack.all("AWS::SQS::Queue").items():
        if queue["QueueName"].endswith("-dlq"):
            assert f"'{logical_id}', 'Arn'" in text, f"nothing fails into {logical_id}"


def test_dead_letters_are_kept_for_the_two_weeks_that_sqs_allows(stack: Any) -> None:
    for queue in stack.all("AWS::SQS::Queue").values():
        kept = queue["MessageRetentionPeriod"]
        assert kept == 14 * DAY if queue["QueueName"].endswith("-dlq") else kept <= 4 * DAY


def test_every_stream_consumer_parks_a_poison_record_after_bounded_retries(stack: Any) -> None:
    readers = [m for m in stack.all("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in m]
    assert len(readers) == 2, "a stream serves two readers per shard well, a third belongs on the bus"
    for reader in readers:
        assert reader["BisectBatchOnFunctionError"] is True
        assert 1 <= reader["MaximumRetryAttempts"] <= 100
        assert 60 <= reader["MaximumRecordAgeInSeconds"] <= DAY // 2, "half of the stream's life is left for a replay"
        assert _is_dead_letter_queue(stack, reader["DestinationConfig"]["OnFailure"]["Destination"])
        assert reader["StartingPosition"] == "TRIM_HORIZON", "LATEST skips what is written while the stack is deployed"


def test_every_event_source_mapping_reports_partial_failures(stack: Any) -> None:
    for mapping in stack.all("AWS::Lambda::EventSourceMapping").values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_rule_target_has_a_dead_letter_queue_and_bounded_retries(stack: Any) -> None:
    rules = stack.all("AWS::Events::Rule")
    assert len(rules) == 9
    for rule in rules.values():
        for target in rule["Targets"]:
            assert _is_dead_letter_queue(stack, target["DeadLetterConfig"]["Arn"])
            assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= DAY


def test_no_schedule_exists_outside_the_rules(stack: Any) -> None:
    assert not stack.all("AWS::Scheduler::Schedule"), "give it a dead-letter queue and a test first"


def test_every_function_that_is_invoked_asynchronously_has_a_failure_destination(stack: Any) -> None:
    configured = {
        (stack.target_of(c["FunctionName"]), str(c["Qualifier"])): c
        for c in stack.all("AWS::Lambda::EventInvokeConfig").values()
    }
    for alias in _invoked_asynchronously(stack):
        properties = stack.resource(alias)["Properties"]
        key = (stack.target_of(properties["FunctionName"]), properties["Name"])
        assert key in configured, f"{alias} drops failed events"
        assert _is_dead_letter_queue(stack, configured[key]["DestinationConfig"]["OnFailure"]["Destination"])


def test_a_function_may_write_to_the_dead_letter_queue_that_lambda_writes_to_in_its_name(stack: Any) -> None:
    edges = [
        (stack.all("AWS::Lambda::Function")[stack.target_of(c["FunctionName"])], c["DestinationConfig"])
        for c in stack.all("AWS::Lambda::EventInvokeConfig").values()
    ] + [
        (stack.function_behind(m["FunctionName"]), m["DestinationConfig"])
        for m in stack.all("AWS::Lambda::EventSourceMapping").values()
        if "DestinationConfig" in m
    ]
    assert len(edges) == 12
    for function, destination in edges:
        queue = destination["OnFailure"]["Destination"]
        may = [s for s in stack.statements_of(stack.target_of(function["Role"])) if "sqs:SendMessage" in s["Action"]]
        assert any(queue in (s["Resource"] if isinstance(s["Resource"], list) else [s["Resource"]]) for s in may)


def test_every_subscription_has_a_dead_letter_queue(stack: Any) -> None:
    subscriptions = stack.all("AWS::SNS::Subscription")
    assert subscriptions
    for subscription in subscriptions.values():
        assert _is_dead_letter_queue(stack, subscription["RedrivePolicy"]["deadLetterTargetArn"])


def test_visibility_is_at_least_six_times_the_timeout_of_the_function_that_reads(stack: Any) -> None:
    readers = [m for m in stack.all("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" not in m]
    assert len(readers) == 5 if stack.receives else 4
    for reader in readers:
        queue = stack.resource(stack.target_of(reader["EventSourceArn"]))["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * stack.function_behind(reader["FunctionName"])["Timeout"]


_NOT_EDGES = ("AWS::SQS::QueuePolicy", "AWS::IAM::Policy", "AWS::CloudWatch::Alarm")


def _is_dead_letter_queue(stack: Any, arn: Any) -> bool:
    queue = stack.resource(stack.target_of(arn))
    return bool(queue["Type"] == "AWS::SQS::Queue" and queue["Properties"]["QueueName"].endswith("-dlq"))


def _invoked_asynchronously(stack: Any) -> set[str]:
    """Aliases behind rules, and those that another service but API Gateway may invoke."""
    by_rules = {stack.target_of(t["Arn"]) for r in stack.all("AWS::Events::Rule").values() for t in r["Targets"]}
    by_services = {
        stack.target_of(p["FunctionName"])
        for p in stack.all("AWS::Lambda::Permission").values()
        if p["Principal"] != "apigateway.amazonaws.com"
    }
    assert len(by_rules | by_services) == 10
    return by_rules | by_services
