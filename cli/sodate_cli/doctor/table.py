"""The table that holds everything, and the logs beside it."""

from sodate.messages import Message

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, judged, ok

_KEYS = [("pk", "HASH"), ("sk", "RANGE")]


def table(d: Deployment) -> Result:
    found = d.table
    problems = []
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        problems.append(f"it is {found['TableStatus']}")
    if [(key["AttributeName"], key["KeyType"]) for key in found["KeySchema"]] != _KEYS:
        problems.append("its key is not pk, sk")
    stream = found.get("StreamSpecification", {})
    if not stream.get("StreamEnabled") or stream.get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        problems.append("its stream is off or has no new and old images: scores and events stand still")
    named = [f"the table {found['TableName']}: {problem}" for problem in problems]
    return judged(named, f"the table {found['TableName']} is active and streams its changes", d.redeploy)


def protection(d: Deployment) -> Result:
    name = d.table["TableName"]
    if d.table.get("DeletionProtectionEnabled"):
        return ok(f"{name} cannot be deleted by accident")
    if not d.expected.retained:
        return ok(f"{name} may be deleted: stages.toml says that this stage is not retained")
    return failed(
        Message("{name} has no deletion protection", name=name),
        Message("turn it on in DynamoDB, or {redeploy}", redeploy=d.redeploy),
    )


def backup(d: Deployment) -> Result:
    name = d.table["TableName"]
    found = d.clients("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = found.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        since = recovery.get("EarliestRestorableDateTime")
        return ok(f"{name} can be restored to any second" + (f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""))
    return failed(
        Message("{name} has no point-in-time recovery", name=name),
        Message("turn it on in DynamoDB, or {redeploy}", redeploy=d.redeploy),
    )


def expiry(d: Deployment) -> Result:
    name = d.table["TableName"]
    found = d.clients("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and found.get("AttributeName") == "ttl":
        return ok("items past their date are deleted")
    return failed(
        Message("{name} keeps items past their `ttl`: evidence and old counts stay for ever", name=name), d.redeploy
    )


def log_retention(d: Deployment) -> Result:
    wanted = [f"/aws/lambda/{d.function_name(spec)}" for spec in d.functions] + [f"/aws/apigateway/{d.prefix}"]
    found: dict[str, int | None] = {}
    for prefix in (f"/aws/lambda/{d.prefix}-", f"/aws/apigateway/{d.prefix}"):
        for page in d.clients("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            found |= {group["logGroupName"]: group.get("retentionInDays") for group in page["logGroups"]}
    problems = [f"{name} does not exist" for name in wanted if name not in found]
    problems += [f"{name} is kept for ever" for name in wanted if name in found and found[name] is None]
    what = f"set the retention of the log group, or {d.redeploy}"
    if problems:
        return judged(problems, "", what)
    days = d.expected.log_retention_days
    other = [f"{name} is kept {found[name]} days, not {days}" for name in wanted if found[name] != days]
    return judged(
        other, f"{len(wanted)} log groups are kept {days} day{'' if days == 1 else 's'}", what, Verdict.WARNING
    )


CHECKS = (
    Check("table", table),
    Check("table-protection", protection),
    Check("table-backup", backup, needs_aws="the local cloud keeps its table in memory: nothing to restore"),
    Check("table-expiry", expiry, needs_aws="the local cloud does not expire items"),
    Check("log-retention", log_retention),
)
