"""What runs without being asked: schedules and their cursors, the bus rule, and the mappings of queues and streams."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sodate.email.reputation.store import sync_position
from sodate.scheduling import store as due

from infra.catalog import EVERY_FUNCTION, REPLAYS_AT_ONCE
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, judged, listed, ok

_BY_NAME = {spec.name: spec for spec in EVERY_FUNCTION}
#: Function → lanes of the due index whose cursor shows that it runs.
SCHEDULED: Mapping[str, tuple[due.Lane, ...]] = {
    "step_mail_dispatch": due.SENDING,
    "send_sweeper": (due.WATCH,),
    "score_decay": (due.DECAY,),
    "sales_followup": (due.SALES, due.WEBHOOK),
    "kpi_rollup": (due.KPI,),
    "report_email": (),
    "suppression_sync": (),
    "privacy_review": (),
}
#: An idle cursor is written every ten minutes, the sweeper runs every five.
_CURSOR_MAY_LAG = timedelta(minutes=20)
#: It runs once a day, and a long list takes it some days.
_SYNC_MAY_LAG = timedelta(days=3)
QUEUE_READERS = {
    "email_sender": "send", "score_replay": "score-replay", "email_events": "events", "lead_import": "lead-import",
}  # fmt: skip
#: On a stage with a reply domain.
REPLY_READERS = {"inbound_email": "inbound-email"}
STREAM_READERS = ("scoring", "event_publisher")


def schedules(d: Deployment) -> Result:
    problems = [problem for name in SCHEDULED for problem in _rule_problems(d, name, None)]
    problems += _rule_problems(d, "sales_handoff", d.output("BusName"))
    return judged(
        problems,
        f"{len(SCHEDULED)} schedules and the bus rule are enabled",
        f"enable the rule in EventBridge, or {d.redeploy}",
    )


def _rule_problems(d: Deployment, function: str, bus: str | None) -> Iterator[str]:
    spec = _BY_NAME[function]
    name = d.function_name(spec)
    where = {"EventBusName": bus} if bus else {}
    client = d.clients("events")
    rules = {rule["Name"]: rule for rule in client.list_rules(NamePrefix=name, **where)["Rules"]}
    if name not in rules:
        yield f"the rule {name} does not exist"
        return
    if rules[name]["State"] == "DISABLED":
        yield f"the rule {name} is disabled"
    targets = client.list_targets_by_rule(Rule=name, **where)["Targets"]
    if d.alias_of(spec) not in {target["Arn"] for target in targets}:
        yield f"the rule {name} does not start {function}"


def cursors(d: Deployment) -> Result:
    """How far each lane of the due index has been read: the proof that its function runs and keeps up."""
    behind: list[str] = []
    never: list[str] = []
    for what, reached, may_lag in _positions():
        if reached is None:
            (behind if _age(d) > may_lag else never).append(f"{what} has never been read")
        elif d.now - reached > may_lag:
            minutes = (d.now - reached) // timedelta(minutes=1)
            behind.append(f"{what} has been read up to {reached:%Y-%m-%d %H:%M} UTC, {minutes} minutes ago")
    if behind:
        what_to_do = "see `sending`, `schedules` and `concurrency`, then the log of the function"
        return Result(Verdict.FAILED, listed([*behind, *never], "\n"), what_to_do)
    if never:
        what_to_do = "the stack is young: the first run of a schedule comes within its interval; look again then"
        return Result(Verdict.WARNING, listed(never, "\n"), what_to_do)
    return ok("every lane of the due index has been read up to now, and SES's suppression list up to yesterday")


def _positions() -> Iterator[tuple[str, datetime | None, timedelta]]:
    for function, lanes in SCHEDULED.items():
        for lane in lanes:
            yield f"{function}: the lane `{lane.name}`", due.read_until(lane), _CURSOR_MAY_LAG
    synced = sync_position()
    until = datetime.fromisoformat(synced.until) if synced else None
    yield "suppression_sync: SES's suppression list", until, _SYNC_MAY_LAG


def _age(d: Deployment) -> timedelta:
    """How long the functions have been there."""
    _, stateless = d.stacks
    return d.machine_now() - stateless["CreationTime"]  # type: ignore[no-any-return]


def triggers(d: Deployment) -> Result:
    problems: list[str] = []
    stream = str(d.table.get("LatestStreamArn", ""))
    queue_readers = QUEUE_READERS | (REPLY_READERS if d.receives else {})
    for function, queue in queue_readers.items():
        problems += _mapping_problems(d, function, f":{d.prefix}-{queue}")
    for function in STREAM_READERS:
        problems += _mapping_problems(d, function, stream)
    good = f"{len(queue_readers)} queues and the table's stream are read"
    return judged(problems, good, f"enable the event source mapping, or {d.redeploy}")


def _mapping_problems(d: Deployment, function: str, source: str) -> Iterator[str]:
    spec = _BY_NAME[function]
    answer = d.clients("lambda").list_event_source_mappings(FunctionName=d.alias_of(spec))
    found = [one for one in answer["EventSourceMappings"] if source and one["EventSourceArn"].endswith(source)]
    if not found:
        yield f"{function} reads nothing: it has no mapping of {source.rsplit(':', 1)[-1] or 'the stream'}"
        return
    yield from _setting_problems(d, function, found[0])


def _setting_problems(d: Deployment, function: str, found: Mapping[str, Any]) -> Iterator[str]:
    if found["State"] not in ("Enabled", "Enabling", "Updating", "Creating"):
        yield f"{function}: its mapping is {found['State']}"
    if "PROBLEM" in str(found.get("LastProcessingResult", "")).upper():
        yield f"{function}: Lambda says {found['LastProcessingResult']}"
    if "ReportBatchItemFailures" not in found.get("FunctionResponseTypes", []):
        yield f"{function}: partial failures are not reported, so one bad message repeats its whole batch"
    if function in STREAM_READERS:
        if not found.get("FilterCriteria", {}).get("Filters"):
            yield f"{function}: its mapping has lost its filter"
        if not found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield f"{function}: its mapping has no dead-letter queue"
    at_once = found.get("ScalingConfig", {}).get("MaximumConcurrency")
    if function == "score_replay" and not d.is_local and at_once != REPLAYS_AT_ONCE:
        yield f"{function}: at most {at_once or 'any number'} at once, not {REPLAYS_AT_ONCE}"


CHECKS = (Check("schedules", schedules), Check("cursors", cursors), Check("triggers", triggers))
