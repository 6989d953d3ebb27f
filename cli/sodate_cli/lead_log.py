"""`sodate lead log`: what happened outside of Sodate becomes an activity of the lead."""

from typing import Annotated

import typer
from sodate.activities.kinds import kind_named
from sodate.activities.live import declared_activities
from sodate.activities.log_by_hand import log_by_hand
from sodate.dynamodb import keys
from sodate.messages import Message
from sodate.playbook.store import Definitions

from sodate_cli import output
from sodate_cli.labels import Labels
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times


def log(
    email: EmailArgument,
    activity: Annotated[
        str, typer.Argument(help="E.g. call_made, seminar_attended, card_exchanged, or one of activities.yaml.")
    ],
    at: Annotated[
        str | None, typer.Option("--at", help="When, in the stage's time zone: 2026-12-04T15:00; default: now.")
    ] = None,
    about: Annotated[
        list[str] | None, typer.Option("--about", help="An attribute of the activity: seminar=spring; repeatable.")
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log what a person knows and Sodate cannot: a call, a seminar, a meeting, a card. With `--at`, a repeat is none.

    Example: sodate lead log taro@example.jp seminar_attended --about seminar=spring --at 2026-12-04T15:00
    """
    attributes = dict(_attribute(text) for text in about or ())
    with explained():
        where = target(stage)
        lead_id, moment = find_lead(email, where), now(where)
        times = Times.of_stage()
        happened = times.parsed(at, "--at") if at else moment
        kind = kind_named(activity, declared_activities(Definitions()))
        logged, is_new = log_by_hand(lead_id, kind, attributes, happened, moment)
    document = {
        "lead": lead_id, "activity": logged.type, "at": keys.stamp(logged.at), "about": logged.about,
        "key": logged.key, "logged": is_new,
    }  # fmt: skip
    if as_json:
        output.show_json(document)
    else:
        output.show_fields(
            "Logged" if is_new else "Logged before; nothing has changed",
            {**times.fields(document), "activity": Labels.of_stage().named("activity", logged.type)},
        )


def _attribute(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        output.fail(Message("--about {text!r}: write it as seminar=spring", text=text), output.USAGE)
    return name, value
