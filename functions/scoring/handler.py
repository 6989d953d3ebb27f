"""Table stream: new activities and changed profiles update a lead's score, facts, segments, scenarios, campaigns."""

from datetime import datetime
from typing import Any

from sodate.activities.store import from_image, is_copy
from sodate.campaigns import react as campaigns
from sodate.dynamodb import keys
from sodate.errors import Invalid
from sodate.leads.store import to_profile
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Record, each_group, image, written_at
from sodate.runtime.metrics import Metric
from sodate.scenarios.plan_dates import ProfileChange, plan_dates
from sodate.scenarios.react import react
from sodate.scoring.store import ScoreSnapshot
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, prefetch, refresh


def handle(app: App, event: dict[str, Any]) -> Failures:
    leads = {keys.lead_id_of(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]}
    found: list[tuple[Live, dict[str, ScoreSnapshot]]] = []

    def act(pk: str, records: list[Record]) -> str:
        if not found:  # here, so that an error fails records and not the whole batch
            live = Live.of(app.definitions)
            found.append((live, prefetch(live, leads)))
        lead_id, (live, prefetched) = keys.lead_id_of(pk), found[0]
        occasion = occasion_of(lead_id, records)
        result = refresh(lead_id, live, occasion, app.clock.now(), prefetched.get(lead_id))
        waiting = react(lead_id, occasion.activities, app.definitions, app.clock.now())
        app.metrics.count(Metric.ENTRIES_WAITING, waiting)
        campaigns.react(lead_id, occasion.activities, app.definitions, app.clock.now())
        plan_dates(profile_changes(records, app.clock.now()), occasion.activities, app.definitions, app.clock.now())
        return result

    return each_group(app, event, act)


def occasion_of(lead_id: str, records: list[Record]) -> Occasion:
    images = [image(record, "NewImage") or {} for record in records]
    logged = [new for new in images if new.get("kind") != "profile"]
    try:
        activities = [from_image(new) for new in logged if not is_copy(new)]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the log of lead {lead_id} has an item that cannot be read: {error!r}", "item") from error
    return Occasion(activities, len(logged) < len(images), has_copies=len(activities) < len(logged))


def profile_changes(records: list[Record], now: datetime) -> list[ProfileChange]:
    changes = []
    for record in records:
        old, new = (record["dynamodb"].get(which) for which in ("OldImage", "NewImage"))
        if new and new["kind"]["S"] == "profile":
            changes.append(ProfileChange(to_profile(old) if old else None, to_profile(new), written_at(record, now)))
    return changes


handler = on_lambda(handle)
