"""Runs the checks one after the other. Whatever a check meets becomes a finding: no error of AWS ends the report."""

from collections.abc import Collection, Iterable

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from sodate.errors import SodateError
from sodate.messages import Message

from sodate_cli.doctor import (
    account,
    alarms,
    email,
    permissions,
    queues,
    receiving,
    round_trip,
    schedules,
    secrets,
    sending,
    stack,
    table,
)  # fmt: skip
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Finding, Result, Verdict, failed, not_checkable
from sodate_cli.stacks import StackMissing

CHECKS: tuple[Check, ...] = (
    *account.CHECKS, *stack.CHECKS, *email.CHECKS, *sending.CHECKS, *receiving.CHECKS, *queues.CHECKS,
    *schedules.CHECKS, *secrets.CHECKS, *table.CHECKS, *permissions.CHECKS, *alarms.CHECKS, *round_trip.CHECKS,
)  # fmt: skip
_DENIED = {
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
    "UnauthorizedOperation",
}  # fmt: skip
_BAD_CREDENTIALS = {
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
    "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidSignatureException", "RequestExpired",
}  # fmt: skip
_FIRST = "caller"


def examine(
    deployment: Deployment,
    only: Collection[str] = (),
    asked: Collection[str] = (),
    checks: Iterable[Check] = CHECKS,
) -> list[Finding]:
    """`only`: names of checks, all when empty. `asked`: options such as `--send` that permit a check.

    Without credentials nothing else can be said, so the rest is not asked for.
    """
    findings: list[Finding] = []
    unreachable = False
    for check in checks:
        if only and check.name not in only and not (check.name == _FIRST and not findings):
            continue
        result = (
            not_checkable("see `caller`: AWS does not answer us") if unreachable else _run(check, deployment, asked)
        )
        if check.name == _FIRST and result.verdict is Verdict.FAILED:
            unreachable = True
        findings.append(Finding(check.name, result.verdict, result.detail, result.what_to_do))
    return findings


def _run(check: Check, deployment: Deployment, asked: Collection[str]) -> Result:
    if check.needs_aws and deployment.is_local:
        return not_checkable(check.needs_aws)
    if check.asked_by and check.asked_by not in asked:
        return not_checkable(f"only with {check.asked_by}", f"docs/doctor.md says what {check.asked_by} does")
    try:
        return check.run(deployment)
    except StackMissing as error:
        if check.name == "stack":
            return failed(str(error), deployment.redeploy)
        return not_checkable("see `stack`: there is no stack to look at")
    except (ClientError, BotoCoreError, SodateError, OSError, LookupError, TypeError, ValueError) as error:
        return _as_result(error, deployment)


def _as_result(error: Exception, deployment: Deployment) -> Result:
    if isinstance(error, ClientError):
        return _refused(error, deployment)
    if isinstance(error, (BotoCoreError, OSError)):
        return _no_answer(error)
    if isinstance(error, SodateError):
        return failed(str(error), "see the checks `caller`, `stack` and `table`")
    return failed(f"the answer cannot be read ({error!r})"[:300], "see `release`: is this the deployed command line?")


def _refused(error: ClientError, deployment: Deployment) -> Result:
    code, operation = str(error.response["Error"].get("Code", "")), error.operation_name
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = str(error.response["Error"].get("Message", ""))[:200]
    if code in _BAD_CREDENTIALS:
        return failed(
            Message("AWS does not accept these credentials ({code})", code=code),
            "log in again, or check AWS_PROFILE and the clock",
        )
    if code in _DENIED or status == 403:
        return failed(
            Message("your credentials may not call {operation}", operation=operation),
            "use the read permissions that docs/doctor.md lists",
        )
    if deployment.is_local and (status in (404, 405, 501) and not code.endswith(("NotFound", "NotFoundException"))):
        return not_checkable(f"the local cloud does not offer {operation}")
    if "Throttl" in code or code == "TooManyRequestsException" or status >= 500:
        return failed(
            Message("{operation}: AWS is too busy to answer ({code})", operation=operation, code=code),
            "run doctor again in a minute",
        )
    return failed(f"{operation}: {code} {words}".strip(), deployment.redeploy)


def _no_answer(error: BotoCoreError | OSError) -> Result:
    if isinstance(error, NoCredentialsError):
        return failed("there are no AWS credentials here", "log in, or set AWS_PROFILE")
    if isinstance(error, NoRegionError):
        return failed("there is no AWS region here", "set AWS_REGION, or the region of your profile")
    return failed(
        f"no answer: {error}"[:300], "check the network of this machine and the AWS Health dashboard, then run it again"
    )
