"""Table stream: new activities and changed profiles update the lead's score; becoming hot creates one signal."""

from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import keys
from sodate.errors import Invalid
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.scoring.rescore import live_rules, rescore
from sodate.scoring.store import ScoreSnapshot, load_recent_snapshots


def handle(app: App, event: dict[str, Any]) -> Failures:
    leads = {keys.lead_id_of(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]}
    prefetched = dict[str, ScoreSnapshot]()

    def act(pk: str, records: list[Record]) -> str:
        lead_id, rules = keys.lead_id_of(pk), live_rules(app.definitions)
        if not prefetched:
            prefetched.update(load_recent_snapshots(leads))
        activities = new_activities(lead_id, records)
        result = rescore(lead_id, rules, app.clock.now(), activities, prefetched=prefetched[lead_id])
        if result.became_hot:
            return "hot"
        return "changed" if result.changed else "unchanged"

    return each_group(app, event, act)


def new_activities(lead_id: str, records: list[Record]) -> list[Activity] | None:
    """None when the profile changed: the whole log must be replayed."""
    images = [image(record, "NewImage") or {} for record in records]
    if any(new.get("kind") == "profile" for new in images):
        return None
    try:
        return [from_image(new) for new in images]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error


handler = on_lambda(handle)
