"""`sodate tracking`: the script tag, the notice, a visitor; and `check` of tracking.yaml."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sodate.authoring.apply import apply_directory
from sodate.authoring.check import check
from sodate.consent.links import without_visitor
from sodate.email.content.visitor_links import in_html, in_text
from sodate.playbook.store import Definitions
from sodate.tracking.forget import forget_visits, visits_of_lead
from sodate_cli import tracking as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.support.step_mail import step_mail_playbook
from tests.support.web import SITE, TRACKING, Visitor, publish
from tests.support.world import TABLE

URL = "https://go.example.jp"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as world:
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "outputs", lambda _: {"ApiUrl": URL})
        publish(world, consent="required", tokens_in_links=True)
        yield world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["tracking", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.output


def test_the_tag_and_the_policy_of_the_website(stage: QuickWorld) -> None:
    shown = run("snippet", "--json")
    assert shown["tag"] == (
        f'<script src="{URL}/sodate.js" async data-consent="required"'
        ' data-downloads="pdf,zip,xlsx,docx,pptx,csv"></script>'
    )
    assert shown["content_security_policy"] == f"script-src {URL}; connect-src {URL}"
    publish(stage, consent="not_required")
    assert "data-consent" not in run("snippet")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_notice_says_what_the_playbook_makes_the_beacon_send_and_no_more(stage: QuickWorld, language: str) -> None:
    full = run("notice", "--language", language)
    wanted = ("www.example.jp", "go.example.jp", "90", "header-demo", "plan-chosen", "seats", "Global Privacy Control")
    for part in wanted:
        assert part in full, part
    publish(stage, consent="not_required", ctas=[], events=[], download_extensions=[], retention_days=7)
    bare = run("notice", "--language", language, "--json")["markdown"]
    assert not [part for part in ("header-demo", "plan-chosen") if part in bare]
    assert bare.count("\n- ") < full.count("\n- ") - 3
    signed = {"ja": "署名付き", "en": "signed"}[language]
    assert (signed in full, signed in bare) == (True, False)


def test_bad_arguments_are_one_line(stage: QuickWorld) -> None:
    assert run("notice", "--language", "fr", code=2).count("\n") == 1
    assert run("visitor", "nobody", code=2).count("\n") == 1
    assert run("visitor", "0" * 32, code=4).count("\n") == 1
    Definitions().retire("tracking", "default", stage.now)
    assert "no live tracking" in run("snippet", code=4)


def test_a_playbook_directory_gives_tag_and_notice_too(stage: QuickWorld, tmp_path: Path) -> None:
    book = step_mail_playbook(tmp_path)
    (book / "tracking.yaml").unlink()
    assert "tracking.yaml" in run("notice", "--playbook", str(book), code=4)
    (book / "tracking.yaml").write_text(yaml.safe_dump(TRACKING))
    assert "www.example.jp" in run("notice", "--playbook", str(book), "--url", "https://x.example.jp/")
    assert 'src="https://x.example.jp/sodate.js"' in run(
        "snippet", "--playbook", str(book), "--url", "https://x.example.jp/"
    )


def test_what_is_kept_of_a_visitor_is_shown_exported_and_forgotten(stage: QuickWorld) -> None:
    publish(stage)
    visitor = Visitor(stage)
    lead = stage.join(_visitor=visitor.id)
    stage.advance(timedelta(minutes=5))
    visitor.send(visitor.view("/pricing?utm_source=mail"))
    shown = run("visitor", visitor.id, "--json")
    assert (shown["bound"]["lead"], shown["bound"]["by"]) == (lead, "form:request-materials")
    assert shown["sessions"][0]["pages"] == {"/pricing": 1}
    assert "mail" in run("visitor", visitor.id)
    assert [visit["pages"] for visit in visits_of_lead(lead)] == [{"/pricing": 1}]
    assert forget_visits(lead) == 3
    assert not [item for item in stage.items() if visitor.id in item["pk"] + item["sk"] and item["kind"] != "due"]
    assert forget_visits(lead) == 0


# -- check -------------------------------------------------------------------------------------------------------------


def found(book: Path, tracking: Any, when: str) -> list[tuple[str, str]]:
    (book / "tracking.yaml").write_text(yaml.safe_dump(tracking) if tracking is not None else "x: 1")
    (book / "segments.yaml").write_text(f"segments:\n  - id: web\n    when: {json.dumps(when)}\n")
    mine = [one for one in check(book).problems if one.file in ("tracking.yaml", "segments.yaml")]
    return [(one.rule, one.message) for one in mine]


def test_check_names_events_fields_and_pages_that_are_not_there(tmp_path: Path) -> None:
    book = step_mail_playbook(tmp_path)
    assert found(book, TRACKING, "did web_event(event = plan-chosen, plan = pro)") == []
    assert found(book, TRACKING, "did web_event(event = header-demo)") == []
    assert found(book, TRACKING, 'did page_viewed(page = "/pricing/x")') == []
    assert [rule for rule, _ in found(book, TRACKING, "did web_event(event = plan-chose)")] == ["event-exists"]
    assert [rule for rule, _ in found(book, TRACKING, "did web_event(size = 1)")] == ["event-field"]
    assert [rule for rule, _ in found(book, TRACKING, "did web_event(plan = gold)")] == ["event-field"]
    assert [rule for rule, _ in found(book, TRACKING, 'did page_viewed(page = "/blog")')] == ["page-tracked"]
    assert [rule for rule, _ in found(book, TRACKING, "did mail_clicked(event = header-demo)")] == ["activity-filter"]


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": []}, {"origins": ["https://www.example.jp/"]}, {"retention_days": 0}, {"consent": "maybe"},
        {"pages": [{"id": "a", "path": "pricing"}]}, {"pages": [{"id": "a", "path": "/a*b*c*"}]},
        {"pages": [{"id": "a", "path": "/a"}, {"id": "a", "path": "/b"}]},
        {"ctas": [{"id": "plan-chosen"}]}, {"events": [{"id": "a", "fields": [{"name": "x", "type": "text"}]}]},
        {"events": [{"id": "a", "fields": [{"name": "x", "type": "number", "values": ["1"]}]}]},
        {"events": [{"id": "a", "fields": [{"name": "x"}, {"name": "x"}]}]},
    ],
)  # fmt: skip
def test_what_tracking_yaml_may_not_say(tmp_path: Path, changes: Any) -> None:
    problems = found(step_mail_playbook(tmp_path), {**TRACKING, **changes}, "not blocked")
    assert problems, "it is refused, with a file and a line"


# -- links of emails ---------------------------------------------------------------------------------------------------


def test_marketing_emails_identify_their_reader_and_the_log_does_not_hold_how(
    stage: QuickWorld, tmp_path: Path
) -> None:
    book = step_mail_playbook(tmp_path)
    (book / "tracking.yaml").write_text(yaml.safe_dump({**TRACKING, "tokens_in_links": True}))
    apply_directory(book, now=stage.now)
    lead = stage.join()
    stage.advance(timedelta(days=5))
    mail = stage.mails_to("taro@example.jp")[1]
    link = next(link for link in mail.links if link.startswith(SITE))
    assert link.partition("sd_v=")[2], "a link of the website says who opens it"
    assert not [one for one in mail.links if "sd_v" in one and not one.startswith(SITE)]
    stage.ses.simulator.click(mail.message_id, link)
    stage.settle()
    (clicked,) = [one for one in stage.items("activity") if one["type"] == "mail_clicked"]
    assert clicked["about"]["link"] == without_visitor(link)
    visitor = Visitor(stage)
    visitor.send(visitor.view("/pricing"), token=link.partition("sd_v=")[2].partition("#")[0])
    stage.advance(timedelta(hours=1))
    assert [one["lead_id"] for one in stage.items("session")] == [lead]


def test_without_tokens_in_links_no_link_is_changed(stage: QuickWorld, tmp_path: Path) -> None:
    book = step_mail_playbook(tmp_path)
    (book / "tracking.yaml").write_text(yaml.safe_dump(TRACKING))
    apply_directory(book, now=stage.now)
    stage.join()
    stage.advance(timedelta(days=5))
    assert not [link for mail in stage.mails_to("taro@example.jp") for link in mail.links if "sd_v" in link]


@pytest.mark.parametrize(
    ("url", "tracked"),
    [
        (f"{SITE}/a", f"{SITE}/a?sd_v=T"), (SITE, f"{SITE}?sd_v=T"), (f"{SITE}/a?b=1#c", f"{SITE}/a?b=1&sd_v=T#c"),
        (f"{SITE}.evil.example/a", None), ("https://evil.example/?u=https://www.example.jp/", None),
        (f"{SITE}@evil.example/", None), (f"{SITE}/unsubscribe/abc", None), ("mailto:a@example.jp", None),
    ],
)  # fmt: skip
def test_only_links_to_the_own_site_get_a_token_and_they_lose_it_in_the_log(url: str, tracked: str | None) -> None:
    expected = tracked or url
    assert in_text(f"詳しくは{url} をご覧ください", [SITE], "T") == f"詳しくは{expected} をご覧ください"
    escaped = {True: url.replace("&", "&amp;"), False: expected.replace("&", "&amp;")}
    assert in_html(f'<a class="x" href="{escaped[True]}">y</a>', [SITE], "T") == (
        f'<a class="x" href="{escaped[False]}">y</a>'
    )
    assert without_visitor(expected) == url


def test_a_token_is_taken_out_of_a_link_wherever_it_stands() -> None:
    assert without_visitor("https://x/?sd_v=T&a=1#z") == "https://x/?a=1#z"
    assert without_visitor("https://x/?a=1&sd_v=T&b=2") == "https://x/?a=1&b=2"
    assert without_visitor("https://x/?a=sd_v") == "https://x/?a=sd_v"
