"""`sodate playbook apply` against a real table model (moto): publish, repeat, change, retire, override."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from sodate.authoring.apply import apply_directory
from sodate.authoring.check import check
from sodate.authoring.plan import make_plan
from sodate.authoring.release import schema_digest, written_by
from sodate.authoring.sender_identity import missing_parts, sender_of
from sodate.dynamodb import table
from sodate.email.content.template import Template
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.forms.definition import Form
from sodate.playbook.problem import PlaybookInvalid
from sodate.playbook.store import DefinitionItem, Definitions, Kind
from sodate.sales.definition import Sales
from sodate_cli.playbook.commands import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.support.tables import create_table, moto_table

SAMPLE = Path(__file__).parents[2] / "playbooks" / "b2b-ja"
NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
KINDS: tuple[Kind, ...] = (
    "template", "mailing", "sales", "rules", "tracking", "segments", "sequence", "broadcast", "form", "campaign",
    "attribution",
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "ap-northeast-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto_table("playbook-test"):
        yield


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "playbook"))


def answer_for_services(monkeypatch: pytest.MonkeyPatch, fake: Callable[[], Any]) -> None:
    """Every service but the table answers as `fake`."""
    real = boto3.client
    monkeypatch.setattr(boto3, "client", lambda name, **given: real(name, **given) if name == "dynamodb" else fake())


def live_ids() -> set[tuple[str, str]]:
    return {(kind, stored.id) for kind in KINDS for stored in Definitions().all_live(kind)}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_definition_of_the_sample_is_live_after_apply_and_each_room_can_read_its_own() -> None:
    applied = apply_directory(SAMPLE, now=NOW)

    assert {one.what for one in applied} == {"added"}
    assert live_ids() == {(one.kind, one.id) for one in applied}
    store = Definitions()
    assert Form.model_validate(store.live("form", "demo").body).consent is not None
    template = Template.model_validate(store.live("template", "materials-3-pricing").body)
    assert "{{ unsubscribe_url }}" in template.html
    assert "{{ unsubscribe_url }}" in template.text


def test_whoever_reads_a_definition_finds_what_it_refers_to_because_referred_kinds_are_written_first() -> None:
    kinds = [one.kind for one in apply_directory(SAMPLE, now=NOW)]

    assert list(dict.fromkeys(kinds)) == list(KINDS)


def test_applying_the_same_playbook_twice_changes_nothing() -> None:
    first = apply_directory(SAMPLE, now=NOW)
    second = apply_directory(SAMPLE, now=NOW)

    assert {one.what for one in second} == {"unchanged"}
    assert [one.version for one in first] == [one.version for one in second]
    assert make_plan(check(SAMPLE), NOW).changes == []


def test_a_changed_file_becomes_the_next_version_and_the_plan_says_so_before(playbook: Path) -> None:
    apply_directory(playbook, now=NOW)
    edit(playbook / "sequences/materials-follow-up.yaml", "business_days: 7", "business_days: 10")

    (change,) = make_plan(check(playbook), NOW).changes
    assert (change.kind, change.id, change.live_version) == ("sequence", "materials-follow-up", 1)
    assert [(f.field, f.before, f.after) for f in change.fields] == [("steps[pricing].delay.business_days", 7, 10)]
    assert "people already in it finish version 1" in change.affects[0]

    changed = [one for one in apply_directory(playbook, now=NOW) if one.what != "unchanged"]
    assert [(one.id, one.version) for one in changed] == [("materials-follow-up", 2)]


@pytest.mark.parametrize(("now", "is_over"), [(NOW, False), (datetime(2026, 12, 5, tzinfo=UTC), True)])
def test_a_schedule_that_is_past_is_a_note_in_the_plan(playbook: Path, now: datetime, is_over: bool) -> None:
    schedule = "{ every: day, at: '09:00', starting: 2026-11-20, until: 2026-12-04 }"
    entry = f"entry: [{{ schedule: {schedule}, segment: asleep }}]"
    scenario = f"id: x\nstatus: published\ntopic: product-news\n{entry}\nsteps: [{{ id: a, end: done }}]\n"
    (playbook / "scenarios/x.yaml").write_text(scenario, encoding="utf-8")
    (broadcast,) = (playbook / "broadcasts").glob("*.yaml")
    head, _, rest = broadcast.read_text(encoding="utf-8").partition("recurrence:")
    rest = "".join(line for line in rest.splitlines(keepends=True)[1:] if not line.startswith(" "))
    broadcast.write_text(f"{head}once: 2026-12-04T10:00\n{rest}", encoding="utf-8")
    changes = {change.id: change.affects for change in make_plan(check(playbook), now=now).changes}
    assert any("never happens again" in note for note in changes["x"]) == is_over
    assert any(note.startswith("once: it is past") for note in changes[broadcast.stem]) == is_over


def test_web_developers_and_the_wording_of_consent_are_named_in_the_plan(playbook: Path) -> None:
    apply_directory(playbook, now=NOW)
    form = playbook / "forms/demo.yaml"
    edit(form, "  - name: start_date\n    type: date", "  - name: wanted_on\n    type: date\n    required: true")
    edit(form, "配信はいつでも停止できます。", "いつでも停止できます。")

    (change,) = make_plan(check(playbook), NOW).changes
    assert "web developers: field added: wanted_on (required)" in change.affects
    assert "web developers: field removed: start_date" in change.affects
    assert any("consent wording changes" in note for note in change.affects)


def test_what_the_playbook_no_longer_has_stays_live_unless_retire_is_asked_for(playbook: Path) -> None:
    apply_directory(playbook, now=NOW)
    for gone in ("sequences/demo-preparation.yaml", "templates/demo-1-prepare.yaml", "templates/demo-1-prepare.mjml"):
        (playbook / gone).unlink()

    plan = make_plan(check(playbook), NOW)
    assert plan.changes == []
    assert {(c.kind, c.id) for c in plan.left} == {("sequence", "demo-preparation"), ("template", "demo-1-prepare")}
    apply_directory(playbook, now=NOW)
    assert ("sequence", "demo-preparation") in live_ids()

    retired = [one for one in apply_directory(playbook, now=NOW, retire=True) if one.what == "retired"]
    assert [one.kind for one in retired] == ["sequence", "template"]
    with pytest.raises(NotFound):
        Definitions().live("sequence", "demo-preparation")
    assert Definitions().version("sequence", "demo-preparation", 1).body["id"] == "demo-preparation"


def test_a_retired_definition_that_comes_back_is_live_again(playbook: Path) -> None:
    apply_directory(playbook, now=NOW)
    kept = (playbook / "sequences/demo-preparation.yaml").read_text(encoding="utf-8")
    (playbook / "sequences/demo-preparation.yaml").unlink()
    apply_directory(playbook, now=NOW, retire=True)
    (playbook / "sequences/demo-preparation.yaml").write_text(kept, encoding="utf-8")

    apply_directory(playbook, now=NOW)

    assert ("sequence", "demo-preparation") in live_ids()


def test_overrides_reach_every_form_and_the_webhook_and_are_checked_like_written_values() -> None:
    overrides = {"sales.webhook.url": "http://127.0.0.1:8025/sales", "forms.*.origins": ["http://localhost:3000"]}
    apply_directory(SAMPLE, now=NOW, overrides=overrides)

    store = Definitions()
    assert Sales.model_validate(store.live("sales").body).webhook.url == "http://127.0.0.1:8025/sales"  # type: ignore[union-attr]
    assert {tuple(form.body["origins"]) for form in store.all_live("form")} == {("http://localhost:3000",)}
    with pytest.raises(PlaybookInvalid, match=r"sales\.yaml:\d+: webhook\.url"):
        apply_directory(SAMPLE, now=NOW, overrides={"sales.webhook.url": "ftp://no"})


def test_a_playbook_with_an_error_writes_nothing(playbook: Path) -> None:
    edit(playbook / "forms/demo.yaml", "type: date", "type: dat")

    with pytest.raises(PlaybookInvalid, match="did you mean `date`"):
        apply_directory(playbook, now=NOW)
    assert live_ids() == set()


def test_the_command_plans_applies_and_says_versions_as_json() -> None:
    options = [str(SAMPLE), "--table", "playbook-test", "--region", "ap-northeast-1", "--json"]
    planned = CliRunner().invoke(app, ["plan", *options])
    applied = CliRunner().invoke(app, ["apply", *options, "--yes"])
    again = CliRunner().invoke(app, ["plan", *options])

    assert (planned.exit_code, applied.exit_code, again.exit_code) == (0, 0, 0), applied.output
    assert {change["what"] for change in json.loads(planned.stdout)["changes"]} == {"added"}
    assert {one["version"] for one in json.loads(applied.stdout)["applied"]} == {1}
    assert json.loads(again.stdout)["changes"] == []


def test_the_command_asks_before_it_publishes_and_no_means_nothing_is_written() -> None:
    options = [str(SAMPLE), "--table", "playbook-test", "--region", "ap-northeast-1"]
    asked = CliRunner().invoke(app, ["apply", *options], input="n\n")

    assert asked.exit_code == 1
    assert "+ form demo" in asked.output
    assert live_ids() == set()
    assert CliRunner().invoke(app, ["apply", *options, "--yes"]).exit_code == 0
    assert ("form", "demo") in live_ids()


class Aws:
    """CloudFormation (moto's needs a package that we do not have) and SES, where every identity asked for is known."""

    def __init__(self, outputs: dict[str, str] | None) -> None:
        self._outputs = outputs
        self.verified: list[str] = []

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:
        return IN_ORDER

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Arn": "arn:aws:iam::123456789012:user/editor"}

    def create_email_identity(self, EmailIdentity: str) -> None:
        self.verified.append(EmailIdentity)

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._outputs is None:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"{StackName} does not exist"}}, "DescribeStacks"
            )
        outputs = [{"OutputKey": name, "OutputValue": value} for name, value in self._outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


@pytest.mark.parametrize(
    ("outputs", "warns"),
    [
        ({"PlaybookSchema": "of another release"}, True),
        ({"PlaybookSchema": schema_digest()}, False),
        ({"Other": "x"}, False),
        (None, False),
    ],
)
def test_plan_and_apply_warn_when_the_functions_were_deployed_from_another_release(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str] | None, warns: bool
) -> None:
    create_table("sodate-dev")
    answer_for_services(monkeypatch, lambda: Aws(outputs))
    for command in (["plan"], ["apply", "--yes"]):
        shown = CliRunner().invoke(app, [*command, str(SAMPLE), "--stage", "dev"])
        assert shown.exit_code == 0, shown.output
        assert ("deploy first" in shown.stderr) is warns


def test_each_version_names_the_release_that_checked_it() -> None:
    apply_directory(SAMPLE, now=NOW)
    versions = [item for item in table.query(DefinitionItem, "DEFINITION#rules") if item.body]
    assert [item.written_by for item in versions] == [written_by()]
    assert schema_digest() in written_by()


def test_each_version_names_the_person_who_applied_it(monkeypatch: pytest.MonkeyPatch) -> None:
    create_table("sodate-dev")
    answer_for_services(monkeypatch, lambda: Aws({}))
    assert CliRunner().invoke(app, ["apply", "--yes", str(SAMPLE), "--stage", "dev"]).exit_code == 0
    live = Definitions().live("template", "materials-3-pricing")
    assert live.applied_by == "arn:aws:iam::123456789012:user/editor"


# -- may SES send in its name? -----------------------------------------------------------------------------------------


IN_ORDER = {
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
    "MailFromAttributes": {"MailFromDomain": "bounce.mail.example.jp", "MailFromDomainStatus": "SUCCESS"},
}


class Ses(Aws):
    """Knows one identity."""

    def __init__(self, name: str, answer: dict[str, Any] | Exception) -> None:
        super().__init__({})
        self.name, self.answer = name, answer

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        if EmailIdentity != self.name:
            raise ClientError({"Error": {"Code": "NotFoundException", "Message": "none"}}, "GetEmailIdentity")
        return self.answer


@cache
def sender() -> Mailing:
    mailing = sender_of(check(SAMPLE))
    assert mailing is not None
    return mailing


def sender_domain() -> str:
    return sender().sender.from_address.rpartition("@")[2]


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetEmailIdentity")


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        (None, IN_ORDER, []),
        ("parent", IN_ORDER, []),
        ("another.example", IN_ORDER, ["has no identity"]),
        (None, {**IN_ORDER, "VerifiedForSendingStatus": False}, ["not verified"]),
        (None, {**IN_ORDER, "DkimAttributes": {"SigningEnabled": True, "Status": "PENDING"}}, ["DKIM of", "PENDING"]),
        (None, {**IN_ORDER, "DkimAttributes": {}}, ["DKIM of", "not set up"]),
        (None, {**IN_ORDER, "MailFromAttributes": {}}, ["no MAIL FROM domain"]),
        (
            None,
            {**IN_ORDER, "MailFromAttributes": {"MailFromDomain": "b.x", "MailFromDomainStatus": "FAILED"}},
            ["b.x is FAILED"],
        ),
        (None, DENIED, ["could not be asked"]),
    ],
)
def test_what_ses_lacks_is_named(name: str | None, answer: dict[str, Any] | Exception, said: list[str]) -> None:
    domain = sender_domain()
    known = {None: domain, "parent": domain.split(".", domain.count(".") - 1)[-1]}.get(name, name)
    found = missing_parts(Ses(str(known), answer), sender())
    assert len(found) == bool(said)
    assert all(word in found[0] for word in said)


@pytest.mark.parametrize("is_known", [True, False])
def test_plan_and_apply_say_what_ses_lacks_before_anything_is_published(
    monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    create_table("sodate-dev")
    answer_for_services(monkeypatch, lambda: Ses(sender_domain() if is_known else "another.example", IN_ORDER))
    for command in (["plan"], ["apply", "--yes"]):
        shown = CliRunner().invoke(app, [*command, str(SAMPLE), "--stage", "dev"])
        assert shown.exit_code == 0, shown.output
        assert shown.stderr.count("warning:") == (not is_known)
        assert ("has no identity" in " ".join(shown.stderr.split())) == (not is_known)


def test_apply_verifies_the_sender_of_an_own_playbook_on_the_local_cloud(
    monkeypatch: pytest.MonkeyPatch, playbook: Path
) -> None:
    edit(playbook / "playbook.yaml", sender_domain(), "mail.own-company.example")
    ses = Aws({})
    monkeypatch.setattr(boto3, "client", lambda service, **_: ses)
    where = Target("local", "playbook-test", "ap-northeast-1", endpoints={"mailbox": "http://localhost:1"})
    monkeypatch.setattr("sodate_cli.target.connect", lambda *_, **__: where)
    shown = CliRunner().invoke(app, ["apply", str(playbook), "--yes"])
    assert shown.exit_code == 0, shown.output
    assert "mail.own-company.example" in ses.verified


ON_TEST = ["--table", "playbook-test", "--region", "ap-northeast-1"]


def test_a_setting_is_stored_for_the_stage_shown_in_each_plan_and_kept_when_the_next_apply_forgets_it() -> None:
    set_once = ["--set", "mailing.sender.from_address=news@example.com"]
    first = CliRunner().invoke(app, ["apply", str(SAMPLE), *ON_TEST, *set_once, "--yes"])
    forgotten = CliRunner().invoke(app, ["plan", str(SAMPLE), *ON_TEST])
    again = CliRunner().invoke(app, ["apply", str(SAMPLE), *ON_TEST, "--yes"])

    assert (first.exit_code, forgotten.exit_code, again.exit_code) == (0, 0, 0), again.output
    assert "mailing.sender.from_address = news@example.com" in forgotten.stderr
    assert "Nothing changes." in forgotten.stdout
    assert Definitions().live("mailing").body["sender"]["from_address"] == "news@example.com"


def test_a_setting_that_is_unset_is_gone_and_the_file_counts_again() -> None:
    options = [str(SAMPLE), *ON_TEST]
    CliRunner().invoke(app, ["apply", *options, "--set", "mailing.sender.from_address=news@example.com", "--yes"])
    unset = CliRunner().invoke(app, ["apply", *options, "--unset", "mailing.sender.from_address", "--yes"])
    twice = CliRunner().invoke(app, ["plan", *options, "--unset", "mailing.sender.from_address"])

    assert unset.exit_code == 0, unset.output
    assert Definitions().live("mailing").body["sender"]["from_address"] == "news@mail.example.jp"
    assert twice.exit_code == 1
    assert "this stage has no such setting; it has: none" in twice.stderr


def test_a_stored_setting_that_no_longer_fits_names_the_way_to_forget_it(playbook: Path) -> None:
    CliRunner().invoke(app, ["apply", str(playbook), *ON_TEST, "--set", "broadcasts.monthly-news.title=News", "--yes"])
    file = playbook / "broadcasts" / "monthly-news.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("id: monthly-news\n", "id: weekly-news\n"), encoding="utf-8"
    )
    planned = CliRunner().invoke(app, ["plan", str(playbook), *ON_TEST])

    assert planned.exit_code == 1
    assert "--unset 'broadcasts.monthly-news.title'" in planned.stdout


def test_no_setting_is_no_definition_and_a_plan_with_retire_keeps_the_settings() -> None:
    apply_directory(SAMPLE, now=NOW)
    assert not Definitions().all_live("overrides")
    options = [str(SAMPLE), *ON_TEST]
    CliRunner().invoke(app, ["apply", *options, "--set", "forms.*.origins=[https://a.jp]", "--yes"])
    CliRunner().invoke(app, ["apply", *options, "--retire", "--yes"])
    assert Definitions().live("overrides").body == {"settings": {"forms.*.origins": ["https://a.jp"]}}
