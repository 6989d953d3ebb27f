"""`sodate local …` as a person or a program meets it: help, exit codes, JSON."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sodate_cli.local import commands, mail_commands, process
from sodate_cli.local.folder import LocalFolder
from sodate_cli.local.server import LocalServices
from sodate_cli.local.web import serve
from sodate_cli.main import app
from typer.main import get_command
from typer.testing import CliRunner

ALL = ["up", "down", "status", "advance", "reply"]
MAIL = ["list", "show", "open", "click", "bounce", "complain", "unsubscribe", "reply"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".local").mkdir()
    for module in (commands, mail_commands):
        monkeypatch.setattr(module, "repository", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def mailbox(checkout: Path) -> Iterator[LocalServices]:
    """Our own server inside this process; the pid file says so."""
    folder = LocalFolder.of(checkout)
    services = LocalServices(folder.root)
    services.simulator.identities = ("example.jp",)
    server = serve(services.router, 0)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    document = {"pid": os.getpid(), "started": process.birth_of(os.getpid()), "port": server.server_port}
    folder.pid_file("server").write_text(json.dumps(document))
    yield services
    server.shutdown()
    server.server_close()


def sodate(*words: str) -> Result:
    return CliRunner().invoke(app, ["local", *words])


def send(services: LocalServices, html: str = '<a href="https://example.jp/a">A</a>') -> str:
    simple: dict[str, Any] = {"Subject": {"Data": "[bold]資料[/bold]"}, "Body": {"Html": {"Data": html}}}
    request = {"FromEmailAddress": "=?utf-8?b?6IKy44Gm?= <news@example.jp>", "Content": {"Simple": simple}}
    return services.simulator.send_email(request | {"Destination": {"ToAddresses": ["taro@example.jp"]}})


@pytest.mark.parametrize("words", [[one] for one in ALL] + [["mail", one] for one in MAIL])
def test_every_command_explains_itself_with_an_example_and_offers_json(words: list[str]) -> None:
    command: Any = get_command(app)
    for word in ["local", *words]:
        command = command.commands[word]
    assert f"Example: sodate local {' '.join(words)}" in command.help
    assert any("--json" in parameter.opts for parameter in command.params)


def test_status_of_nothing_is_exit_code_3_and_still_a_document(checkout: Path) -> None:
    result = sodate("status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["state"] == "down"


def test_down_of_nothing_is_fine(checkout: Path) -> None:
    result = sodate("down", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"state": "down", "stopped": []}


def test_advance_refuses_a_wrong_span_before_it_looks_for_anything(checkout: Path) -> None:
    result = sodate("advance", "soon")
    assert result.exit_code == 2
    assert "1d12h" in result.stderr


def test_advance_without_a_stage_says_what_to_do_and_leaves_the_clock_alone(checkout: Path) -> None:
    result = sodate("advance", "3d")
    assert result.exit_code == 3
    assert "sodate local up" in result.stderr
    assert not LocalFolder.of(checkout).clock_file.exists()


@pytest.mark.parametrize("words", [["list"], ["show", "--to", "a@example.jp"], ["click", "--id", "x"]])
def test_mail_without_a_mailbox_is_exit_code_3(checkout: Path, words: list[str]) -> None:
    result = sodate("mail", *words)
    assert result.exit_code == 3
    assert "sodate local up" in result.stderr


@pytest.mark.loopback
def test_mail_is_listed_and_shown_with_markup_printed_literally(mailbox: LocalServices) -> None:
    message_id = send(mailbox)
    listed = json.loads(sodate("mail", "list", "--json").stdout)["messages"]
    assert [(one["id"], one["from"]) for one in listed] == [(message_id, "育て <news@example.jp>")]
    shown = sodate("mail", "show", "--to", "taro@example.jp")
    assert shown.exit_code == 0
    assert "[bold]" in shown.stdout


@pytest.mark.loopback
def test_acting_on_the_newest_mail_to_an_address(mailbox: LocalServices) -> None:
    send(mailbox)
    newest = send(mailbox)
    for words in (["open"], ["click"], ["bounce", "--kind", "mailbox-full"], ["complain"]):
        assert sodate("mail", *words, "--to", "taro@example.jp").exit_code == 0
    kinds = [event["eventType"] for event in mailbox.simulator.history(newest)][2:]
    assert kinds == ["Open", "Click", "Bounce", "Complaint"]


@pytest.mark.loopback
def test_a_link_can_be_named_by_a_part_of_it_if_the_part_is_unambiguous(mailbox: LocalServices) -> None:
    message_id = send(mailbox, '<a href="https://example.jp/price">a</a><a href="https://example.jp/price/2">b</a>')
    ambiguous = sodate("mail", "click", "--id", message_id, "--link", "example.jp")
    assert ambiguous.exit_code == 4
    assert sodate("mail", "click", "--id", message_id, "--link", "https://example.jp/price").exit_code == 0
    assert sodate("mail", "click", "--id", message_id, "--link", "/2").exit_code == 0
    links = [event["click"]["link"] for event in mailbox.simulator.history(message_id)[2:]]
    assert links == ["https://example.jp/price", "https://example.jp/price/2"]


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "--to", "nobody@example.jp"], 4),
        (["show", "--id", "none"], 4),
        (["open"], 2),
        (["unsubscribe", "--to", "taro@example.jp"], 1),
        (["bounce", "--to", "taro@example.jp", "--kind", "odd"], 1),
    ],
)
def test_what_cannot_be_done_has_its_exit_code(mailbox: LocalServices, words: list[str], code: int) -> None:
    send(mailbox)
    result = sodate("mail", *words)
    assert result.exit_code == code
    assert result.stderr.startswith("sodate: ")
