"""Whatever lies in the directory, `check` answers with problems and never with a stack trace."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sodate.authoring.check import check
from sodate.playbook.yamlfile import parse
from sodate_cli.playbook.commands import app
from typer.testing import CliRunner

FILES = {
    "empty": b"",
    "only a comment": b"# nothing\n",
    "binary": bytes(range(256)),
    "Shift_JIS": "sender: 育て".encode("shift_jis"),
    "UTF-16": "sender: 1".encode("utf-16"),
    "NUL": b"sender: \x00",
    "a list": b"- a\n- b\n",
    "a word": b"hello\n",
    "a tab": b"sender:\n\tname: x\n",
    "an open quote": b'sender: "x\n',
    "an alias that is not there": b"sender: *nothing\n",
    "an alias to itself": b"sender: &a [*a]\n",
    "an alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        f"{chr(c + 1)}: &{chr(c + 1)} [{','.join([f'*{chr(c)}'] * 9)}]\n".encode() for c in range(ord("a"), ord("i"))
    ),
    "huge nesting": b"a: " + b"[" * 100_000,
    "closed huge nesting": b"a: " + b"[" * 5_000 + b"]" * 5_000,
    "nested blocks": b"".join(b" " * depth + b"a:\n" for depth in range(500)),
    "10 MB": b"a: " + b"x" * 10_000_000,
    "many values": b"a: [" + b"1," * 100_000 + b"]",
    "a huge number": b"a: " + b"9" * 20_000,
    "an endless float": b"a: 1e999999999\nb: .inf\nc: .nan\n",
    "an impossible character": b'a: "\\U00110000"\n',
    "half a character": b'a: "\\ud800"\n"\\ud800": 1\n',
    "a python object": b"a: !!python/object/apply:os.system ['true']\n",
    "a directive": b"%YAML 9.9\n---\na: 1\n",
    "a byte order mark": b"\xef\xbb\xbfsender: 1\n",
    "a merge key": b"a: &a {b: 1}\nc: {<<: *a}\n",
}


@pytest.mark.parametrize("file", ["playbook.yaml", "forms/ask.yaml"])
@pytest.mark.parametrize("content", FILES, ids=str)
def test_a_bad_file_is_a_problem_of_that_file(file: str, content: str, small: Path) -> None:
    (small / file).write_bytes(FILES[content])
    checked = check(small)

    assert not checked.ok
    assert any(problem.file == file for problem in checked.problems)


@pytest.mark.parametrize("content", FILES, ids=str)
def test_a_bad_body_never_raises(content: str, small: Path) -> None:
    for file in ("templates/confirm.html", "templates/_footer.mjml"):
        (small / file).write_bytes(FILES[content][:400_000])

    assert not check(small).ok


def test_the_command_prints_problems_and_ends_with_one(small: Path) -> None:
    (small / "rules.yaml").write_bytes(FILES["half a character"])

    for options in ([], ["--json"]):
        result = CliRunner().invoke(app, ["check", str(small), *options])
        assert result.exit_code == 1
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "rules.yaml" in result.stdout


def test_a_symlink_out_of_the_directory_is_refused(small: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("secret", encoding="utf-8")
    (small / "templates/confirm.html").unlink()
    (small / "templates/confirm.html").symlink_to(secret)
    (small / "forms/link.yaml").symlink_to(tmp_path / "nowhere.yaml")

    messages = {problem.message for problem in check(small).problems}

    assert "`templates/confirm.html` lies outside the playbook directory" in messages
    assert any("forms/link.yaml" in message for message in messages)


def test_a_loop_of_symlinks_and_a_device_are_problems(small: Path) -> None:
    (small / "forms/loop.yaml").symlink_to(small / "forms/loop.yaml")
    os.mkfifo(small / "forms/pipe.yaml")

    files = {problem.file for problem in check(small).problems}

    assert {"forms/loop.yaml", "forms/pipe.yaml"} <= files


def test_a_directory_that_is_not_there_or_empty_is_a_problem(tmp_path: Path) -> None:
    assert [p.message for p in check(tmp_path / "no").problems] == ["is not a directory"]
    assert [p.message for p in check(tmp_path).problems] == ["there is no file `playbook.yaml`"]
    assert [p.rule for p in check(Path(__file__)).problems] == ["file"]


def test_a_file_that_nobody_reads_is_reported_and_hidden_ones_are_not(small: Path) -> None:
    (small / "templates/old.mjml").write_text("<mjml></mjml>", encoding="utf-8")
    (small / "form").mkdir()
    (small / "form/ask.yaml").write_text("id: x", encoding="utf-8")
    (small / ".DS_Store").write_bytes(b"x")
    (small / "README.md").write_text("read me", encoding="utf-8")

    found = {(p.file, p.rule, p.severity) for p in check(small).problems}

    assert found == {("templates/old.mjml", "unknown-file", "warning"), ("form/ask.yaml", "unknown-file", "warning")}


@given(st.text(max_size=300) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t\\0u", max_size=200))
@settings(max_examples=400, deadline=None)
def test_arbitrary_text_as_yaml_is_data_or_a_problem_and_never_raises(text: str) -> None:
    read = parse("x.yaml", text)

    assert all(problem.line >= 1 and problem.message for problem in read.problems)


@given(st.text(alphabet="ab<>/{}%|\"'= \nmj-text.", max_size=200))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_text_as_a_body_never_raises(small: Path, text: str) -> None:
    (small / "templates/confirm.html").write_text(text, encoding="utf-8")

    check(small)
