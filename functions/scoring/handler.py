"""Table stream: applies new activities and changed profiles to the lead's score; a lead becomes hot once."""

from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import keys
from sodate.errors import Invalid
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.scoring.rescore import live_rules, rescore
from sodate.scoring.store import Held, held_lately


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_lean_table()
    leads = {keys.lead_id_of(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]}
    lately = dict[str, Held]()

    def act(pk: str, records: list[Record]) -> str:
        lead_id, rules = keys.lead_id_of(pk), live_rules(container.definitions())
        if not lately:
            lately.update(held_lately(leads))
        result = rescore(lead_id, rules, clock.now(), new_activities(lead_id, records), lately=lately[lead_id])
        if result.became_hot:
            return "hot"
        return "changed" if result.changed else "unchanged"

    return each_group(event, act)


def new_activities(lead_id: str, records: list[Record]) -> list[Activity] | None:
    """Activities of the records; None when the profile changed: then all rules are evaluated again.

    Raises: `Invalid` for an item that cannot be read.
    """
    images = [image(record, "NewImage") or {} for record in records]
    if any(new.get("kind") == "profile" for new in images):
        return None
    try:
        return [from_image(new) for new in images]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error
