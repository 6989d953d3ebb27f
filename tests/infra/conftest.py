"""Both templates of a stage, synthesized once a session; no network, no bundling, no deployment."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket

ROOT = Path(__file__).resolve().parents[2]
STAGES = Path(__file__).with_name("stages.toml")
Resource = dict[str, Any]


class Stack:
    """What a stage consists of, and the questions that the tests ask of it.

    `parts` is the template of each stack by its name. `template` is both in one, as if they were one stack: where the
    stateless stack reads an output of the stateful one, the value of that output stands.
    """

    def __init__(self, name: str, parts: dict[str, dict[str, Any]], assembly: Path) -> None:
        self.name, self.parts, self.assembly = name, parts, assembly
        self.template = _joined(parts)

    @property
    def stateful(self) -> dict[str, Any]:
        return self.parts[f"Sodate-{self.name}-stateful"]

    @property
    def stateless(self) -> dict[str, Any]:
        return self.parts[f"Sodate-{self.name}-stateless"]

    @property
    def on_aws(self) -> bool:
        return self.name != "local"

    @property
    def keeps(self) -> bool:
        """Its data outlives it."""
        return self.name not in ("local", "dev")

    @property
    def receives(self) -> bool:
        """It has a reply domain, and with it a bucket, a queue and a function more."""
        return "ReplyDomain" in self.outputs

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.template["Outputs"])

    def all(self, kind: str) -> dict[str, Resource]:
        """Logical id → properties, of every resource of this type."""
        return {k: r.get("Properties", {}) for k, r in self.template["Resources"].items() if r["Type"] == kind}

    def resource(self, logical_id: str) -> Resource:
        return dict(self.template["Resources"][logical_id])

    def target_of(self, reference: Any) -> str:
        """The logical id behind a Ref or GetAtt."""
        if "Ref" in reference:
            return str(reference["Ref"])
        return str(reference["Fn::GetAtt"][0])

    def kind_of(self, reference: Any) -> str:
        return str(self.resource(self.target_of(reference))["Type"])

    def functions(self) -> dict[str, Resource]:
        """Function name without the stage, with underscores → its properties, plus its logical `Id`."""
        prefix = f"sodate-{self.name}-"
        return {
            p["FunctionName"].removeprefix(prefix).replace("-", "_"): {**p, "Id": logical_id}
            for logical_id, p in self.all("AWS::Lambda::Function").items()
        }

    def function_behind(self, alias: Any) -> Resource:
        """The function that an alias reference leads to; fails when the reference is no alias."""
        assert self.kind_of(alias) == "AWS::Lambda::Alias", f"not through the alias: {alias}"
        function = self.resource(self.target_of(alias))["Properties"]["FunctionName"]
        return dict(self.resource(self.target_of(function))["Properties"])

    def statements_of(self, role_id: str) -> list[Resource]:
        """Every statement that is attached to this role."""
        return [
            statement
            for policy in self.all("AWS::IAM::Policy").values()
            if {"Ref": role_id} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def _joined(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    resources = [logical_id for part in parts.values() for logical_id in part["Resources"]]
    assert len(resources) == len(set(resources)), "a logical id that both stacks use would hide one resource here"
    both = {
        section: {key: value for part in parts.values() for key, value in part.get(section, {}).items()}
        for section in ("Resources", "Outputs")
    }
    both["Outputs"] = {k: v for k, v in both["Outputs"].items() if not k.startswith(READ_BY_THE_OTHER)}
    return dict(_resolved(both, parts))


#: How the CDK names the outputs that another stack reads.
READ_BY_THE_OTHER = "PublishOutput"


def _resolved(value: Any, parts: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_resolved(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "Fn::GetStackOutput" in value:
        read = value["Fn::GetStackOutput"]
        return parts[read["StackName"]]["Outputs"][read["OutputName"]]["Value"]
    return {key: _resolved(one, parts) for key, one in value.items()}


#: What a run proved, for people: shown at its end.
FIGURES: list[str] = []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for figure in FIGURES:
        terminalreporter.write_line(figure)


@cache
def synthesized(name: str, folder: Path) -> Stack:
    from aws_cdk import App

    from infra.app import build

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    mine = {"stage": name, "stages": str(STAGES), "aws:cdk:bundling-stacks": []}
    app = App(outdir=str(folder), context={**context, **mine})
    build(app)
    app.synth()
    files = sorted(folder.glob("*.template.json"))
    return Stack(name, {file.name.split(".")[0]: json.loads(file.read_text()) for file in files}, folder)


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("assemblies")


def _stack(name: str, assemblies: Path) -> Stack:
    disable_socket()
    try:
        return synthesized(name, assemblies / name)
    finally:
        enable_socket()


@pytest.fixture(params=["local", "dev", "prod"])
def stack(request: pytest.FixtureRequest, assemblies: Path) -> Stack:
    """Each stage in turn."""
    return _stack(request.param, assemblies)


@pytest.fixture(params=["dev", "prod"])
def aws_stack(request: pytest.FixtureRequest, assemblies: Path) -> Stack:
    """Each stage that is deployed to AWS."""
    return _stack(request.param, assemblies)


@pytest.fixture
def local_stack(assemblies: Path) -> Stack:
    return _stack("local", assemblies)


@pytest.fixture
def dev_stack(assemblies: Path) -> Stack:
    return _stack("dev", assemblies)


@pytest.fixture
def prod_stack(assemblies: Path) -> Stack:
    return _stack("prod", assemblies)


@pytest.fixture
def reserving_stack(assemblies: Path) -> Stack:
    """A stage with its own key, that keeps its data and reserves concurrency: everything that can be switched on."""
    return _stack("reserving", assemblies)


@pytest.fixture
def replying_stack(assemblies: Path) -> Stack:
    """A stage with a reply domain, which keeps its data with a key of its own."""
    return _stack("replying", assemblies)


@pytest.fixture
def every_aws_stack(assemblies: Path) -> list[Stack]:
    return [_stack(name, assemblies) for name in ("dev", "prod", "reserving", "replying")]


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> Iterator[None]:
    yield
