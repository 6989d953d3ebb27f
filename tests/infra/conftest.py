"""One synthesized template per stage and session; no network, no bundling, no deployment."""

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
    """A template, and the questions that the tests ask of it."""

    def __init__(self, name: str, template: dict[str, Any], assembly: Path) -> None:
        self.name, self.template, self.assembly = name, template, assembly

    @property
    def on_aws(self) -> bool:
        return self.name != "local"

    @property
    def keeps(self) -> bool:
        """Its data outlives it."""
        return self.name not in ("local", "dev")

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
    template = json.loads((folder / f"Sodate-{name}.template.json").read_text())
    return Stack(name, template, folder)


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
def every_aws_stack(assemblies: Path) -> list[Stack]:
    return [_stack(name, assemblies) for name in ("dev", "prod", "reserving")]


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> Iterator[None]:
    yield
