"""Any name is a stage; one that keeps its data needs real values; and a mistake is one line for a person."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra.app import _notes
from infra.config import DEV, PROD, MailIdentity, Stage, Throttle
from infra.stages import STAGE_NAME, StageInvalid, complete, has_placeholders, stage_named

ROOT = Path(__file__).resolve().parents[2]
STAGES = Path(__file__).with_name("stages.toml")
COMPLETE = """[{name}]
mail_identity = "mail.sodate.test"
alarm_email = "ops@sodate.test"
"""


def _file(folder: Path, text: str) -> Path:
    file = folder / "stages.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", ["staging", "qa", "x", "feature-12", "a234567890123456"])
def test_a_name_that_nobody_wrote_down_is_an_ephemeral_stage_like_dev(name: str, tmp_path: Path) -> None:
    assert stage_named(name, file=_file(tmp_path, "")) == replace(DEV, name=name)


@pytest.mark.parametrize("name", ["", "Staging", "-a", "a-", "1a", "a_b", "a/b", "a234567890123456x", "a\nb", "本番"])
def test_a_name_that_no_resource_could_have_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(StageInvalid, match="1 to 16 of a-z") as refused:
        stage_named(name)
    assert "\n" not in str(refused.value)


def test_the_longest_name_leaves_every_resource_a_name_that_aws_takes() -> None:
    longest = "a" * 16
    assert STAGE_NAME.fullmatch(longest)
    assert len(f"sodate-{longest}-imports-123456789012-ap-northeast-1") <= 63, "S3"
    assert len(f"sodate-{longest}-erasures-123456789012-ap-northeast-1") <= 63, "S3"
    assert len(f"sodate-{longest}-signing-key-rotation") <= 64, "Lambda"


def test_prod_as_it_is_delivered_is_refused_with_what_to_set_and_where(tmp_path: Path) -> None:
    with pytest.raises(StageInvalid) as refused:
        stage_named("prod", file=_file(tmp_path, ""))
    assert str(refused.value) == (
        "stage 'prod' keeps its data, so it needs your own values: set mail_identity, alarm_email "
        "under [prod] in stages.toml (docs/operations/deploy.md)"
    )


@pytest.mark.parametrize("key", ["mail_identity", "alarm_email"])
@pytest.mark.parametrize("name", ["prod", "staging"])
def test_a_stage_that_keeps_its_data_needs_each_of_the_companys_values(key: str, name: str, tmp_path: Path) -> None:
    lines = [line for line in COMPLETE.format(name=name).splitlines() if not line.startswith(key)]
    with pytest.raises(StageInvalid, match=f"set {key} under"):
        stage_named(name, file=_file(tmp_path, "\n".join([*lines, "retained = true"])))


def test_a_complete_stage_is_taken_from_the_file(tmp_path: Path) -> None:
    stage = stage_named("prod", file=_file(tmp_path, COMPLETE.format(name="prod")))
    assert stage == replace(
        PROD,
        mail_identity=MailIdentity("mail.sodate.test"),
        alarm_email="ops@sodate.test",
    )


@pytest.mark.parametrize(
    "value",
    ["example.co.jp", "dev.example.co.jp", "news@example.jp", "example.com", "mail.EXAMPLE.org", "shop.example"],
)
def test_names_that_documentation_may_use_are_placeholders(value: str) -> None:
    stage = replace(_complete(), mail_identity=MailIdentity(value))
    with pytest.raises(StageInvalid, match="mail_identity"):
        complete(stage)


@pytest.mark.parametrize("value", ["sodate.test", "news@myexample.co.jp", "example-shop.jp", "an.exampleshop.com"])
def test_names_that_only_look_like_them_are_not(value: str) -> None:
    assert not has_placeholders(replace(_complete(), mail_identity=MailIdentity(value)))


def test_dev_and_other_ephemeral_stages_may_have_placeholders_and_nobody_who_hears_their_alarms() -> None:
    assert complete(DEV) is DEV
    assert has_placeholders(DEV)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("senders_at_once = 1", r"\[prod\] senders_at_once = 1: write a whole number from 2 to 1000"),
        ("senders_at_once = true", "whole number"),
        ("log_retention_days = 31", "write one of 1, 7, 14, 30, 60, 90"),
        ("retained = 1", "write one of True, False"),
        ("events_window_s = 301", "from 0 to 300"),
        ("colour = 'red'", "colour is no setting; there are alarm_email"),
        ("origins = ['https://www.sodate.test']", "origins is no setting any more; delete the line: pages stand in"),
        ("sandbox_recipients = 'sodate.test'", "write a list"),
        ("public_url = 'https://go.sodate.test/'", "without a slash at its end"),
        ("mail_identity = 'a b'", "SES has verified"),
        ("alarm_email = 'nobody'", "one address"),
        ("region = 'tokyo'", "a region such as"),
        ("throttle = { burst = 1 }", "requests_per_second"),
        ("throttle = { requests_per_second = 0, burst = 1 }", "from 1 to 10000"),
        ("name = 'other'", "name is no setting"),
        ("= 1", "stages.toml is no TOML file"),
    ],
)
def test_a_wrong_line_in_the_file_is_told_with_its_stage_and_its_key(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StageInvalid, match=said) as refused:
        stage_named("prod", file=_file(tmp_path, f"[prod]\n{line}\n"))
    assert "\n" not in str(refused.value)


def test_every_setting_of_the_file_is_read(tmp_path: Path) -> None:
    text = COMPLETE.format(name="prod") + "\n".join(
        (
            "throttle = { requests_per_second = 7, burst = 9 }",
            "log_level = 'DEBUG'",
            "log_retention_days = 7",
            "region = 'eu-west-1'",
            "public_url = 'https://go.sodate.test'",
            "retained = false",
            "customer_managed_key = false",
            "reserve_concurrency = true",
            "senders_at_once = 3",
            "sandbox_recipients = ['me@sodate.test', 'other.test']",
            "events_window_s = 0",
            "announce_routine = true",
        )
    )
    stage = stage_named("prod", file=_file(tmp_path, text))
    assert stage.throttle == Throttle(7, 9)
    assert (stage.log_level, stage.log_retention_days, stage.region) == ("DEBUG", 7, "eu-west-1")
    assert (stage.retained, stage.customer_managed_key, stage.reserve_concurrency) == (False, False, True)
    assert (stage.senders_at_once, stage.events_window_s, stage.announce_routine) == (3, 0, True)
    assert stage.sandbox_recipients == ("me@sodate.test", "other.test")


def test_every_setting_has_a_line_in_the_docs() -> None:
    from infra.stages import SETTINGS

    text = (ROOT / "docs" / "operations" / "deploy.md").read_text()
    written = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    assert written == set(SETTINGS)


def test_a_stages_file_that_is_not_there_is_told() -> None:
    with pytest.raises(StageInvalid, match="is not there"):
        stage_named("prod", file=Path("nowhere.toml"))


def test_a_table_must_be_a_table(tmp_path: Path) -> None:
    with pytest.raises(StageInvalid, match=r"written \[prod\]"):
        stage_named("prod", file=_file(tmp_path, "prod = 1"))


def test_the_file_in_the_repository_changes_nothing_and_is_valid() -> None:
    assert stage_named("dev") == DEV


def test_a_first_deployment_protects_nothing_from_deletion_and_says_so() -> None:
    stage = stage_named("prod", file=STAGES, first_deploy=True)
    assert not stage.protected
    assert any("unprotected" in note for note in _notes(stage, STAGES))
    assert stage_named("prod", file=STAGES).protected


def test_a_name_out_of_nowhere_and_placeholders_are_noted() -> None:
    notes = _notes(stage_named("prdo", file=STAGES), STAGES)
    assert any("'prdo' is not in stages.toml" in note for note in notes)
    assert any("placeholders" in note for note in notes)
    assert _notes(stage_named("prod", file=STAGES), STAGES) == []


@pytest.mark.parametrize(("stage", "said"), [("prod", "keeps its data"), ("Staging!", "write 1 to 16 of a-z")])
def test_the_app_tells_it_in_one_line_without_a_traceback(stage: str, said: str, tmp_path: Path) -> None:
    context = f'{{"stage": "{stage}", "stages": "{_file(tmp_path, "")}"}}'
    command = [sys.executable, "-m", "infra.app"]
    environment = {**os.environ, "CDK_CONTEXT_JSON": context}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("sodate: ")]
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(lines) == 1
    assert said in lines[0]


def _complete() -> Stage:
    return stage_named("prod", file=STAGES)
