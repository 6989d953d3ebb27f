"""How functions are made: alone, measured, logged for a while, and reached through one door."""

from pathlib import Path
from typing import Any

import pytest

from infra.catalog import FUNCTIONS, WITH_REPLIES

ROOT = Path(__file__).resolve().parents[2]
COMMON = {"SODATE_STAGE", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
TABLE, QUEUE = {"SODATE_TABLE"}, {"SODATE_SEND_QUEUE_URL"}
SIGNING, ADDRESS = {"SODATE_SIGNING_KEYS_SECRET"}, {"SODATE_ADDRESS_KEY_SECRET"}
BURIES = {"SODATE_DEAD_LETTER_URL"}
# Written a second time by hand: a new setting is a decision, not a side effect.
SETTINGS = {
    "form_capture": TABLE | SIGNING | ADDRESS | {"SODATE_CAPTCHA_SECRET"},
    "consent_pages": TABLE | SIGNING | ADDRESS,
    "email_events": TABLE | ADDRESS | BURIES | {"SODATE_EVENTS_QUEUE_URL"},
    "scoring": TABLE | BURIES,
    "event_publisher": TABLE | QUEUE | BURIES | {"SODATE_BUS", "SODATE_ANNOUNCE_ROUTINE"},
    "step_mail_dispatch": TABLE | QUEUE,
    "email_sender": TABLE | BURIES | SIGNING | ADDRESS | {"SODATE_PUBLIC_URL", "SODATE_CONFIGURATION_SET"},
    "report_email": TABLE | SIGNING | {"SODATE_PUBLIC_URL", "SODATE_CONFIGURATION_SET"},
    "send_sweeper": TABLE | {"SODATE_EVENT_DEAD_LETTER_URL"},
    "score_decay": TABLE,
    "score_replay": TABLE | BURIES | {"SODATE_REPLAY_QUEUE_URL"},
    "kpi_rollup": TABLE,
    "suppression_sync": TABLE | ADDRESS,
    "sales_handoff": TABLE | SIGNING | {"SODATE_WEBHOOK_SECRET", "SODATE_PUBLIC_URL"},
    "sales_followup": TABLE | SIGNING | {"SODATE_WEBHOOK_SECRET", "SODATE_PUBLIC_URL"},
    "sales_feedback": TABLE | SIGNING | {"SODATE_PUBLIC_URL"},
    "privacy_pages": TABLE | SIGNING | {"SODATE_PUBLIC_URL"},
    "privacy_review": TABLE | ADDRESS | {"SODATE_ERASURE_LEDGER", "SODATE_IMPORT_BUCKET", "SODATE_DEAD_LETTER_URLS"},
    "web_events": TABLE | SIGNING,
    "activities_api": TABLE | ADDRESS,
    "lead_import": TABLE | ADDRESS | BURIES | {"SODATE_IMPORT_QUEUE_URL"},
    "signing_key_rotation": set(),
}
ALIASED = {
    "AWS::Lambda::EventSourceMapping": lambda p: [p["FunctionName"]],
    "AWS::Events::Rule": lambda p: [target["Arn"] for target in p["Targets"]],
    "AWS::ApiGatewayV2::Integration": lambda p: [p["IntegrationUri"]],
    "AWS::Lambda::Permission": lambda p: [p["FunctionName"]],
    "AWS::SecretsManager::RotationSchedule": lambda p: [p["RotationLambdaARN"]],
}


def test_every_trigger_and_permission_names_the_alias(stack: Any) -> None:
    for kind, references in ALIASED.items():
        found = stack.all(kind)
        assert found or (kind.endswith("RotationSchedule") and not stack.on_aws)
        for properties in found.values():
            for reference in references(properties):
                assert stack.kind_of(reference) == "AWS::Lambda::Alias", f"{kind}: {reference}"


def test_the_alias_is_called_live_and_follows_a_published_version(stack: Any) -> None:
    aliases = stack.all("AWS::Lambda::Alias")
    assert len(aliases) == len(stack.functions())
    for alias in aliases.values():
        assert alias["Name"] == "live"
        assert alias["FunctionVersion"]["Fn::GetAtt"][1] == "Version"


def test_every_function_has_its_own_role_that_lambda_alone_assumes(stack: Any) -> None:
    roles = [stack.target_of(f["Role"]) for f in stack.functions().values()]
    assert len(set(roles)) == len(roles)
    assert set(roles) == set(stack.all("AWS::IAM::Role")), "a role without a function"
    for role in roles:
        properties = stack.resource(role)["Properties"]
        assert "ManagedPolicyArns" not in properties
        trust = properties["AssumeRolePolicyDocument"]["Statement"]
        assert [s["Principal"] for s in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_every_function_logs_to_its_own_group_for_a_limited_time(stack: Any) -> None:
    groups = [stack.target_of(f["LoggingConfig"]["LogGroup"]) for f in stack.functions().values()]
    assert len(set(groups)) == len(groups)
    for group in stack.all("AWS::Logs::LogGroup").values():
        assert 1 <= group["RetentionInDays"] <= 90


def test_memory_and_timeout_are_explicit_and_short(stack: Any) -> None:
    for name, function in stack.functions().items():
        assert 256 <= function["MemorySize"] <= 1024
        # An erasure reads the import files of thirty days; nobody waits for it.
        assert 10 <= function["Timeout"] <= (900 if name == "privacy_review" else 90)


def test_reserved_concurrency_is_set_or_reasoned(reserving_stack: Any) -> None:
    for spec in FUNCTIONS:
        reserved = reserving_stack.functions()[spec.name].get("ReservedConcurrentExecutions")
        assert reserved == spec.concurrency.reserved
        assert len(spec.concurrency.why) > 40, f"say why for {spec.name}"


def test_schedules_run_one_at_a_time(reserving_stack: Any) -> None:
    for name in ("step_mail_dispatch", "send_sweeper", "sales_followup"):
        assert reserving_stack.functions()[name]["ReservedConcurrentExecutions"] == 1


def test_a_first_deployment_takes_nothing_from_the_accounts_pool(prod_stack: Any) -> None:
    """A new account has ten concurrent executions, and a hundred must stay unreserved: the deployment would fail."""
    assert not [f for f in prod_stack.functions().values() if "ReservedConcurrentExecutions" in f]


def test_a_reserved_queue_reader_is_never_offered_more_than_it_may_take(reserving_stack: Any) -> None:
    """A message that meets a full reservation comes back minutes later with one try less."""
    bounded = _bounded_readers(reserving_stack)
    assert set(bounded) == {"email_sender", "score_replay"}
    for name, at_once in bounded.items():
        assert at_once <= reserving_stack.functions()[name].get("ReservedConcurrentExecutions", 1000)


@pytest.mark.parametrize(("name", "senders"), [("dev_stack", 2), ("prod_stack", 5), ("reserving_stack", 10)])
def test_senders_that_run_together_are_bounded_by_the_stage(
    name: str, senders: int, request: pytest.FixtureRequest
) -> None:
    assert _bounded_readers(request.getfixturevalue(name))["email_sender"] == senders


def _bounded_readers(stack: Any) -> dict[str, int]:
    names = {f["FunctionName"]: name for name, f in stack.functions().items()}
    return {
        names[stack.function_behind(m["FunctionName"])["FunctionName"]]: m["ScalingConfig"]["MaximumConcurrency"]
        for m in stack.all("AWS::Lambda::EventSourceMapping").values()
        if "ScalingConfig" in m
    }


def test_every_function_is_python_313_on_arm64(stack: Any) -> None:
    for function in stack.functions().values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        assert len(function["Layers"]) == 2


def test_an_environment_holds_only_what_the_function_uses(aws_stack: Any) -> None:
    found = {name: set(f["Environment"]["Variables"]) - COMMON for name, f in aws_stack.functions().items()}
    assert found == SETTINGS


def test_time_travel_and_the_mail_simulator_never_reach_aws(aws_stack: Any) -> None:
    text = str(aws_stack.template)
    assert "SODATE_CLOCK_FILE" not in text
    assert "AWS_ENDPOINT_URL" not in text


def test_the_service_name_is_the_folder_name(stack: Any) -> None:
    for name, function in stack.functions().items():
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name
        assert function["Handler"] == f"functions.{name}.handler.handler"


def test_every_folder_under_functions_is_deployed_and_every_deployed_function_has_a_folder(stack: Any) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert folders == set(stack.functions()) | {spec.name for spec in WITH_REPLIES}
