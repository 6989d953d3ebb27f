"""Least privilege, written a second time by hand. A change here changes what may be done to people's data."""

from collections import defaultdict
from typing import Any

KEYED = {"GetItem", "PutItem", "UpdateItem"}
KEYED_AND_QUERY = KEYED | {"Query"}
SEND, CONSUME = {"SendMessage"}, {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"}
STREAM = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
SECRET = {"GetSecretValue"}
LOGS = {"CreateLogStream", "PutLogEvents"}

ALLOWED: dict[str, dict[str, set[str]]] = {
    "form_capture": {"dynamodb": KEYED_AND_QUERY, "secretsmanager": SECRET},
    "consent_pages": {"dynamodb": KEYED_AND_QUERY | {"DeleteItem"}, "secretsmanager": SECRET},
    "email_events": {"dynamodb": KEYED_AND_QUERY, "secretsmanager": SECRET, "sqs": CONSUME | SEND},
    "scoring": {"dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "BatchWriteItem", "DeleteItem"} | STREAM, "sqs": SEND},
    "event_publisher": {
        "dynamodb": {"PutItem", "UpdateItem", "BatchWriteItem"} | STREAM,
        "events": {"PutEvents"},
        "sqs": SEND,
    },
    "step_mail_dispatch": {"dynamodb": KEYED_AND_QUERY, "ses": {"GetAccount"}, "sqs": SEND},
    "email_sender": {
        # Query: it reads the list of a segment's members for a broadcast.
        "dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "BatchWriteItem"},
        "secretsmanager": SECRET,
        "ses": {"SendEmail", "SendBulkEmail"},
        "sqs": CONSUME | SEND,
    },
    "report_email": {
        "dynamodb": KEYED_AND_QUERY,
        "secretsmanager": SECRET,
        "ses": {"SendEmail"},
        "sqs": SEND,
    },
    "send_sweeper": {
        "dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "BatchWriteItem"},
        # How many events of SES were given up.
        "sqs": SEND | {"GetQueueAttributes"},
    },
    "score_decay": {"dynamodb": KEYED_AND_QUERY | {"DeleteItem"}, "sqs": SEND},
    # A replay is about everybody: the only function that may walk over the whole table.
    "score_replay": {"dynamodb": KEYED_AND_QUERY | {"Scan", "DeleteItem"}, "sqs": CONSUME | SEND},
    "kpi_rollup": {"dynamodb": KEYED_AND_QUERY, "sqs": SEND},
    "suppression_sync": {
        "dynamodb": KEYED,
        "secretsmanager": SECRET,
        "ses": {"ListSuppressedDestinations"},
        "sqs": SEND,
    },
    "sales_handoff": {"dynamodb": KEYED, "secretsmanager": SECRET, "sqs": SEND},
    "sales_followup": {"dynamodb": KEYED_AND_QUERY, "secretsmanager": SECRET, "sqs": SEND},
    # A won or lost deal leaves the list of open deals.
    "sales_feedback": {"dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "DeleteItem"}, "secretsmanager": SECRET},
    "activities_api": {"dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "DeleteItem"}, "secretsmanager": SECRET},
    # A lead may withdraw its request.
    "privacy_pages": {"dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "DeleteItem"}, "secretsmanager": SECRET},
    # The only function that may delete a lead, wherever it is named.
    "privacy_review": {
        "dynamodb": KEYED_AND_QUERY | {"BatchGetItem", "BatchWriteItem", "DeleteItem", "Scan"},
        "secretsmanager": SECRET,
        "s3": {
            "GetObject",
            "GetObjectVersion",
            "DeleteObject",
            "DeleteObjectVersion",
            "PutObject",
            "ListBucket",
            "ListBucketVersions",
        },
        "sqs": {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "SendMessage"},
    },
    "web_events": {"dynamodb": KEYED_AND_QUERY, "secretsmanager": SECRET},
    "inbound_email": {
        "dynamodb": KEYED_AND_QUERY,
        "secretsmanager": SECRET,
        "s3": {"GetObject", "DeleteObject"},
        "sqs": CONSUME | SEND,
    },
    "lead_import": {
        "dynamodb": KEYED_AND_QUERY | {"BatchGetItem"},
        "secretsmanager": SECRET,
        "s3": {"GetObject", "PutObject"},
        "sqs": CONSUME | SEND,
    },
    "signing_key_rotation": {
        "secretsmanager": SECRET | {"DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"},
        "sqs": SEND,
    },
}
SECRETS = {
    "form_capture": {"AddressKey", "Captcha", "SigningKeys"},
    "consent_pages": {"AddressKey", "SigningKeys"},
    "email_events": {"AddressKey"},
    "email_sender": {"AddressKey", "SigningKeys"},
    "suppression_sync": {"AddressKey"},
    "sales_handoff": {"Webhook", "SigningKeys"},
    "sales_followup": {"Webhook", "SigningKeys"},
    "sales_feedback": {"SigningKeys"},
    "privacy_pages": {"SigningKeys"},
    "report_email": {"SigningKeys"},
    "web_events": {"SigningKeys"},
    "privacy_review": {"AddressKey"},
    "activities_api": {"AddressKey"},
    "inbound_email": {"AddressKey", "SigningKeys"},
    "lead_import": {"AddressKey"},
    "signing_key_rotation": {"SigningKeys"},
}
#: On a stage with a reply domain, beside what stands above.
READERS_OF_REPLIES = {"email_sender": {"GetObject", "ListBucket"}, "inbound_email": {"ListBucket"}}
MAY_SEND_TO = {
    # A click that waits for its verdict goes back on the queue.
    "email_events": {"email-events-dlq", "events"},
    "scoring": {"scoring-dlq"},
    "event_publisher": {"event-publisher-dlq", "send"},
    "step_mail_dispatch": {"step-mail-dispatch-dlq", "send"},
    "email_sender": {"send-dlq"},
    "send_sweeper": {"send-sweeper-dlq"},
    "report_email": {"report-email-dlq"},
    "privacy_review": {"privacy-review-dlq"},
    "score_decay": {"score-decay-dlq"},
    "score_replay": {"score-replay-dlq", "score-replay"},
    "kpi_rollup": {"kpi-rollup-dlq"},
    "suppression_sync": {"suppression-sync-dlq"},
    "sales_handoff": {"sales-handoff-dlq"},
    "sales_followup": {"sales-followup-dlq"},
    "inbound_email": {"inbound-email-dlq"},
    "lead_import": {"lead-import", "lead-import-dlq"},
    "signing_key_rotation": {"signing-key-rotation-dlq"},
}
# Actions of ours that know no resource, each in a statement of its own.
NO_RESOURCE = {
    "dynamodb:ListStreams": "ListStreamsHasNoResource",
    "ses:GetAccount": "GetAccountHasNoResource",
    "ses:ListSuppressedDestinations": "ListSuppressedDestinationsHasNoResource",
}


def test_each_function_may_do_exactly_what_the_table_says(stack: Any) -> None:
    for name, function in stack.functions().items():
        found: dict[str, set[str]] = defaultdict(set)
        for statement in stack.statements_of(stack.target_of(function["Role"])):
            for action in _many(statement["Action"]):
                service, verb = action.split(":")
                found[service].add(verb)
        if not stack.on_aws:
            found["sqs"].discard("SendMessageBatch")
        if stack.receives and name in READERS_OF_REPLIES:
            found["s3"] -= READERS_OF_REPLIES[name]
        assert found.pop("logs") == LOGS
        assert found.pop("kms", set()) == (_kms(name) if stack.keeps else set()), name
        assert {service: verbs for service, verbs in found.items() if verbs} == ALLOWED[name], name


def test_no_statement_allows_a_wildcard_action(stack: Any) -> None:
    for where, statement in _statements(stack):
        if statement["Effect"] == "Allow" and where != "AWS::KMS::Key":
            assert not [a for a in _many(statement["Action"]) if "*" in a], (where, statement)


def test_only_the_account_itself_manages_the_key_without_limits(stack: Any) -> None:
    for key in stack.all("AWS::KMS::Key").values():
        for statement in key["KeyPolicy"]["Statement"]:
            if "kms:*" in _many(statement["Action"]):
                assert ":root" in str(statement["Principal"])
                continue
            assert not [action for action in _many(statement["Action"]) if "*" in action]
            assert set(statement["Principal"]) == {"Service"}
            assert "AWS::AccountId" in str(statement["Condition"]), "a service may use it for this account only"


def test_a_function_may_use_the_key_only_by_way_of_the_services_that_it_uses(prod_stack: Any) -> None:
    services = [f"{name}.ap-northeast-1.amazonaws.com" for name in ("dynamodb", "s3", "secretsmanager", "sqs")]
    found = [s for _, s in _statements(prod_stack) if "kms:Decrypt" in s["Action"] and "Principal" not in s]
    assert len(found) == len(prod_stack.functions())
    for statement in found:
        assert statement["Condition"] == {"StringEquals": {"kms:ViaService": services}}
        assert prod_stack.kind_of(statement["Resource"]) == "AWS::KMS::Key"


def test_no_statement_allows_every_resource_but_for_one_named_reason(stack: Any) -> None:
    for policy in stack.all("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if "*" in _many(statement["Resource"]):
                (action,) = _many(statement["Action"])
                assert statement["Sid"] == NO_RESOURCE[action]


def test_only_an_erasure_deletes_what_it_wants_and_others_places_on_lists_and_lifted_suppressions(stack: Any) -> None:
    allowed, whole = [], []
    for statement in _allowing(stack, "dynamodb:DeleteItem"):
        if statement["Action"] != "dynamodb:DeleteItem":
            whole.append(statement)
            continue
        allowed.append(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    assert sorted(allowed) == [
        ["DEALS#open*"], ["DEALS#open*"], ["MEMBERS#*"], ["MEMBERS#*", "COMPANY#*"],
        ["MEMBERS#*", "VISITOR#*"],
        ["PRIVACY#requests*"], ["SUPPRESSION#*"],
    ]  # fmt: skip
    assert whole == [s for s in whole if s in stack.statements_of(_role(stack, "privacy_review"))] and len(whole) == 1


def test_only_a_replay_of_everybody_and_the_review_of_all_data_may_scan_the_table(stack: Any) -> None:
    statements = _allowing(stack, "dynamodb:Scan")
    roles = [_role(stack, name) for name in ("score_replay", "privacy_review")]
    assert len(statements) == len(roles)
    for statement, role in zip(statements, roles, strict=True):
        assert statement in stack.statements_of(role)
        assert stack.kind_of(statement["Resource"]) == "AWS::DynamoDB::Table"


def _role(stack: Any, name: str) -> str:
    return str(stack.target_of(stack.functions()[name]["Role"]))


def test_no_policy_reaches_an_index(stack: Any) -> None:
    assert "/index/" not in str(stack.all("AWS::IAM::Policy"))


def test_each_function_reads_only_its_own_secrets(stack: Any) -> None:
    for name, function in stack.functions().items():
        found: set[str] = set()
        for statement in stack.statements_of(stack.target_of(function["Role"])):
            if any(action.startswith("secretsmanager:") for action in _many(statement["Action"])):
                found |= {stack.target_of(arn).split("Secret")[0] for arn in _many(statement["Resource"])}
        assert found == SECRETS.get(name, set()), name


def test_events_are_published_only_in_our_own_name_and_on_our_own_bus(stack: Any) -> None:
    (statement,) = _allowing(stack, "events:PutEvents")
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"events:source": "sodate"}}
    assert stack.kind_of(statement["Resource"]) == "AWS::Events::EventBus"


def test_mail_leaves_only_from_our_own_address_and_through_the_configuration_set(aws_stack: Any) -> None:
    (statement,) = _allowing(aws_stack, "ses:SendBulkEmail")
    assert statement in _allowing(aws_stack, "ses:SendEmail")
    (reports,) = [one for one in _allowing(aws_stack, "ses:SendEmail") if one != statement]
    assert reports["Condition"] == statement["Condition"] and ":template/" not in str(reports["Resource"])
    domain = "mail.sodate.test" if aws_stack.name == "prod" else "dev.example.co.jp"
    assert statement["Condition"] == {"StringLike": {"ses:FromAddress": f"*@{domain}"}}
    configuration_set, identity, templates = sorted(
        (str(arn) for arn in statement["Resource"]), key=lambda arn: (":template/" in arn, ":identity/" in arn)
    )
    assert f":identity/{domain}" in identity
    assert ":configuration-set/" in configuration_set
    assert "EmailEventsConfigurationSet" in configuration_set
    assert ":template/*" in templates, "whether SES asks for it with inline templates, only a real account shows"


def test_in_the_sandbox_mail_may_go_to_the_named_recipients_too(reserving_stack: Any) -> None:
    """SES authorises against the recipient's identity as well while the account is in its sandbox."""
    (statement,) = _allowing(reserving_stack, "ses:SendBulkEmail")
    identities = [str(arn) for arn in statement["Resource"] if ":identity/" in str(arn)]
    assert len(identities) == 2
    assert ":identity/news@sodate.test" in identities[0]
    assert ":identity/tester@sodate.test" in identities[1]
    assert statement["Condition"] == {"StringLike": {"ses:FromAddress": "news@sodate.test"}}


def test_each_function_sends_only_to_the_queues_that_it_feeds_and_to_its_own_dead_letter_queue(stack: Any) -> None:
    for name, function in stack.functions().items():
        found: set[str] = set()
        for statement in stack.statements_of(stack.target_of(function["Role"])):
            if "sqs:SendMessage" in _many(statement["Action"]):
                queues = [stack.resource(stack.target_of(arn)) for arn in _many(statement["Resource"])]
                found |= {q["Properties"]["QueueName"].removeprefix(f"sodate-{stack.name}-") for q in queues}
        assert found == MAY_SEND_TO.get(name, set()), name


def test_the_import_reads_what_came_in_and_writes_nothing_but_its_answers(stack: Any) -> None:
    own = stack.statements_of(_role(stack, "lead_import"))
    (reads,) = [s for s in own if "s3:GetObject" in _many(s["Action"])]
    (writes,) = [s for s in own if "s3:PutObject" in _many(s["Action"])]
    under = [[arn["Fn::Join"][1][-1] for arn in _many(statement["Resource"])] for statement in (reads, writes)]
    assert under == [["/imports/*", "/results/*"], ["/results/*"]]


def test_only_the_senders_of_mail_and_of_reports_may_send_mail(stack: Any) -> None:
    assert len(_allowing(stack, "ses:SendEmail")) == 2
    assert len(_allowing(stack, "ses:SendBulkEmail")) == 1


def _kms(function: str) -> set[str]:
    """Of a table encrypted with the stage's own key DynamoDB asks in the caller's name, for more than others do."""
    table = ALLOWED[function].get("dynamodb", set()) - STREAM
    return {"Decrypt", "GenerateDataKey"} | (
        {"DescribeKey", "Encrypt", "ReEncryptFrom", "ReEncryptTo"} if table else set()
    )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _allowing(stack: Any, action: str) -> list[Any]:
    return [s for _, s in _statements(stack) if action in _many(s["Action"]) and s["Effect"] == "Allow"]


def _statements(stack: Any) -> list[tuple[str, Any]]:
    documents = {"AWS::IAM::Policy": "PolicyDocument", "AWS::KMS::Key": "KeyPolicy"}
    documents |= {"AWS::SQS::QueuePolicy": "PolicyDocument", "AWS::SNS::TopicPolicy": "PolicyDocument"}
    return [
        (kind, statement)
        for kind, document in documents.items()
        for properties in stack.all(kind).values()
        for statement in properties[document]["Statement"]
    ]
