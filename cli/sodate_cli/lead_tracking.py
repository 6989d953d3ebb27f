"""`sodate lead tracking`: whether the opens and clicks of a lead may be recorded, as the preferences page asks it."""

from typing import Annotated

import typer
from sodate.consent.consent import RETENTION
from sodate.consent.preferences import PreferenceChanges, change_preferences

from sodate_cli import output
from sodate_cli.leads import EmailArgument
from sodate_cli.operator import StageOption, explained, find_lead, now, target
from sodate_cli.output import JsonOption


def tracking(
    email: EmailArgument,
    on: Annotated[bool, typer.Option("--on/--off", help="Opens and clicks may be recorded, or not.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a lead's opens and clicks, or stop it: SES then leaves its emails without image and rewritten links.

    Example: sodate lead tracking taro@example.jp --off
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        changes = PreferenceChanges(tracking="on" if on else "off")
        state = change_preferences(lead_id, changes, RETENTION, now(where))
    document = {"lead": lead_id, "tracking": state.tracking or "on"}
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("Stored; it applies to the emails that are sent from now on", document)
