"""Looks at every lead anew: memberships of campaigns whose definition is younger than the activities."""

from itertools import groupby

from sodate.activities.activity import Activity
from sodate.activities.store import ActivityItem, from_image
from sodate.campaigns import store
from sodate.campaigns.live import live_campaigns
from sodate.campaigns.react import write_memberships
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, plain
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions


def refresh(definitions: Definitions) -> tuple[int, int]:
    """Leads with a log, and memberships that changed. Reads the whole table: for an operator.

    Raises: `Invalid` for an item that cannot be read.
    """
    campaigns, leads, changed = live_campaigns(definitions), 0, 0
    rows = table.scan_rows(None, only=(ActivityItem,))
    for pk, items in groupby(rows, key=lambda row: str(row["pk"]["S"])):
        leads += 1
        lead_id = keys.lead_id_of(pk)
        log = _log(lead_id, list(items))
        known = store.memberships(lead_id, [live.id for live in campaigns]) if campaigns else {}
        changed += write_memberships(lead_id, log, campaigns, known, may_fall=True)
    return leads, changed


def _log(lead_id: str, rows: list[Row]) -> list[Activity]:
    try:
        log = [from_image({name: plain(value) for name, value in row.items()}) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            Message(
                "the log of lead {lead_id} has an item that cannot be read: {error}",
                lead_id=lead_id,
                error=repr(error),
            ),
            "item",
        ) from error
    return sorted(log, key=lambda one: one.position)
