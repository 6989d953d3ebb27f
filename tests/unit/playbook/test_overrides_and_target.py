"""Values set from outside, and the choice of the table to work on."""

import json
import os
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws
from pynamodb.exceptions import QueryError
from sodate.authoring.check import check
from sodate.authoring.diff import changes, short, short_pair
from sodate.authoring.override import parse_settings
from sodate.dynamodb import table
from sodate.errors import Invalid, NotFound, Transient
from sodate_cli import main
from sodate_cli.playbook.commands import app
from sodate_cli.target import STAGE_NAME, connect, explain
from typer.testing import CliRunner

LOCAL = {
    "api": "http://localhost:4566/x",
    "mailbox": "http://localhost:8025",
    "aws": "http://127.0.0.1:4566",
    "region": "ap-northeast-1",
    "table": "sodate-local",
    "bus": "sodate-local",
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What `connect` writes into the process is taken back after each test."""
    names = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name in (*names, "AWS_PROFILE", "AWS_SESSION_TOKEN", "SODATE_CLOCK_FILE"):
        monkeypatch.setenv(name, "before")
        if name.startswith(("AWS_ENDPOINT", "AWS_PROFILE", "SODATE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SODATE_LOCAL", str(tmp_path / ".local"))


def test_an_override_is_one_value_for_one_file_or_for_all_of_a_kind(small: Path) -> None:
    checked = check(small, {"forms.*.origins": ["http://localhost:1"], "sequences.follow.status": "paused"})

    assert checked.ok
    assert checked.playbook.forms[0].model.origins == ("http://localhost:1",)  # type: ignore[union-attr]
    assert checked.playbook.sequences[0].model.status == "paused"  # type: ignore[union-attr]


def test_an_override_may_add_what_is_not_written(small: Path) -> None:
    assert check(small, {"sales.webhook.url": "https://hooks.example.jp/"}).ok


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("sales.webhok.url", "schema"),
        ("forms.demo.origins", "override"),
        ("sender.name", "override"),
        ("mailing.sender.name.x", "override"),
    ],
)
def test_an_override_that_is_misspelt_or_changes_nothing_is_an_error(small: Path, path: str, rule: str) -> None:
    checked = check(small, {path: "x"})

    assert not checked.ok
    assert [problem.rule for problem in checked.problems] == [rule]


def test_an_override_for_a_kind_that_the_playbook_lacks_is_only_a_warning(small: Path) -> None:
    (small / "sales.yaml").unlink()
    checked = check(small, {"sales.webhook.url": "https://hooks.example.jp/"})

    assert [(p.rule, p.severity) for p in checked.problems] == [("override", "warning")]


def test_values_on_the_command_line_are_yaml() -> None:
    wanted = {"forms.*.origins": ["http://localhost:1", "http://localhost:2"], "rules.hot.threshold": 5}
    assert (
        parse_settings(["forms.*.origins=[http://localhost:1, http://localhost:2]", "rules.hot.threshold=5"]) == wanted
    )


@pytest.mark.parametrize("setting", ["nonsense", "a.b=1", "=1", "rules.hot=[", ""])
def test_a_setting_that_cannot_be_read_says_how_to_write_it(setting: str) -> None:
    with pytest.raises(Invalid, match="write PATH=VALUE"):
        parse_settings([setting])


def test_without_a_stage_the_local_cloud_is_meant_when_it_runs(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/endpoints.json").write_text(
        json.dumps(LOCAL | {"access_key_id": "AK", "secret_access_key": "SK"})
    )

    target = connect()

    assert (target.stage, target.table, target.endpoint) == ("local", "sodate-local", "http://127.0.0.1:4566")
    assert table.name() == "sodate-local"
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]) == ("AK", "SK")
    assert "AWS_SESSION_TOKEN" not in os.environ
    assert os.environ["AWS_REGION"] == "ap-northeast-1"


def test_the_local_cloud_brings_its_webhook_and_its_clock(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(
        json.dumps(LOCAL | {"sink": "http://localhost:8025/sink", "clock_file": "/x/clock.json"})
    )

    assert connect("local", endpoints_file=tmp_path / "e.json").overrides == {
        "sales.webhook.url": "http://localhost:8025/sink/sales"
    }
    assert os.environ["SODATE_CLOCK_FILE"] == "/x/clock.json"


def test_a_stage_on_aws_leaves_endpoint_and_credentials_alone() -> None:
    target = connect("prod", region="us-east-1")

    assert (target.table, target.endpoint, target.overrides) == ("sodate-prod", None, {})
    assert "AWS_ENDPOINT_URL" not in os.environ
    assert os.environ["AWS_ACCESS_KEY_ID"] == "before"


def test_the_local_cloud_that_is_not_there_or_damaged_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="sodate local up"):
        connect("local")
    with pytest.raises(Invalid, match="which stage"):
        connect()
    for damaged in ("{", "[]", '{"aws": "x"}'):
        (tmp_path / "endpoints.json").write_text(damaged)
        with pytest.raises(Invalid, match="sodate local up"):
            connect("local", endpoints_file=tmp_path / "endpoints.json")


@pytest.mark.parametrize("name", ["Staging", "a/b", "x" * 17, "-a", ""])
def test_a_stage_that_no_deployment_can_have_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="1 to 16 of a-z"):
        connect(name, region="us-east-1")


def test_the_names_of_stages_are_those_that_can_be_deployed() -> None:
    from infra.stages import STAGE_NAME as DEPLOYED

    assert STAGE_NAME.pattern == DEPLOYED.pattern


@pytest.fixture
def no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation's answer for an unknown stack; moto's own needs packages that nothing else here needs."""
    cloudformation, client = Mock(), boto3.client
    missing = {"Error": {"Code": "ValidationError", "Message": "Stack with id Sodate-staging does not exist"}}
    cloudformation.describe_stacks.side_effect = ClientError(missing, "DescribeStacks")  # type: ignore[arg-type]
    monkeypatch.setattr(
        boto3, "client", lambda name, **more: cloudformation if name == "cloudformation" else client(name, **more)
    )


@pytest.mark.usefixtures("no_stack")
@pytest.mark.parametrize(
    "command",
    [
        ["lead", "show", "tanaka@sodate.test"],
        ["playbook", "plan", "{playbook}"],
        ["playbook", "apply", "{playbook}"],
        ["sends", "unknown"],
        ["quarantine", "list"],
    ],
)
def test_a_stage_that_is_not_there_is_told_in_one_line(
    command: list[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "ap-northeast-1")
    arguments = [small.as_posix() if word == "{playbook}" else word for word in command]
    with mock_aws():
        result = CliRunner().invoke(main.app, [*arguments, "--stage", "staging"])

    assert result.exit_code not in (0, None)
    assert isinstance(result.exception, SystemExit), "a traceback"
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert lines
    assert lines[0].startswith("sodate: ")
    assert "staging" in result.stderr


def test_credentials_that_are_missing_are_told_as_aws_does() -> None:
    try:
        try:
            raise NoCredentialsError
        except NoCredentialsError as lost:
            raise QueryError("query", cause=lost) from lost
    except QueryError as failed:
        error = Transient("the table did not answer: QueryError")
        error.__cause__ = failed
    assert explain(error) == "AWS cannot be asked: Unable to locate credentials"


def test_commands_say_what_is_wrong_in_one_line(small: Path) -> None:
    for arguments, words in [
        (["plan", str(small)], "which stage"),
        (["check", str(small), "--set", "x"], "write PATH=VALUE"),
        (["apply", str(small), "--json"], "add --yes"),
    ]:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code in (1, 2)
        assert words in result.output
        assert "Traceback" not in result.output


def test_entries_of_a_list_are_compared_by_their_own_name() -> None:
    before = {"fields": [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}], "x": [1]}
    after = {"fields": [{"name": "c", "type": "date"}, {"name": "a", "type": "phone"}], "x": [1, 2]}

    found = {(c.field, short(c.before), short(c.after)) for c in changes(before, after)}

    assert found == {
        ("fields[a].type", "text", "phone"),
        ("fields[b]", "{name: b, type: text}", "–"),
        ("fields[c]", "–", "{name: c, type: date}"),
        ("x", "[1]", "[1, 2]"),
    }


def test_a_new_order_is_a_change() -> None:
    one, two = {"id": "one"}, {"id": "two"}

    assert [(c.field, c.after) for c in changes([one, two], [two, one], "phases")] == [
        ("phases (order)", ["two", "one"])
    ]


def test_a_long_text_is_shown_where_it_begins_to_differ() -> None:
    same = "x" * 500

    assert short_pair(f"{same} old end", f"{same} new end") == ("…xxxxxxxxxxx old end", "…xxxxxxxxxxx new end")
    assert short_pair("old", "new") == ("old", "new")
