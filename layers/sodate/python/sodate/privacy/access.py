"""Who looked at which lead: one entry per person, command and minute, with an end. What was seen is not in it."""

from datetime import datetime, timedelta

from sodate.activities.activity import activity_key
from sodate.consent.data_policy import DataPolicy
from sodate.dynamodb import table
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.store import find_state
from sodate.leads.text import one_line
from sodate.playbook.store import Definitions, parsed
from sodate.privacy.store import access_item, accesses_of

UNKNOWN = "unknown"
_LONGEST = 200


def data_policy(definitions: Definitions) -> DataPolicy:
    """The live one; the defaults where none can be read."""
    try:
        return parsed(definitions.live("mailing"), Mailing).privacy
    except (NotFound, Transient):
        return DataPolicy()


def note_access(lead_id: str, by: str | None, command: str, now: datetime, kept: timedelta) -> None:
    """`by`: identity of AWS, user of the local machine, or owner of a feedback link. No entry for an erased lead.

    A page that is reloaded, and a scanner that follows a link many times, give one entry a minute.

    Raises: `Transient`: what cannot be logged is not shown.
    """
    if find_state(lead_id) is None:
        return
    minute = now.replace(second=0, microsecond=0)
    who = one_line(by or "")[:_LONGEST] or UNKNOWN
    key = activity_key("access", who, command)
    table.put(access_item(lead_id, key, {"by": who, "command": command}, minute, now + kept))


def access_log(lead_id: str) -> list[dict[str, str]]:
    """Oldest first."""
    return [{"at": item.at, "by": item.by, "command": item.command} for item in accesses_of(lead_id)]
