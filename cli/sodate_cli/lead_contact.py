"""`sodate lead unblock`, `enroll` and `leave`: what an operator changes about the emails of one lead."""

from typing import Annotated

import typer
from sodate.consent.unblock import unblock as lift_block
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.manual import enroll_by_hand, take_out

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.scenarios import KeyOption, ScenarioArgument


def unblock(
    email: EmailArgument,
    because: Annotated[str, typer.Option("--because", help="Why the address works again; kept as evidence.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift the block of hard or soft bounces. A complaint, an erasure and the person's own opt-out stay.

    Example: sodate lead unblock taro@example.jp --because "mailbox was full; said so by phone on 2026-12-01"
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        block = lift_block(lead_id, because, person(where), now(where))
    sentence = Message(
        "{email} is no longer blocked ({block}). SES keeps a list of its own: if the address is on it, the next"
        " email bounces; take it off with `aws sesv2 delete-suppressed-destination`",
        email=email,
        block=block,
    )
    output.show_done({"lead": lead_id, "unblocked": block}, sentence, as_json=as_json)


def enroll(
    email: EmailArgument, scenario: ScenarioArgument, key: KeyOption = None, stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put one lead into a scenario that has the entry `manual`, as `sodate scenario enroll` does.

    Example: sodate lead enroll taro@example.jp welcome
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        enroll_by_hand(Definitions(), lead_id, scenario, key, now(where))
    sentence = Message(
        "{email} is in {scenario} now; its first step comes within minutes", email=email, scenario=scenario
    )
    output.show_done({"lead": lead_id, "scenario": scenario, "key": key}, sentence, as_json=as_json)


def leave(
    email: EmailArgument, scenario: ScenarioArgument, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Take one lead out of a scenario or sequence, as `sodate scenario leave` does. Nothing that was sent is undone.

    Example: sodate lead leave taro@example.jp welcome
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        names = take_out(lead_id, scenario, now(where))
    said = Message("{email} left {names}", email=email, names=", ".join(names))
    output.show_done({"lead": lead_id, "left": names}, said, as_json=as_json)
