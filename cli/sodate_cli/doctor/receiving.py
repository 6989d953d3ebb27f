"""SES receives email for the reply domain: the rule is in the active rule set, and the domain is verified."""

from sodate.messages import Message

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, failed, ok, warning

_NO_RECEIVING = "the SES simulator has no receipt rules; `reply` of the simulator stores an email by itself"


def receiving(d: Deployment) -> Result:
    """Only one rule set of an account and region works, the active one, and CloudFormation cannot activate it."""
    if not d.receives:
        return ok("the stage receives no email (no reply_domain)")
    domain, wanted = d.output("ReplyDomain"), d.output("ReplyRuleSet")
    active = d.clients("ses").describe_active_receipt_rule_set()
    name = active.get("Metadata", {}).get("Name")
    if name != wanted:
        return failed(
            Message(
                "SES receives by the rule set {name}, and the rule of this stage is in {wanted}",
                name=name or "(none)",
                wanted=wanted,
            ),
            Message(
                'aws ses set-active-receipt-rule-set --rule-set-name {wanted}, or set reply_rule_set = "{name}"'
                " in stages.toml and {redeploy}",
                wanted=wanted,
                name=name or "…",
                redeploy=d.redeploy,
            ),
        )
    rules = [rule for rule in active.get("Rules", []) if rule["Name"] == d.prefix]
    if not rules or not rules[0].get("Enabled") or domain not in rules[0].get("Recipients", []):
        return failed(
            Message(
                "the active rule set {name} has no enabled rule {prefix} for {domain}",
                name=name,
                prefix=d.prefix,
                domain=domain,
            ),
            d.redeploy,
        )
    return ok(f"the active rule set {name} stores email for {domain}")


def reply_domain(d: Deployment) -> Result:
    if not d.receives:
        return ok("the stage receives no email (no reply_domain)")
    domain = d.output("ReplyDomain")
    known = {one["IdentityName"]: one for one in _identities(d)}
    parents = [domain.split(".", start)[-1] for start in range(domain.count("."))]
    verified = [one for one in parents if known.get(one, {}).get("VerificationStatus") == "SUCCESS"]
    if verified:
        return ok(f"SES has verified {verified[0]}; the MX record of {domain} is not looked at (docs/replies.md)")
    return warning(
        f"SES has verified neither {domain} nor a domain above it", f"verify {domain} in SES, else it receives nothing"
    )


def _identities(d: Deployment) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    token: dict[str, str] = {}
    while True:
        answer = d.clients("sesv2").list_email_identities(PageSize=1000, **token)
        found += answer.get("EmailIdentities", [])
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


CHECKS = (
    Check("receiving", receiving, needs_aws=_NO_RECEIVING),
    Check("reply-domain", reply_domain, needs_aws=_NO_RECEIVING),
)
