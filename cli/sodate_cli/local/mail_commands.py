"""`sodate local mail …`: the mailbox without a browser."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer
from sodate.errors import NotFound
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.local import process, services
from sodate_cli.local.folder import LocalFolder, repository
from sodate_cli.local.zone import local_times
from sodate_cli.output import JsonOption

app = typer.Typer(help="Read the mail the local stage sent, and act as its recipient.", no_args_is_help=True)

ToOption = Annotated[str | None, typer.Option("--to", help="The newest mail to this address.")]
IdOption = Annotated[str | None, typer.Option("--id", help="One mail by its message id.")]
TextOption = Annotated[str, typer.Option("--text", help="What the answer says, above the quoted email.")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Another address than the recipient's; it must be ASCII.")
]
AutoReplyOption = Annotated[bool, typer.Option("--auto-reply", help="The absence note of a mail system.")]


@app.command("list")
def list_mail(to: ToOption = None, as_json: JsonOption = False) -> None:
    """Newest first.

    Example: sodate local mail list --to taro@example.jp
    """
    messages = _messages(to)
    if as_json:
        output.show_json({"messages": messages})
        return
    times = local_times()
    rows = [(times.shown(one["at"]), one["to"], one["subject"], " ".join(one["events"]), one["id"]) for one in messages]
    columns = (times.column("sent"), "to", "subject", "events", "id")
    output.show_table(
        Message("{mails_count} mails", mails_count=len(rows)),
        columns,
        rows,
        nothing="No mail was sent" + (f" to {to}." if to else "."),
    )


@app.command()
def show(to: ToOption = None, mail_id: IdOption = None, as_json: JsonOption = False) -> None:
    """One mail: text, headers, tags, links, events.

    Example: sodate local mail show --to taro@example.jp
    """
    mail = mail_of(to, mail_id)
    if as_json:
        output.show_json(mail)
        return
    fields = local_times().fields({name: mail[name] for name in ("id", "at", "from", "to")}) | {
        "subject": mail["subject"]
    }
    tags = {f"tag {name}": value for name, value in mail["tags"].items()}
    output.show_fields(mail["subject"], {**fields, **dict(mail["headers"]), **tags, "links": "\n".join(mail["links"])})
    output.show_fields("Text", {"": mail["text"]})
    output.show_table(
        "Events", ("event",), [(name,) for name in mail["events"]], nothing=Message("SES has reported no event.")
    )


@app.command("open")
def open_mail(to: ToOption = None, mail_id: IdOption = None, as_json: JsonOption = False) -> None:
    """Open it: SES reports an Open.

    Example: sodate local mail open --to taro@example.jp
    """
    _act("open", to, mail_id, {}, as_json=as_json)


@app.command()
def click(
    to: ToOption = None,
    mail_id: IdOption = None,
    link: Annotated[str | None, typer.Option("--link", help="Whole link, or a part of it; default: the first.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Click a link: SES reports a Click.

    Example: sodate local mail click --to taro@example.jp --link /pricing
    """
    chosen = _chosen(to, mail_id)
    options = {"link": _link(chosen, link)} if link else {}
    _act("click", None, chosen, options, as_json=as_json)


@app.command()
def bounce(
    to: ToOption = None,
    mail_id: IdOption = None,
    kind: Annotated[str, typer.Option("--kind", help="hard, mailbox-full or out-of-office.")] = "hard",
    as_json: JsonOption = False,
) -> None:
    """Let it bounce after all.

    Example: sodate local mail bounce --to taro@example.jp --kind mailbox-full
    """
    _act("bounce", to, mail_id, {"kind": kind}, as_json=as_json)


@app.command()
def complain(to: ToOption = None, mail_id: IdOption = None, as_json: JsonOption = False) -> None:
    """Mark it as spam.

    Example: sodate local mail complain --to taro@example.jp
    """
    _act("complain", to, mail_id, {}, as_json=as_json)


@app.command()
def unsubscribe(to: ToOption = None, mail_id: IdOption = None, as_json: JsonOption = False) -> None:
    """Press the mail program's unsubscribe button: the real one-click POST of RFC 8058.

    Example: sodate local mail unsubscribe --to taro@example.jp
    """
    _act("unsubscribe", to, mail_id, {}, as_json=as_json)


@app.command()
def reply(
    text: TextOption,
    to: ToOption = None,
    mail_id: IdOption = None,
    sender: FromOption = None,
    auto_reply: AutoReplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Answer it: SES receives the answer as it receives email on a reply domain.

    Example: sodate local mail reply --to taro@example.jp --text 見積をお願いします
    """
    _act("reply", to, mail_id, answer_of(text, sender, is_automatic=auto_reply), as_json=as_json)


def mail_of(to: str | None, mail_id: str | None) -> dict[str, Any]:
    """The mail with that id, else the newest to that address."""
    return _call("GET", f"/messages/{quote(_chosen(to, mail_id), safe='')}")


def reply_to_send(send_id: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the email of a send, as the ledger names it."""
    of_send = [mail for mail in _messages(None) if mail["tags"].get("send_id") == send_id]
    if not of_send:
        output.fail(
            Message("no mail of send {send_id}; `sodate lead timeline` shows sends", send_id=send_id), output.NOT_FOUND
        )
    return _call("POST", f"/messages/{quote(str(of_send[0]['id']), safe='')}/reply", answer)


def answer_of(text: str, sender: str | None, *, is_automatic: bool) -> dict[str, Any]:
    return {"text": text, "auto_reply": is_automatic, **({"from": sender} if sender else {})}


def _act(action: str, to: str | None, mail_id: str | None, options: Mapping[str, Any], *, as_json: bool) -> None:
    chosen = _chosen(to, mail_id)
    done = _call("POST", f"/messages/{quote(chosen, safe='')}/{action}", options)
    if as_json:
        output.show_json(done)
    else:
        output.say(done["done"])


def _chosen(to: str | None, mail_id: str | None) -> str:
    if mail_id:
        return mail_id
    if not to:
        output.fail("which mail? Say --to ADDRESS (its newest) or --id ID", output.USAGE)
    messages = _messages(to)
    if not messages:
        output.fail(Message("no mail to {to}", to=to), output.NOT_FOUND)
    return str(messages[0]["id"])


def _link(mail_id: str, part: str) -> str:
    links: list[str] = _call("GET", f"/messages/{quote(mail_id, safe='')}")["links"]
    found = [link for link in links if link == part] or [link for link in links if part in link]
    if len(found) != 1:
        output.fail(
            Message(
                "{found_count} of the mail's links match {part!r}: {links}",
                found_count=len(found),
                part=part,
                links=", ".join(links) or "it has none",
            ),
            output.NOT_FOUND,
        )
    return found[0]


def _messages(to: str | None) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = _call("GET", "/messages" + (f"?to={quote(to, safe='')}" if to else ""))["messages"]
    return messages


def _call(method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask the control API; every failure ends the command with what to do next."""
    try:
        child = process.find(LocalFolder.of(repository()), services.SERVER)
    except NotFound as error:
        output.fail(str(error), output.NOT_FOUND)
    if child is None or not child.alive:
        output.fail("the mailbox is not running: `sodate local up`", output.NOT_RUNNING)
    try:
        status, body = services.call(child.port, method, f"/control{path}", document)
    except OSError as error:
        output.fail(
            Message("the mailbox does not answer ({error}): `sodate local status`", error=error), output.NOT_RUNNING
        )
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        output.fail(str(answer.get("error", answer)), output.NOT_FOUND if status == 404 else output.FAILED)
    return answer
