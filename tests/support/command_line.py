"""The `sodate` command on the world of a test: whole commands, with the look-ups that are theirs."""

import json
from typing import Any

import boto3
import pytest
from sodate_cli import operator
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner


def on_stage(monkeypatch: pytest.MonkeyPatch, **outputs: str) -> None:
    """The table in use is that of the stage `test`; `outputs` are those of its stacks."""
    monkeypatch.setattr(operator, "connect", lambda stage: Target("test", "sodate-test", None))
    monkeypatch.setattr(operator.stacks, "outputs", lambda client, stage: outputs)
    client = boto3.client("secretsmanager")
    for name in ("address-key", "signing-keys"):
        text = client.get_secret_value(SecretId=name)["SecretString"]
        client.create_secret(Name=f"sodate-test/{name}", SecretString=text)


def said(*arguments: str, language: str = "en", code: int = 0) -> str:
    """What the command prints for people."""
    done = CliRunner().invoke(app, ["--language", language, *arguments])
    assert done.exit_code == code, (arguments, done.output)
    return done.output


def document(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, (arguments, done.output)
    return json.loads(done.stdout)
