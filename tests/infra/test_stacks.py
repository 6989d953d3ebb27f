"""Two stacks: what must survive, and what a deployment makes again from this repository."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import infra.stacks.stateless as stateless_module
from infra import catalog
from tests.infra.conftest import FIGURES, READ_BY_THE_OTHER, ROOT, STAGES

#: CloudFormation takes 500 resources and 200 outputs in one stack.
MOST_RESOURCES, MOST_OUTPUTS = 320, 170
STATEFUL = {
    "ApiGatewayV2::Api",
    "DynamoDB::Table",
    "Events::EventBus",
    "KMS::Alias",
    "KMS::Key",
    "Logs::LogGroup",
    "S3::Bucket",
    "S3::BucketPolicy",
    "SES::ConfigurationSet",
    "SES::ConfigurationSetEventDestination",
    "SNS::Subscription",
    "SNS::Topic",
    "SNS::TopicPolicy",
    "SQS::Queue",
    "SQS::QueuePolicy",
    "SecretsManager::Secret",
}


def test_no_stack_comes_near_the_limits_of_cloudformation(every_aws_stack: list[Any]) -> None:
    sizes = {name: len(part["Resources"]) for stack in every_aws_stack for name, part in stack.parts.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    FIGURES.append(f"resources of the largest stack: {sizes[largest]} ({largest}); at most {MOST_RESOURCES}")
    assert sizes[largest] <= MOST_RESOURCES
    assert max(len(part["Outputs"]) for stack in every_aws_stack for part in stack.parts.values()) <= MOST_OUTPUTS


def test_what_must_survive_is_in_the_stateful_stack_and_nothing_else_is(prod_stack: Any) -> None:
    kept = {r["Type"].removeprefix("AWS::") for r in prod_stack.stateful["Resources"].values()}
    assert kept == STATEFUL
    made_again = {r["Type"].removeprefix("AWS::") for r in prod_stack.stateless["Resources"].values()}
    assert not made_again & STATEFUL


def test_nothing_in_the_stateless_stack_outlives_it(stack: Any) -> None:
    """So it can be deleted and made again: nothing of a fixed name is left that would stand in the way."""
    assert {r.get("DeletionPolicy", "Delete") for r in stack.stateless["Resources"].values()} == {"Delete"}


def test_the_stateful_stack_knows_nothing_of_the_stateless_one(stack: Any) -> None:
    text = json.dumps(stack.stateful)
    assert "Fn::GetStackOutput" not in text
    assert "Fn::ImportValue" not in text


def test_no_reference_locks_the_stateful_stack(stack: Any) -> None:
    """An export cannot be changed while somebody imports it; an output that is only read can."""
    assert "Fn::ImportValue" not in json.dumps(stack.stateless)
    assert not [name for name, output in stack.stateful["Outputs"].items() if "Export" in output]


def test_the_stateless_stack_is_deployed_after_the_stateful_one(stack: Any) -> None:
    manifest = json.loads((stack.assembly / "manifest.json").read_text())["artifacts"]
    assert f"Sodate-{stack.name}-stateful" in manifest[f"Sodate-{stack.name}-stateless"]["dependencies"]


@pytest.mark.parametrize(
    "change",
    [
        {"size": catalog.Size(memory_mb=768, timeout_s=55)},
        {"settings": ("SODATE_PUBLIC_URL", "SODATE_BUS")},
        {"table": (*catalog.KEYED_AND_QUERY, "BatchGetItem")},
    ],
    ids=["memory", "environment", "permission"],
)
def test_a_changed_function_leaves_the_stateful_template_equal(
    change: dict[str, Any], dev_stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tuple(
        replace(spec, **change) if spec.name == "score_decay" else spec for spec in catalog.functions_of(replies=False)
    )
    monkeypatch.setattr(stateless_module, "functions_of", lambda *, replies: changed)
    again = _synthesize("dev", tmp_path)
    name = "Sodate-dev-{}.template.json"
    stateful, stateless = (name.format(part) for part in ("stateful", "stateless"))
    assert _content(again / stateful) == _content(dev_stack.assembly / stateful)
    assert _content(again / stateless) != _content(dev_stack.assembly / stateless), "the change is in neither template"


def test_what_the_stateless_stack_reads_is_what_the_stateful_one_publishes(stack: Any) -> None:
    published = {name for name in stack.stateful["Outputs"] if name.startswith(READ_BY_THE_OTHER)}
    assert published == set(_read(stack.stateless))


def _read(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in _read(one)]
    if not isinstance(value, dict):
        return []
    if "Fn::GetStackOutput" in value:
        return [str(value["Fn::GetStackOutput"]["OutputName"])]
    return [name for one in value.values() for name in _read(one)]


def _content(template: Path) -> bytes:
    """With sorted keys: the CDK writes outputs in the order in which policies are read, and sorts those by numbers that
    it counts up in a process."""
    return json.dumps(json.loads(template.read_text(encoding="utf-8")), sort_keys=True).encode()


def _synthesize(stage: str, folder: Path) -> Path:
    from aws_cdk import App

    from infra.app import build

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=str(folder), context={**context, "stage": stage, "stages": str(STAGES), "aws:cdk:bundling-stacks": []}
    )
    build(app)
    app.synth()
    return folder
