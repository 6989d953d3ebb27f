"""Who asks, where, and whether this machine's clock can be trusted."""

from email.utils import parsedate_to_datetime

from sodate.messages import Message

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, failed, not_checkable, ok, warning

#: AWS refuses a request that is five minutes off; long before that, times in reports mislead.
SKEW_WARNING_S, SKEW_FAILURE_S = 20, 120


def caller(d: Deployment) -> Result:
    answer = d.clients("sts").get_caller_identity()
    where = f"account {answer['Account']} in {d.region} as {str(answer['Arn']).rsplit(':', 1)[-1]}"
    if d.is_local:
        return ok(f"the local cloud at {d.target.endpoint}")
    if d.expected.region and d.expected.region != d.region:
        return failed(
            Message(
                "{where}, but stages.toml deploys the stage {stage} to {region}",
                where=where,
                stage=d.stage,
                region=d.expected.region,
            ),
            Message(
                "set AWS_REGION={region}, or choose the profile of the right account and region",
                region=d.expected.region,
            ),
        )
    return ok(where)


def clock(d: Deployment) -> Result:
    """The Date header of an answer has whole seconds, so two seconds mean nothing."""
    answer = d.clients("sts").get_caller_identity()
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if said is None:
        return not_checkable("the answer of AWS has no Date header")
    skew = round((d.machine_now() - parsedate_to_datetime(said)).total_seconds())
    if abs(skew) < SKEW_WARNING_S:
        return ok("this machine and AWS agree on the time")
    direction = "ahead of" if skew > 0 else "behind"
    detail = f"this machine is {abs(skew)} s {direction} AWS"
    verdict = failed if abs(skew) >= SKEW_FAILURE_S else warning
    return verdict(detail, "let this machine synchronise its clock (NTP); AWS refuses requests that are 5 minutes off")


CHECKS = (Check("caller", caller), Check("clock", clock))
