"""`sodate doctor` against the real template on the local cloud: sound as deployed, red where something is spoilt."""

import json

import pytest

from tests.e2e.conftest import Cloud

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _nothing_is_left_of_other_stories(cloud: Cloud) -> None:
    """The stage is shared with the other files, in any order: their dead letters and idle lanes are no fault of it."""
    cloud.advance("1m")
    for url in cloud.endpoints["dead_letters"].values():
        cloud.client("sqs").purge_queue(QueueUrl=url)


def test_the_local_cloud_is_sound_and_ses_s_reports_come_back(cloud: Cloud) -> None:
    report = cloud.sodate("doctor", "--stage", "local", "--send")
    verdicts = {finding["name"]: finding["verdict"] for finding in report["findings"]}
    assert report["sound"] is True
    assert verdicts["round-trip"] == verdicts["permissions"] == verdicts["triggers"] == verdicts["release"] == "ok"
    assert verdicts["alarm-topic"] == "not_checkable"


def test_a_disabled_schedule_and_a_lost_permission_are_named(cloud: Cloud) -> None:
    rule = "sodate-local-send-sweeper"
    role = cloud.client("lambda").get_function_configuration(FunctionName=rule)["Role"].rsplit("/", 1)[-1]
    iam, events = cloud.client("iam"), cloud.client("events")
    name = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    events.disable_rule(Name=rule)
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        report = cloud.sodate("doctor", "--stage", "local", ok=False)
    finally:
        events.enable_rule(Name=rule)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    failed = {finding["name"]: finding["detail"] for finding in report["findings"] if finding["verdict"] == "failed"}
    assert set(failed) == {"schedules", "permissions"}
    assert rule in failed["schedules"] and "send_sweeper may not" in failed["permissions"]
