"""Removes an erased lead from the lists of campaigns."""

from sodate.campaigns import store
from sodate.playbook.store import Definitions


def forget(lead_id: str, definitions: Definitions) -> None:
    """Of every campaign that any playbook ever had; for any caller, any number of times. Raises: `Transient`.

    Conversions in the queue name the lead by its id only and are withheld when they come to an erased lead.
    """
    for campaign in definitions.newest_versions("campaign"):
        store.remove_member(campaign, lead_id)
