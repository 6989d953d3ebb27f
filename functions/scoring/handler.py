"""Table stream: new activities and changed profiles update score, facts, segments, scenarios, campaigns, company."""

from typing import Any

from sodate.activities.store import is_of_robot
from sodate.campaigns import react as campaigns
from sodate.companies.join import join_changed
from sodate.dynamodb import keys
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Record, each_group, image
from sodate.runtime.metrics import Metric
from sodate.scenarios.plan_dates import plan_dates
from sodate.scenarios.react import react
from sodate.scoring.store import ScoreSnapshot
from sodate.segments.refresh import Live, prefetch, refresh

from functions.scoring.records import occasion_of, profile_changes


def handle(app: App, event: dict[str, Any]) -> Failures:
    # What a robot did changes nothing of the lead, and costs no read either.
    event = {**event, "Records": [record for record in event["Records"] if not is_of_robot(image(record, "NewImage"))]}
    leads = {keys.lead_id_of(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]}
    found: list[tuple[Live, dict[str, ScoreSnapshot]]] = []

    def act(pk: str, records: list[Record]) -> str:
        if not found:  # here, so that an error fails records and not the whole batch
            live = Live.of(app.definitions)
            found.append((live, prefetch(live, leads)))
        (live, prefetched), now = found[0], app.clock.now()
        occasion = occasion_of(lead_id := keys.lead_id_of(pk), records)
        result = refresh(lead_id, live, occasion, now, prefetched.get(lead_id))
        app.metrics.count(Metric.ENTRIES_WAITING, react(lead_id, occasion.activities, app.definitions, now))
        campaigns.react(lead_id, occasion.activities, app.definitions, now)
        plan_dates(changes := profile_changes(records, now), occasion.activities, app.definitions, now)
        join_changed(((one.before, one.after) for one in changes), now, app.new_id)
        return result

    return each_group(app, event, act)


handler = on_lambda(handle)
