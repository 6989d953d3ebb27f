"""Table stream: a new activity or a changed profile is folded into the lead's score; a rise to hot is told once."""

from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.errors import Invalid
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.scoring.rescore import live_rules, rescore
from sodate.table import keys


def act(pk: str, records: list[Record]) -> str:
    lead_id = keys.lead_id_of(pk)
    rescored = rescore(lead_id, live_rules(container.definitions()), clock.now(), news(lead_id, records))
    if rescored.became_hot:
        return "hot"
    return "changed" if rescored.changed else "unchanged"


def news(lead_id: str, records: list[Record]) -> list[Activity] | None:
    """None when the profile changed: then everything is looked at anew."""
    images = [image(record, "NewImage") or {} for record in records]
    if any(new.get("kind") == "profile" for new in images):
        return None
    try:
        return [from_image(new) for new in images]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    return each_group(event, act)
