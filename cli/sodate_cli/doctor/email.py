"""SES: the account, the identity that email is sent from, and the configuration set that reports on it."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from sodate.email.mailing import Mailing
from sodate.messages import Message
from sodate.playbook.store import parsed

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, judged, ok, warning

#: What `email_events` needs to hear of; `tests/unit/doctor` compares with the CDK app.
EVENT_TYPES = (
    "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE", "DELIVERY_DELAY",
)  # fmt: skip
_REASONS = {"BOUNCE", "COMPLAINT"}
_QUOTA_WARNING, _QUOTA_FAILURE = 0.8, 1.0
_NO_IDENTITIES = "on the local cloud the sender of each applied playbook is verified, without DNS"
_NO_SETS = "the SES simulator shows no configuration sets; it publishes to the stage's topic by itself"


def account(d: Deployment) -> Result:
    found = d.clients("sesv2").get_account()
    status = str(found.get("EnforcementStatus", "HEALTHY"))
    if not found.get("SendingEnabled", False):
        return failed(
            Message("SES sends nothing for this account (sending is disabled, status {status})", status=status),
            "read the mails and support cases of AWS about this account; then enable sending in the SES console",
        )
    if status != "HEALTHY":
        return failed(
            Message("SES has the account under review: {status}", status=status),
            "answer the case in AWS Support; reduce bounces",
        )
    return ok("SES takes email, the account is healthy")


def sandbox(d: Deployment) -> Result:
    if d.clients("sesv2").get_account().get("ProductionAccessEnabled", False):
        return ok("the account has production access")
    detail = "the account is in the SES sandbox: email to unverified recipients is refused, 200 a day, 1 a second"
    what = "request production access in the SES console (this region)"
    return failed(detail, what) if d.stage == "prod" else warning(detail, f"{what}, or verify each test recipient")


def quota(d: Deployment) -> Result:
    found = d.clients("sesv2").get_account()["SendQuota"]
    most, sent = float(found["Max24HourSend"]), float(found["SentLast24Hours"])
    if most < 0:
        return ok(f"no daily quota, {float(found['MaxSendRate']):g} emails a second")
    detail = f"{sent:,.0f} of {most:,.0f} emails in 24 hours, {float(found['MaxSendRate']):g} a second"
    what = "request a higher sending quota (Service Quotas, SES); due email waits meanwhile"
    if sent >= most * _QUOTA_FAILURE:
        return failed(Message("the daily quota is used up: {detail}", detail=detail), what)
    return warning(detail, what) if sent >= most * _QUOTA_WARNING else ok(detail)


def suppression(d: Deployment) -> Result:
    found = set(d.clients("sesv2").get_account().get("SuppressionAttributes", {}).get("SuppressedReasons", []))
    missing = sorted(_REASONS - found)
    if not missing:
        return ok("SES keeps bounces and complaints on the account's suppression list")
    return warning(
        f"SES does not put every {' and '.join(missing)} on the account's suppression list",
        "turn on both reasons in SES, Suppression list, Account-level settings",
    )


def identity(d: Deployment) -> Result:
    name, found = d.expected.mail_identity.name, _identity(d)
    if found.get("VerifiedForSendingStatus"):
        return ok(f"{name} is verified")
    status = found.get("VerificationStatus", "PENDING")
    return failed(
        Message("{name} is not verified for sending ({status})", name=name, status=status),
        "publish the DNS records that the SES console shows for this identity, and wait for SUCCESS",
    )


def dkim(d: Deployment) -> Result:
    name, found = d.expected.mail_identity.name, _identity(d).get("DkimAttributes", {})
    status = str(found.get("Status", "NOT_STARTED"))
    if status == "SUCCESS" and found.get("SigningEnabled", True):
        return ok(f"email from {name} is signed")
    why = "signing is off" if status == "SUCCESS" else Message("DKIM is {status}", status=status)
    return failed(
        Message("{name}: {why}; Gmail and Yahoo refuse bulk email without it", name=name, why=why),
        "publish the three DKIM CNAME records of the identity, and turn on signing",
    )


def mail_from(d: Deployment) -> Result:
    name, found = d.expected.mail_identity.name, _identity(d).get("MailFromAttributes", {})
    domain, status = found.get("MailFromDomain"), found.get("MailFromDomainStatus")
    if not domain:
        return warning(
            f"{name} has no MAIL FROM domain of its own, so SPF does not align (DKIM alone carries DMARC)",
            f"set a MAIL FROM domain such as bounce.{name.rpartition('@')[2]} in SES, with its MX and TXT records",
        )
    if status == "SUCCESS":
        return ok(f"MAIL FROM is {domain}")
    what = f"publish the MX and TXT records of {domain} that the SES console shows"
    if found.get("BehaviorOnMxFailure") == "REJECT_MESSAGE":
        return failed(
            Message(
                "MAIL FROM {domain} is {status}, and SES refuses every email meanwhile", domain=domain, status=status
            ),
            what,
        )
    return warning(f"MAIL FROM {domain} is {status}; SES uses amazonses.com meanwhile", what)


def _identity(d: Deployment) -> Mapping[str, Any]:
    return dict(d.clients("sesv2").get_email_identity(EmailIdentity=d.expected.mail_identity.name))


def sender(d: Deployment) -> Result:
    """The playbook's sender must be one that the role of email_sender, and SES, let through."""
    address = live_sender(d).from_address
    name = d.expected.mail_identity.name
    if d.is_local:
        return ok(f"the live playbook sends from {address}")
    fits = address == name if "@" in name else address.rpartition("@")[2] == name
    if fits:
        return ok(f"the live playbook sends from {address}, which belongs to the identity {name}")
    return failed(
        Message(
            "the live playbook sends from {address}, but the stage may send from {name} only: SES would"
            " refuse all email",
            address=address,
            name=name,
        ),
        "set `sender.from_address` in playbook.yaml and apply it, or the stage's mail_identity and deploy",
    )


def live_sender(d: Deployment) -> Any:
    """Raises `NotFound` when no playbook was applied, ValueError when this release cannot read it."""
    return parsed(d.definitions.live("mailing"), Mailing).sender


def configuration_set(d: Deployment) -> Result:
    name = d.output("ConfigurationSet")
    try:
        found = d.clients("sesv2").get_configuration_set(ConfigurationSetName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return failed(
            Message("the configuration set {name} does not exist: SES refuses every email", name=name), d.redeploy
        )
    problems = []
    if not found.get("SendingOptions", {}).get("SendingEnabled", True):
        problems.append(f"{name} is paused: SES refuses every email")
    missing = sorted(_REASONS - set(found.get("SuppressionOptions", {}).get("SuppressedReasons", _REASONS)))
    if missing:
        problems.append(f"{name} does not suppress {' and '.join(missing)}")
    if problems:
        return judged(problems, "", f"mend the set in the SES console, or {d.redeploy}")
    if not found.get("ReputationOptions", {}).get("ReputationMetricsEnabled", False):
        return warning(f"{name} publishes no reputation metrics: two alarms see nothing", d.redeploy)
    return ok(f"{name} sends, suppresses and measures")


def event_destination(d: Deployment) -> Result:
    name, topic = d.output("ConfigurationSet"), d.output("EventsTopicArn")
    found = d.clients("sesv2").get_configuration_set_event_destinations(ConfigurationSetName=name)
    ours = [one for one in found["EventDestinations"] if one.get("SnsDestination", {}).get("TopicArn") == topic]
    what = f"without these events bounces and complaints are not seen; {d.redeploy}"
    if not ours:
        return failed(Message("{name} publishes no events to {topic}", name=name, topic=topic), what)
    reported = {kind for one in ours if one.get("Enabled") for kind in one["MatchingEventTypes"]}
    missing = [kind for kind in EVENT_TYPES if kind not in reported]
    if missing:
        return Result(Verdict.FAILED, f"{name} does not report {', '.join(missing)}", what)
    return ok(f"{name} reports {len(reported)} types of events")


CHECKS = (
    Check("ses-account", account),
    Check("ses-sandbox", sandbox),
    Check("ses-quota", quota),
    Check("ses-suppression", suppression),
    Check("ses-identity", identity, needs_aws=_NO_IDENTITIES),
    Check("ses-dkim", dkim, needs_aws=_NO_IDENTITIES),
    Check("ses-mail-from", mail_from, needs_aws=_NO_IDENTITIES),
    Check("sender", sender),
    Check("configuration-set", configuration_set, needs_aws=_NO_SETS),
    Check("event-destination", event_destination, needs_aws=_NO_SETS),
)
