"""The stacks and what runs in them: status, release, functions, settings, concurrency, and an answer from the API."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sodate.messages import Message

from infra.catalog import FunctionSpec
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, judged, listed, ok, warning

RUNTIME = "python3.13"
#: Settings of the local cloud's functions: on AWS they would move the clock or send email to nobody.
_LOCAL_ONLY = ("SODATE_CLOCK_FILE", "AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL")
#: AWS keeps this much of the account's concurrency unreserved.
_ROOM_NEEDED = 50


def stack(d: Deployment) -> Result:
    """Both stacks; the result is the worse of the two."""
    results = [_of_one(d, one) for one in d.stacks]
    return next((result for result in results if result.verdict is Verdict.FAILED), None) or next(
        (result for result in results if result.verdict is not Verdict.OK), ok("; ".join(one.detail for one in results))
    )


def _of_one(d: Deployment, stack: Mapping[str, Any]) -> Result:
    status, since = str(stack["StackStatus"]), stack.get("LastUpdatedTime") or stack.get("CreationTime")
    detail = f"{stack['StackName']} is {status}" + (f" since {since:%Y-%m-%d %H:%M} UTC" if since else "")
    if status.endswith("_IN_PROGRESS"):
        return warning(detail, "a deployment is running: run doctor again when it has ended")
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return warning(
            f"{detail}: the last deployment was rolled back",
            f"look at the stack's events, mend the cause, {d.redeploy}",
        )
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        return failed(
            detail,
            Message("look at the stack's events in CloudFormation, mend the cause, {redeploy}", redeploy=d.redeploy),
        )
    if d.expected.retained and not stack.get("EnableTerminationProtection"):
        return warning(f"{detail}, without termination protection", "turn on termination protection of the stack")
    return ok(detail)


def release(d: Deployment) -> Result:
    """The deployed files against this checkout's, byte by byte: a zip's own hash depends on who packed it."""
    different = sorted({name for name in _differing(d)})
    if not different:
        return ok("the deployed code is the code of this checkout")
    return warning(
        f"{len(different)} deployed files are not those of this checkout: {listed(different)}",
        f"check out the deployed release before you use this command line, or {d.redeploy}",
    )


def _differing(d: Deployment) -> Iterator[str]:
    layers: set[str] = set()
    for spec in d.functions:
        if spec.name not in d.configurations:
            continue  # the check `functions` names it
        location = d.clients("lambda").get_function(FunctionName=d.alias_of(spec))["Code"]["Location"]
        yield from _compare(_download(d, location), _files(d.checkout, "functions", (f"functions/{spec.name}",)))
        layers |= {one["Arn"] for one in d.configurations[spec.name].get("Layers", []) if "-sodate:" in one["Arn"]}
    for arn in sorted(layers):
        location = d.clients("lambda").get_layer_version_by_arn(Arn=arn)["Content"]["Location"]
        yield from _compare(_download(d, location), _files(d.checkout / "layers" / "sodate", "python", ("python",)))


def _download(d: Deployment, location: str) -> dict[str, bytes]:
    status, body = d.fetch(location)
    if status != 200:
        raise OSError(f"the deployed code cannot be downloaded: HTTP {status}")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}


def _files(root: Path, package: str, folders: tuple[str, ...]) -> dict[str, bytes]:
    found = [path for folder in folders for path in (root / folder).rglob("*.py")]
    if (first := root / package / "__init__.py").is_file():
        found.append(first)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def _compare(deployed: Mapping[str, bytes], here: Mapping[str, bytes]) -> list[str]:
    return [name for name in {*deployed, *here} if deployed.get(name) != here.get(name)]


def functions(d: Deployment) -> Result:
    problems = [problem for spec in d.functions for problem in _function_problems(d, spec)]
    layers = {
        tuple(layer["Arn"] for layer in configuration.get("Layers", [])) for configuration in d.configurations.values()
    }
    if len(layers) > 1:
        problems.append(f"functions run on {len(layers)} different sets of layers: a deployment stopped half way")
    good = f"{len(d.functions)} functions are active on {RUNTIME}, each on its newest version"
    return judged(problems, good, d.redeploy)


def _function_problems(d: Deployment, spec: FunctionSpec) -> Iterator[str]:
    name, found = d.function_name(spec), d.configurations.get(spec.name)
    if found is None:
        yield f"{name} or its alias `live` does not exist"
        return
    for what, actual, wanted in (
        ("state", found.get("State", "Active"), "Active"),
        ("last update", found.get("LastUpdateStatus", "Successful"), "Successful"),
        ("runtime", found["Runtime"], RUNTIME),
        ("handler", found["Handler"], spec.handler),
        ("memory", found["MemorySize"], spec.size.memory_mb),
        ("timeout", found["Timeout"], spec.size.timeout_s),
    ):
        if actual != wanted:
            yield f"{name}: {what} is {actual}, not {wanted}"
    pages = d.clients("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=name)
    numbers = [int(one["Version"]) for page in pages for one in page["Versions"] if one["Version"].isdigit()]
    live = str(found.get("Version", ""))
    if numbers and live.isdigit() and int(live) < max(numbers):
        yield f"{name}: `live` is version {live}, the newest is {max(numbers)}"


def settings(d: Deployment) -> Result:
    """Every function must mean this stage, this table and this configuration set, and nothing of the local cloud."""
    wanted = {
        "SODATE_STAGE": d.stage,
        "SODATE_TABLE": d.output("TableName"),
        "SODATE_BUS": d.output("BusName"),
        "SODATE_CONFIGURATION_SET": d.output("ConfigurationSet"),
        "SODATE_SEND_QUEUE_URL": d.output("SendQueueUrl"),
    }
    problems = []
    for name, configuration in d.configurations.items():
        found: Mapping[str, Any] = configuration.get("Environment", {}).get("Variables", {})
        if "SODATE_STAGE" not in found:
            problems.append(f"{name}: SODATE_STAGE is not set")
        problems += [
            f"{name}: {key} is {found[key]!r}, not {value!r}"
            for key, value in wanted.items()
            if key in found and found[key] != value
        ]
        problems += [
            f"{name}: {key} is for the local cloud only" for key in _LOCAL_ONLY if key in found and not d.is_local
        ]
    return judged(problems, "every function has the settings of this stage", d.redeploy)


def concurrency(d: Deployment) -> Result:
    client = d.clients("lambda")
    problems, reserved = [], 0
    for spec in d.functions:
        if spec.name not in d.configurations:
            continue
        found = client.get_function_concurrency(FunctionName=d.function_name(spec)).get("ReservedConcurrentExecutions")
        reserved += found or 0
        if found == 0:
            problems.append(f"{d.function_name(spec)} is switched off: its reserved concurrency is 0")
        elif found is not None and spec.concurrency.reserved is None:
            problems.append(f"{d.function_name(spec)} has {found} reserved, and should share the account's pool")
    if problems:
        return failed(listed(problems, "\n"), "remove the reservation, or set it as in infra/catalog.py")
    limit = client.get_account_settings()["AccountLimit"]
    free, total = int(limit["UnreservedConcurrentExecutions"]), int(limit["ConcurrentExecutions"])
    detail = f"{free} of the account's {total} concurrent executions are unreserved, {reserved} reserved by this stage"
    if free < _ROOM_NEEDED:
        return warning(detail, "ask for a higher Lambda quota (Service Quotas, Concurrent executions)")
    return ok(detail)


def api(d: Deployment) -> Result:
    """A form that does not exist: the answer comes from form_capture itself, through the public address."""
    address = f"{d.output('ApiUrl')}/forms/doctor-asks-for-a-form-that-is-not-there"
    what = "look at the function's log and at the API's access log; a custom domain needs its own DNS record"
    status, body = d.fetch(address)
    if status == 404 and b'"not_found"' in body:
        return ok(f"{d.output('ApiUrl')} answers")
    return failed(
        Message("{output} answers {status} where form_capture would say 404", output=d.output("ApiUrl"), status=status),
        what,
    )


CHECKS = (
    Check("stack", stack),
    Check("release", release),
    Check("functions", functions),
    Check("settings", settings),
    Check("concurrency", concurrency),
    Check("api", api),
)
