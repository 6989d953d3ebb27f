"""`sodate sends failed` and `sodate sends retry`: sends that SES rejected, and their retry after a fix."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sodate.dynamodb.keys import stamp
from sodate.email.delivery.reasons import in_words
from sodate.email.ledger.store import SendItem
from sodate.email.operator_lists.failed import failed_sends, retry_transactional
from sodate.errors import Conflict, Invalid, NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.retry_step import retry_step

from sodate_cli import output
from sodate_cli.operator import MonthOption, StageOption, explained, month, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only reasons that begin so, e.g. MessageRejected.")]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="Failed at or after this time: 2026-11-24T18:00+09:00; UTC without an offset."),
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Failed before this time (likewise).")]


def failed(
    stage: StageOption = None,
    in_month: MonthOption = None,
    reason: ReasonOption = None,
    begin: FromOption = None,
    end: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sends that SES refused or that could not be made, by reason. None of them left.

    Example: sodate sends failed --month 2026-11
    """
    with explained():
        where = target(stage)
        sends = _chosen(month(in_month, now(where)), reason, begin, end)
        times = Times.of_stage()
    rows = [_row(send) for send in sends]
    if as_json:
        output.show_json(rows)
        return
    reasons = Counter((send.reason or "", send.purpose) for send in sends)
    counts = [(count, purpose, why, in_words(why)) for (why, purpose), count in reasons.most_common()]
    if not rows:
        output.say("No send of this month has failed, or none of those that were asked for.")
        return
    output.show_table("Failed sends by reason", ("sends", "purpose", "reason", "which means"), counts)
    titles = ("send", "lead", "mail", "failed", "reason")
    shown = [(row["send"], row["lead"], row["mail"], times.shown(row["failed"]), row["reason"]) for row in rows[:100]]
    output.show_table(times.title("Failed sends"), titles, shown)
    if len(rows) > len(shown):
        output.say(Message("and {rows_count} more; --json lists all", rows_count=len(rows) - len(shown)))


def retry(
    stage: StageOption = None,
    in_month: MonthOption = None,
    reason: ReasonOption = None,
    begin: FromOption = None,
    end: UntilOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Plan failed sends again, after the cause is mended. Consent, caps and `valid_hours` are asked anew.

    Say which: --reason, --from or --until. A step mail is tried again while its run stands right behind it.

    Example: sodate sends retry --reason MessageRejected --from 2026-11-24T09:00
    """
    with explained():
        if not (reason or begin or end):
            raise Invalid(Message("which sends? Give --reason, --from or --until; `sodate sends failed` lists them"))
        where = target(stage)
        at = now(where)
        sends = _chosen(month(in_month, at), reason, begin, end)
        if (
            sends
            and not yes
            and not output.confirm(Message("Plan {sends_count} failed sends again?", sends_count=len(sends)))
        ):
            raise typer.Exit(output.FAILED)
        left = {send.send_id: why for send in sends if (why := _again(send, at))}
    if as_json:
        output.show_json({"planned": len(sends) - len(left), "left": left})
        return
    output.say(
        Message(
            "{sends_count} planned again, {left_count} left", sends_count=len(sends) - len(left), left_count=len(left)
        )
    )
    if left:
        output.show_table("Left", ("send", "why"), [(send, in_words(why)) for send, why in left.items()])


def _again(send: SendItem, at: datetime) -> str | None:
    """None, or the reason why it stays failed."""
    try:
        if send.purpose == "transactional":
            retry_transactional(send.lead_id, send.send_id, at)
        else:
            retry_step(Definitions(), send.lead_id, send.send_id, at)
    except (Conflict, NotFound) as error:
        return str(error)
    return None


def _chosen(when: datetime, reason: str | None, begin: str | None, end: str | None) -> list[SendItem]:
    after, before = moment(begin, "--from"), moment(end, "--until")
    return [
        send
        for send in failed_sends(when)
        if (reason is None or (send.reason or "").startswith(reason))
        and (after is None or str(send.settled_at or send.planned_at) >= after)
        and (before is None or str(send.settled_at or send.planned_at) < before)
    ]


def moment(text: str | None, option: str) -> str | None:
    """As the ledger writes it."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            Message(
                "{option} {text!r}: write it as 2026-11-24T18:00+09:00, or 2026-11-24T09:00 (UTC)",
                option=option,
                text=text,
            )
        ) from error
    return stamp(given.replace(tzinfo=UTC) if given.tzinfo is None else given)


def _row(send: SendItem) -> dict[str, Any]:
    return {
        "send": send.send_id,
        "lead": send.lead_id,
        "mail": send.template or send.name,
        "failed": send.settled_at,
        "reason": send.reason,
    }
