"""What a visitor of the website does on the local stage, over real HTTP: post a form, confirm an opt-in."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import urllib3
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.local.folder import LocalFolder, repository
from sodate_cli.local.mail_commands import IdOption, ToOption, mail_of
from sodate_cli.output import JsonOption

_http = urllib3.PoolManager(retries=False, timeout=30)


def post(
    form: Annotated[str, typer.Argument(metavar="FORM", help="Id of the form.")],
    answers: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="Field and value, repeat for more.")],
    as_json: JsonOption = False,
) -> None:
    """Post a form as a visitor of the website does: the same HTTP request, the same answer. Exit code 1: refused.

    Example: sodate local post request-materials email=taro@example.jp name=山田太郎 company=例示商事 agree=true
    """
    body = json.dumps(_fields(answers), ensure_ascii=False).encode()
    url = f"{_endpoints()['api']}/forms/{form}/submissions"
    try:
        reply = _http.request("POST", url, body=body, headers={"content-type": "application/json"})
        document: dict[str, Any] = json.loads(reply.data)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        output.fail(Message("{url} does not answer as a form does: {error}", url=url, error=error), output.NOT_RUNNING)
    if as_json:
        output.show_json({"status": reply.status, **document})
    elif reply.status < 300:
        output.say(
            Message(
                "{http_status}: {submission_status}. Then: sodate local advance 1m, sodate local mail list",
                http_status=reply.status,
                submission_status=document["status"],
            )
        )
    if reply.status >= 300:
        refusal = document.get("error", {})
        wrong = "".join(f"\n        {name}: {', '.join(codes)}" for name, codes in refusal.get("fields", {}).items())
        output.fail(f"{reply.status} {refusal.get('code', '')}: {refusal.get('message', '')}{wrong}")


def confirm(to: ToOption = None, mail_id: IdOption = None, as_json: JsonOption = False) -> None:
    """Press the button of the opt-in page that the mail links to.

    Example: sodate local mail confirm --to taro@example.jp
    """
    mail = mail_of(to, mail_id)
    link = next((link for link in mail["links"] if "/opt-in/" in link), None)
    if link is None:
        output.fail(
            Message(
                "the mail {subject!r} has no opt-in link; `sodate local mail list` shows all mails",
                subject=mail["subject"],
            )
        )
    status = _http.request("POST", link).status
    if status != 200:
        output.fail(Message("the opt-in page answers {status}: the link is used, or its time is over", status=status))
    output.show_done({"confirmed": mail["to"]}, Message("{to} has confirmed", to=mail["to"]), as_json=as_json)


def _fields(answers: Sequence[str]) -> dict[str, str | list[str]]:
    """A field that is given more than once has a list of values."""
    fields: dict[str, str | list[str]] = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals:
            output.fail(Message("{answer}: write NAME=VALUE, e.g. email=taro@example.jp", answer=answer), output.USAGE)
        before = fields.get(name)
        fields[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return fields


def _endpoints() -> dict[str, Any]:
    file = LocalFolder.of(repository()).endpoints_file
    if not file.is_file():
        output.fail("the local cloud is not running; start it with `sodate local up`", output.NOT_RUNNING)
    return dict(json.loads(file.read_text(encoding="utf-8")))
