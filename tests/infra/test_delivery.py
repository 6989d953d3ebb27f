"""Every alarm, SES event, dead letter and upload arrives: proved by walking the template, policy by policy."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.infra.conftest import FIGURES, Stack
from tests.infra.delivery import Walk

WAYS: dict[str, Callable[[Walk], Iterator[str]]] = {
    "alarms": Walk.alarms,
    "mail events": Walk.mail_events,
    "subscriptions": Walk.subscriptions,
    "rules": Walk.rules,
    "uploads": Walk.uploads,
    "logs": Walk.logs,
    "roles": Walk.roles,
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_on_this_way_is_refused(way: str, stack: Any) -> None:
    assert list(WAYS[way](Walk(stack))) == []


def test_every_alarm_is_walked_and_none_is_stopped(prod_stack: Any) -> None:
    broken = _without(prod_stack, "AWS::SNS::TopicPolicy", "cloudwatch")
    alarms = {line.split(":")[0] for line in Walk(broken).alarms()}
    assert alarms == {a["AlarmName"] for a in prod_stack.all("AWS::CloudWatch::Alarm").values()}
    assert len(alarms) >= 70
    stopped = {line.split(":")[0] for line in Walk(prod_stack).alarms()}
    FIGURES.append(f"alarms of prod whose delivery is proved: {len(alarms - stopped)} of {len(alarms)}")
    assert not stopped


@pytest.mark.parametrize(
    ("way", "kind", "service"),
    [
        ("alarms", "AWS::SNS::TopicPolicy", "cloudwatch"),
        ("alarms", "AWS::KMS::Key", "cloudwatch"),
        ("mail events", "AWS::SNS::TopicPolicy", "ses"),
        ("mail events", "AWS::KMS::Key", "ses"),
        ("subscriptions", "AWS::SQS::QueuePolicy", "sns"),
        ("subscriptions", "AWS::KMS::Key", "sns"),
        ("rules", "AWS::SQS::QueuePolicy", "events"),
        ("rules", "AWS::KMS::Key", "events"),
        ("uploads", "AWS::SQS::QueuePolicy", "s3"),
        ("uploads", "AWS::KMS::Key", "s3"),
        ("logs", "AWS::KMS::Key", "logs"),
    ],
)
def test_the_walk_notices_a_service_that_a_policy_does_not_name(
    way: str, kind: str, service: str, prod_stack: Any
) -> None:
    assert list(WAYS[way](Walk(_without(prod_stack, kind, service))))


def test_the_walk_notices_that_nobody_listens(prod_stack: Any) -> None:
    deaf = _copy(prod_stack)
    for logical_id, subscription in prod_stack.all("AWS::SNS::Subscription").items():
        if subscription["Protocol"] == "email":
            del deaf.template["Resources"][logical_id]
    assert any("nobody listens" in why for why in Walk(deaf).alarms())


def test_the_walk_notices_an_alarm_whose_name_no_policy_covers(prod_stack: Any) -> None:
    renamed = _copy(prod_stack)
    alarm = next(iter(renamed.all("AWS::CloudWatch::Alarm").values()))
    alarm["AlarmName"] = "another-name"
    assert any("does not let cloudwatch publish" in why for why in Walk(renamed).alarms())


def _copy(stack: Stack) -> Stack:
    return Stack(stack.name, copy.deepcopy(stack.parts), stack.assembly)


def _without(stack: Stack, kind: str, service: str) -> Stack:
    """The template without what these policies say of this service."""
    changed = _copy(stack)
    for properties in changed.all(kind).values():
        document = properties["KeyPolicy"] if kind == "AWS::KMS::Key" else properties["PolicyDocument"]
        document["Statement"] = [s for s in document["Statement"] if f"{service}." not in str(s["Principal"])]
    return changed
