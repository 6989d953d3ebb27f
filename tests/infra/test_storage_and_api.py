"""The table that must not be lost, and the API that everybody can reach."""

import json
from typing import Any

from sodate.authoring.release import schema_digest

ROUTES = {
    "GET /forms/{form_id}",
    "OPTIONS /forms/{form_id}",
    "POST /forms/{form_id}/submissions",
    "OPTIONS /forms/{form_id}/submissions",
    "GET /opt-in/{token}",
    "HEAD /opt-in/{token}",
    "POST /opt-in/{token}",
    "GET /unsubscribe/{token}",
    "HEAD /unsubscribe/{token}",
    "POST /unsubscribe/{token}",
    "GET /preferences/{token}",
    "HEAD /preferences/{token}",
    "POST /preferences/{token}",
    "GET /privacy/{token}",
    "HEAD /privacy/{token}",
    "POST /privacy/{token}",
    "GET /quarantine/{token}",
    "HEAD /quarantine/{token}",
    "POST /quarantine/{token}",
    "GET /sales/feedback/{token}",
    "HEAD /sales/feedback/{token}",
    "POST /sales/feedback/{token}",
    "POST /events",
    "OPTIONS /events",
    "GET /sodate.js",
    "HEAD /sodate.js",
    "POST /activities",
    "POST /deals",
    "POST /iam/activities",
    "POST /iam/deals",
}
# Anything of these in an access log would be personal data, or a token that acts for a person.
PERSONAL = ("path", "sourceIp", "userAgent", "identity", "authorizer", "queryString", "domainName")


def test_the_table_is_keyed_streamed_and_expired_as_designed(stack: Any) -> None:
    (table,) = stack.all("AWS::DynamoDB::Table").values()
    assert [(k["AttributeName"], k["KeyType"]) for k in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "GlobalSecondaryIndexes" not in table
    assert "LocalSecondaryIndexes" not in table


def test_a_table_on_aws_is_restorable_and_where_data_is_kept_it_is_kept_and_protected(aws_stack: Any) -> None:
    (logical_id,) = aws_stack.all("AWS::DynamoDB::Table")
    table = aws_stack.resource(logical_id)
    policies = ("RetainExceptOnCreate", "Retain") if aws_stack.keeps else ("Delete", "Delete")
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == policies
    assert table["Properties"]["DeletionProtectionEnabled"] is aws_stack.keeps
    assert table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True


def test_the_import_bucket_is_private_encrypted_and_empties_itself(stack: Any) -> None:
    bucket = _import_bucket(stack)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == ("aws:kms" if stack.keeps else "AES256")
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30)


def test_where_data_is_kept_the_import_bucket_keeps_versions_for_a_week_and_an_access_log(prod_stack: Any) -> None:
    bucket = _import_bucket(prod_stack)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}, "an old version is personal data too"
    logs = prod_stack.resource(prod_stack.target_of(bucket["LoggingConfiguration"]["DestinationBucketName"]))
    assert set(logs["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = logs["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256", "S3 delivers to no other key"


def test_buckets_on_aws_take_tls_only(aws_stack: Any) -> None:
    refusing = {
        aws_stack.target_of(policy["Bucket"])
        for policy in aws_stack.all("AWS::S3::BucketPolicy").values()
        for s in policy["PolicyDocument"]["Statement"]
        if s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert refusing == set(aws_stack.all("AWS::S3::Bucket"))


def _import_bucket(stack: Any) -> dict[str, Any]:
    (bucket,) = [
        b
        for b in stack.all("AWS::S3::Bucket").values()
        if "-imports-" in str(b.get("BucketName")) and "NotificationConfiguration" in b
    ]
    return dict(bucket)


def test_an_upload_and_never_a_result_wakes_the_import(stack: Any) -> None:
    (notification,) = _import_bucket(stack)["NotificationConfiguration"]["QueueConfigurations"]
    assert stack.resource(stack.target_of(notification["Queue"]))["Properties"]["QueueName"].endswith("-lead-import")
    rules = {rule["Name"]: rule["Value"] for rule in notification["Filter"]["S3Key"]["Rules"]}
    assert rules == {"prefix": "imports/", "suffix": ".csv"}


NAMED_AND_KEPT = ("DynamoDB::Table", "KMS::Key", "Logs::LogGroup", "S3::Bucket", "SecretsManager::Secret")


def test_what_is_kept_outlives_the_stack_but_not_a_first_deployment_that_failed(prod_stack: Any) -> None:
    """A table, a secret or a log group that a failed creation leaves behind stops the next one by its name."""
    kept = {
        r["Type"] for r in prod_stack.template["Resources"].values() if r.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert kept == {f"AWS::{kind}" for kind in NAMED_AND_KEPT}
    for kind in kept:
        for logical_id in prod_stack.all(kind):
            resource = prod_stack.resource(logical_id)
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_an_ephemeral_and_the_local_stack_leave_nothing_behind(local_stack: Any, dev_stack: Any) -> None:
    for stack in (local_stack, dev_stack):
        assert {r.get("DeletionPolicy", "Delete") for r in stack.template["Resources"].values()} == {"Delete"}


def test_where_data_is_kept_everything_is_encrypted_with_the_stages_own_key(prod_stack: Any) -> None:
    (key,) = prod_stack.all("AWS::KMS::Key")
    (table,) = prod_stack.all("AWS::DynamoDB::Table").values()
    assert prod_stack.target_of(table["SSESpecification"]["KMSMasterKeyId"]) == key
    for kind, name in (
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ):
        assert {prod_stack.target_of(p[name]) for p in prod_stack.all(kind).values()} == {key}, kind
    (rule,) = _import_bucket(prod_stack)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert prod_stack.target_of(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == key


def test_the_api_has_exactly_the_routes_of_the_contract(stack: Any) -> None:
    assert {r["RouteKey"] for r in stack.all("AWS::ApiGatewayV2::Route").values()} == ROUTES


def test_iam_lets_callers_in_on_its_own_routes_and_on_no_other(stack: Any) -> None:
    """The function believes the principal of these routes, so a route without IAM would let anyone be anybody."""
    kinds = {r["RouteKey"]: r["AuthorizationType"] for r in stack.all("AWS::ApiGatewayV2::Route").values()}
    assert {key for key, kind in kinds.items() if kind == "AWS_IAM"} == {"POST /iam/activities", "POST /iam/deals"}
    assert {kind for key, kind in kinds.items() if " /iam/" not in key} == {"NONE"}


def test_the_api_is_throttled_since_nothing_else_limits_it(stack: Any) -> None:
    (stage,) = stack.all("AWS::ApiGatewayV2::Stage").values()
    limits = stage["DefaultRouteSettings"]
    assert 1 <= limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]
    assert not stack.on_aws or limits["ThrottlingBurstLimit"] <= 200


def test_events_of_the_website_have_a_throttle_of_their_own(stack: Any) -> None:
    """A flood of them must not use up what forms and links answer with. The route must exist before its settings."""
    (stage,) = stack.all("AWS::ApiGatewayV2::Stage").values()
    assert set(stage["RouteSettings"]) == {"POST /events", "OPTIONS /events"}, "a browser asks before it posts"
    limits = stage["RouteSettings"]["POST /events"]
    assert 1 <= limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 200
    (resource,) = [
        one for one in stack.template["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Stage"
    ]  # fmt: skip
    routes = stack.all("AWS::ApiGatewayV2::Route")
    (name,) = [name for name, route in routes.items() if route["RouteKey"] == "POST /events"]
    assert name in resource["DependsOn"]


def test_the_access_log_names_the_route_and_nobody(stack: Any) -> None:
    (stage,) = stack.all("AWS::ApiGatewayV2::Stage").values()
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert fields["routeKey"] == "$context.routeKey"
    for value in fields.values():
        assert not [word for word in PERSONAL if word.lower() in value.lower()], value


def test_the_functions_say_which_pages_may_post_so_that_apply_is_enough(aws_stack: Any) -> None:
    """With a CORS configuration API Gateway answers preflights itself and ignores the headers of the functions."""
    (api,) = aws_stack.all("AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api


def test_public_links_on_aws_are_https_and_local_ones_carry_the_api_id(stack: Any) -> None:
    url = str(stack.functions()["email_sender"]["Environment"]["Variables"]["SODATE_PUBLIC_URL"])
    if stack.on_aws:
        assert "ApiEndpoint" in url
    else:
        assert "http://localhost:4566/_aws/execute-api/" in url
        assert "/$default" in url


def test_the_outputs_are_those_of_the_contract(stack: Any) -> None:
    expected = {"ApiUrl", "ApiId", "TableName", "BusName", "SendQueueUrl", "SendDlqUrl", "EventsTopicArn"}
    expected |= {"ConfigurationSet", "ErasureLedger", "ImportBucket", "ReplayQueueUrl", "PlaybookSchema"}
    expected |= {"ReplyDomain", "ReplyBucket"} if stack.receives else set()
    expected |= {"Function" + "".join(w.capitalize() for w in name.split("_")) for name in stack.functions()}
    dead_letters = [q for q in stack.all("AWS::SQS::Queue").values() if q["QueueName"].endswith("-dlq")]
    found = set(stack.outputs)
    assert expected <= found
    assert len([name for name in found if name.startswith("Dlq") and name.endswith("Url")]) == len(dead_letters)
    assert len(found) == len(expected) + len(dead_letters)


def test_the_stack_says_which_playbook_keys_its_functions_know(stack: Any) -> None:
    """`sodate playbook plan` compares; the files are equal to the models by tests/unit/playbook."""
    assert stack.outputs["PlaybookSchema"]["Value"] == schema_digest()
