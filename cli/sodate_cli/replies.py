"""`sodate replies …` and `sodate sales …`: email that came in and waits for a person; BCC addresses of sales."""

from typing import Annotated

import boto3
import typer
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.replies.bucket import ReplyBucket
from sodate.replies.by_hand import assign, find_listed
from sodate.replies.inbound_email import read_email
from sodate.replies.store import ListedReplyItem, key_of_listed, listed
from sodate.reply_address import ReplyAddresses
from sodate.sales.definition import Sales
from sodate.signing import Signer, in_signing_order

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import MonthOption, StageOption, explained, find_lead, month, now, outputs, secret, target
from sodate_cli.output import JsonOption
from sodate_cli.target import Target
from sodate_cli.times import Times

app = typer.Typer(help="Email that came in and that nobody could be found for.", no_args_is_help=True)
sales_app = typer.Typer(help="What owners of sales need.", no_args_is_help=True)
IdArgument = Annotated[str, typer.Argument(help="Id, as `sodate replies list` shows it.")]


@app.command("list")
def list_(stage: StageOption = None, in_month: MonthOption = None, as_json: JsonOption = False) -> None:
    """Replies that match no send, forwards, and texts that speak of unsubscribing. Nothing personal is shown.

    Example: sodate replies list --month 2026-11
    """
    with explained():
        where = target(stage)
        found = listed(month(in_month, now(where)))
        times = Times.of_stage()
    rows = [
        {"id": key_of_listed(i), "at": i.at, "verdict": i.verdict, "why": i.reason, "flags": list(i.flags or ()),
         "lead": i.lead_id or ""}
        for i in found
    ]  # fmt: skip
    if as_json:
        output.show_json(rows)
        return
    shown = [tuple({**row, "at": times.shown(str(row["at"]))}.values()) for row in rows]
    columns = ("id", "at", "verdict", "why", "flags", "lead")
    output.show_table(
        times.title("Replies"), columns, shown, nothing=Message("No email of this month waits for a person.")
    )


@app.command()
def show(
    reply_id: IdArgument, stage: StageOption = None, in_month: MonthOption = None, as_json: JsonOption = False
) -> None:
    """Who wrote an email of the list, and what. It is personal data, read from the bucket while it is there.

    Example: sodate replies show 0123456789abcdef
    """
    with explained():
        where = target(stage)
        item = find_listed(reply_id, month(in_month, now(where)))
        times = Times.of_stage()
        raw = ReplyBucket(boto3.client("s3"), _of_stage(where, "ReplyBucket")).read(item.object)
    email = read_email(raw.content, is_cut=raw.is_cut)
    document = {
        "id": reply_id, "at": item.at, "from": email.sender, "subject": email.subject,
        "text": email.words.text or email.text, "attachments": email.attachments,
        "authentic": email.receipt.is_authentic,
    }  # fmt: skip
    if as_json:
        output.show_json(document)
    else:
        shown = {**document, "at": times.shown(item.at)}
        columns = {name: times.column(name) if name == "at" else name for name in shown}
        output.show_fields("Email", {columns[name]: value for name, value in shown.items()})


@app.command("assign")
def assign_(
    reply_id: IdArgument,
    email: EmailArgument,
    stage: StageOption = None,
    in_month: MonthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whose reply an email of the list is: the lead gets the activity, and scenarios end where they say so.

    Example: sodate replies assign 0123456789abcdef taro@example.jp
    """
    with explained():
        where = target(stage)
        item: ListedReplyItem = find_listed(reply_id, month(in_month, now(where)))
        lead_id = find_lead(email, where)
        assign(item, lead_id)
    output.show_done({"reply": reply_id, "lead": lead_id}, "assigned", as_json=as_json)


@sales_app.command("bcc-address")
def bcc_address(
    owner: Annotated[str, typer.Argument(help="Id of an owner in sales.yaml.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The address that an owner puts into BCC, so that email to leads is logged with them.

    Example: sodate sales bcc-address sato --stage prod
    """
    with explained():
        where = target(stage)
        known = [one.id for one in parsed(Definitions().live("sales"), Sales).owners]
        if owner not in known:
            raise NotFound(
                Message("no owner {owner!r}; there are {known}", owner=owner, known=", ".join(sorted(known)))
            )
        keys = in_signing_order(secret(where, "signing-keys")["keys"], now(where))
        address = ReplyAddresses(_of_stage(where, "ReplyDomain"), Signer(keys)).of_owner(owner)
    output.show_done({"owner": owner, "address": address}, address, as_json=as_json)


def _of_stage(where: Target, name: str) -> str:
    found = outputs(where).get(name)
    if found is None:
        raise NotFound(
            Message(
                "stage {stage} receives no email: set reply_domain in stages.toml (docs/replies.md)", stage=where.stage
            )
        )
    return found
