"""`sodate lead consent-exception`: records consent without an opt-in, with a legal reason."""

from typing import Annotated

import typer
from sodate.consent.exception import ExceptionReason, record_exception
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.enroll import on_opt_in

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption


def consent_exception(
    email: Annotated[str, typer.Argument(help="Mail address, as typed by anybody.")],
    topic: Annotated[str, typer.Option("--topic", help="Consent topic of the playbook.")],
    because: Annotated[ExceptionReason, typer.Option("--because", help="Which exception of 特定電子メール法 3条1項.")],
    note: Annotated[str, typer.Option("--note", help="When and where, e.g. 名刺交換 2026-11-20 展示会.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record why this lead may be mailed without an opt-in. It is stored as evidence; an opt-out ends it.

    Example: sodate lead consent-exception taro@example.jp --topic news --because notified_address --note 名刺交換…
    """
    with explained():
        where = target(stage)
        definitions = Definitions()
        topics = {one["id"] for one in definitions.live("mailing").body["topics"]}
        if topic not in topics:
            raise Invalid(
                Message(
                    "the playbook has no topic {topic}; it has {topics}", topic=topic, topics=", ".join(sorted(topics))
                ),
                "topic",
            )
        lead_id = find_lead(email, where)
        record_exception(lead_id, topic, because, note, on_opt_in(definitions), now(where))
    if as_json:
        output.show_json({"lead_id": lead_id, "topic": topic, "because": because})
    else:
        output.say(Message("{email}: {topic} by exception, {because}", email=email, topic=topic, because=because))
