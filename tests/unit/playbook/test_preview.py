"""`sodate template`: an email as one lead would get it, by the code that sends it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring.check import check
from sodate.authoring.preview import Preview, preview, read_sample, write_preview
from sodate.errors import Invalid, NotFound
from sodate.leads.lead import Profile
from sodate_cli import templates as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

LEAD = """\
email: taro@example.jp
primary: { name: "<b>太郎", title: boss }
secondary: { plans: [basic, pro], count: 3 }
"""
NOBODY = Profile("l", "x@example.jp", "x@example.jp", "ja")


@pytest.fixture(autouse=True)
def without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SODATE_BROWSER", "/no/browser")


def lead(tmp_path: Path, text: str = LEAD) -> Path:
    (tmp_path / "lead.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "lead.yaml"


def shown(small: Path, template: str, profile: Profile = NOBODY) -> Preview:
    return preview(check(small), template, profile)


def test_values_are_merged_and_escaped_as_in_production(small: Path, tmp_path: Path) -> None:
    found = shown(small, "first", read_sample(lead(tmp_path)))
    assert found.email is not None
    assert "Hello &lt;b&gt;太郎, see" in found.email.html
    assert "Hello <b>太郎, see" in found.email.text
    assert "Example KK Tokyo 1-2-3" in found.email.text
    assert found.fields["lead.name"] == "<b>太郎"
    assert found.fields["unsubscribe_url"] == "https://preview.example/unsubscribe"


def test_a_lead_of_a_file_has_its_values_as_they_are_stored(tmp_path: Path) -> None:
    profile = read_sample(lead(tmp_path))
    assert (profile.address, profile.secondary) == ("taro@example.jp", {"plans": ["basic", "pro"], "count": 3})


def test_a_lead_without_a_value_gets_the_default_and_the_field_is_listed(small: Path) -> None:
    found = shown(small, "first")
    assert found.email is not None and "Hello you, see" in found.email.text
    assert found.fields["lead.name"] is None


def test_an_email_with_a_hole_is_refused_with_the_field(small: Path) -> None:
    body = small / "templates/first.mjml"
    body.write_text(body.read_text(encoding="utf-8").replace('lead.name | default: "you"', "lead.name"), "utf-8")
    found = shown(small, "first")
    assert found.email is None
    assert "lead.name" in found.refused
    assert write_preview(found, small / "out") == [] and not (small / "out").exists()


def test_a_transactional_email_knows_nothing_of_the_lead(small: Path, tmp_path: Path) -> None:
    found = shown(small, "confirm", read_sample(lead(tmp_path)))
    assert found.email is not None and 'href="https://preview.example/opt-in"' in found.email.html
    assert set(found.fields) == {"opt_in_url"}


def test_the_files_are_the_email_and_a_page_with_both_widths(small: Path, tmp_path: Path) -> None:
    found = shown(small, "first")
    files = write_preview(found, tmp_path / "new" / "out")
    assert [file.name for file in files] == ["first.html", "first.txt", "first.preview.html"]
    assert found.email is not None
    assert files[0].read_text(encoding="utf-8") == found.email.html
    assert files[1].read_text(encoding="utf-8") == f"Subject: Hello\n\n{found.email.text}"
    page = files[2].read_text(encoding="utf-8")
    assert page.count('<iframe sandbox src="first.html"') == 2
    assert 'width="1024"' in page and 'width="390"' in page


def test_an_unknown_and_a_broken_template_are_said(small: Path) -> None:
    with pytest.raises(NotFound, match="the playbook has: confirm, first"):
        shown(small, "frist")
    (small / "templates/first.mjml").write_text("<mjml>", encoding="utf-8")
    with pytest.raises(Invalid, match=r"templates/first.yaml or playbook.yaml has errors"):
        shown(small, "first")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("primary: { name: { a: b } }\n", ":1: primary.name"),
        ("email: a@example.jp\nprimray: {}\n", ":2: primray: unknown key `primray` (did you mean `primary`?)"),
        ("", "the file is empty"),
        ("primary: { Name: x }\n", ":1: primary"),
    ],
)
def test_a_wrong_lead_file_is_said_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read_sample(lead(tmp_path, text))
    assert says in str(caught.value)


def run(*arguments: Any, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["template", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.output


def test_the_command_lists_and_shows(small: Path, tmp_path: Path) -> None:
    assert [row["id"] for row in run("list", "--playbook", small, "--json")] == ["confirm", "first"]
    said = run("preview", "first", "--playbook", small, "--lead", lead(tmp_path), "--json")
    assert (said["subject"], said["refused"], said["fields"]["lead.name"]) == ("Hello", None, "<b>太郎")
    printed = run("preview", "first", "--playbook", small)
    assert "(no value)" in printed and "Subject: Hello" in printed and "Hello you" in printed
    assert str(tmp_path / "o") in run("preview", "first", "--playbook", small, "--out", tmp_path / "o").replace(
        "\n", ""
    )
    assert "the playbook has" in run("preview", "frist", "--playbook", small, code=4)
    assert "cannot be read" in run("preview", "first", "--playbook", small, "--lead", tmp_path / "none.yaml", code=1)


def test_open_shows_the_page_in_the_browser(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run("preview", "first", "--playbook", small, "--open")
    assert opened[0].startswith("file://")
    assert opened[0].endswith("first.preview.html")


def test_the_command_ends_with_one_when_the_lead_would_not_get_the_email(small: Path) -> None:
    file = small / "templates/first.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Hello", '"{{ lead.title }}"'), encoding="utf-8")
    assert "would not get the email" in run("preview", "first", "--playbook", small, code=1)


def test_the_lead_may_be_one_of_a_stage(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"lead-1": Profile("lead-1", "j@example.jp", "j@example.jp", "ja", {"name": "次郎"})}
    monkeypatch.setattr(command, "target", lambda stage: Target(stage or "", "table", None))
    monkeypatch.setattr(
        command, "find_lead", lambda address, where: {"j@example.jp-dev": "lead-1"}[f"{address}-{where.stage}"]
    )
    monkeypatch.setattr("sodate.leads.store.load_profile", lambda lead_id: found[lead_id])
    said = run("preview", "first", "--playbook", small, "--lead", "j@example.jp", "--stage", "dev", "--json")
    assert said["fields"]["lead.name"] == "次郎"


def test_control_characters_of_a_value_do_not_reach_the_terminal(small: Path, tmp_path: Path) -> None:
    path = lead(tmp_path, 'primary: { name: "a\\u001b[31m" }\n')
    assert "\x1b[31m" not in run("preview", "first", "--playbook", small, "--lead", path)


BROWSER = """\
#!{python}
import sys
from pathlib import Path
with Path({log!r}).open("a", encoding="utf-8") as log:
    print(*sys.argv[1:], Path(sys.argv[-1].removeprefix("file://")).read_text("utf-8"), file=log)
print("<html><head><title>{heights}</title>")
for option in sys.argv:
    if option.startswith("--screenshot="):
        Path(option.removeprefix("--screenshot=")).write_bytes(b"PNG")
"""


def a_browser(tmp_path: Path, heights: str = "700 20000") -> tuple[Path, Path]:
    """A program that is asked like Chromium, and what it writes down."""
    program, log = tmp_path / "browser", tmp_path / "log"
    program.write_text(BROWSER.format(python=sys.executable, log=str(log), heights=heights), "utf-8")
    program.chmod(0o755)
    return program, log


def test_a_browser_makes_a_picture_of_each_width_as_high_as_the_email(small: Path, tmp_path: Path) -> None:
    program, log = a_browser(tmp_path)
    out = tmp_path / "out"
    said = run("preview", "first", "--playbook", small, "--out", out, "--browser", program, "--json")
    assert [Path(file).name for file in said["files"][3:]] == ["first.desktop.png", "first.phone.png"]
    assert (out / "first.phone.png").read_bytes() == b"PNG"
    asked = log.read_text("utf-8")
    assert asked.count("--host-resolver-rules=MAP * ~NOTFOUND") == 3
    assert "--window-size=1024,700" in asked and "--window-size=390,16000" in asked
    assert asked.count('<iframe sandbox="allow-same-origin" srcdoc="') == 4 and "Hello you" in asked


@pytest.mark.parametrize("heights", ["", "700"])
def test_a_browser_that_fails_leaves_the_other_files(heights: str, small: Path, tmp_path: Path) -> None:
    program, _ = a_browser(tmp_path, heights)
    out = tmp_path / "out"
    said = run("preview", "first", "--playbook", small, "--out", out, "--browser", program)
    assert "No pictures" in said and "did not show the email" in " ".join(said.split())
    assert sorted(file.suffix for file in out.iterdir()) == [".html", ".html", ".txt"]


def test_a_browser_that_cannot_be_run_and_none_at_all_are_said(small: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/interpreter\n", "utf-8")
    broken.chmod(0o755)
    arguments = ("preview", "first", "--playbook", small, "--out", tmp_path / "out")
    assert "cannot be run" in " ".join(run(*arguments, "--browser", broken).split())
    assert "no Chromium or Chrome was found" in " ".join(run(*arguments).split())
