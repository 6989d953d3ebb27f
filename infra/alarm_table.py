"""Which business metric wakes somebody up, when, and what it means; or why it does not.

The names are those of `sodate.runtime.metrics.Metric`, which this room may not import: `tests/infra/test_alarms.py`
holds both side by side, so that no metric is counted that nobody hears. A metric carries the name of the function that
counted it, so an alarm is about one metric of one function: sums over functions cost the same and are silent while one
of them has never reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricAlarm:
    """Rings when each of `periods` spans of `minutes` reaches `threshold`. `means` is the alarm's description: what it
    is, and where to look. `name` is followed by the function's where there are several."""

    metric: str
    name: str
    functions: tuple[str, ...]
    means: str
    threshold: float = 1
    minutes: int = 5
    periods: int = 1
    statistic: str = "Sum"


#: Each reads definitions of the playbook; the definition is the same for all, the release may not be.
READERS_OF_DEFINITIONS = (
    "activities_api", "inbound_email", "sales_feedback",
    "consent_pages", "email_events", "form_capture", "kpi_rollup", "lead_import", "email_sender", "privacy_pages",
    "privacy_review", "report_email",
    "sales_followup", "sales_handoff", "score_decay", "score_replay", "scoring", "send_sweeper", "step_mail_dispatch",
    "web_events",
)  # fmt: skip

METRIC_ALARMS = (
    MetricAlarm(
        "SendingOnHold", "sending-on-hold", ("step_mail_dispatch",),
        "Due email has been on hold for an hour: breaker, quota, guard or ceiling; the dispatcher's log says which.",
        minutes=5, periods=12,
    ),
    MetricAlarm(
        "LateMinutes", "late-steps", ("step_mail_dispatch",),
        "Due email is past its minute: pacing, SES quota, or a dispatcher that was down.",
        periods=2, statistic="Maximum",
    ),
    MetricAlarm(
        "SendsFailed", "sends-failed", ("email_sender",),
        "Ten or more sends failed within an hour: SES refused the message, or a template cannot be filled in.",
        threshold=10, minutes=60,
    ),
    MetricAlarm(
        "SendsUnknown", "sends-unknown", ("send_sweeper",),
        "Sends without an answer and without a report of SES: `sodate sends unknown`.",
    ),
    MetricAlarm(
        "DuplicateSends", "duplicate-sends", ("email_events",),
        "SES reported a first attempt after its second one had left: somebody may have that email twice.",
    ),
    MetricAlarm(
        "CircuitOpened", "circuit-opened", ("step_mail_dispatch", "email_sender"),
        "SES refuses the account, the identity or the configuration set, or does not answer: sending stopped by itself "
        "and tries again by itself.",
    ),
    MetricAlarm(
        "SenderGuard", "sender-guard", ("step_mail_dispatch",),
        "Bounces or complaints are near a limit of `guards`, or over it, and marketing email pauses.",
    ),
    MetricAlarm(
        "TransactionalGuard", "transactional-guard", ("email_sender",),
        "Opt-in emails bounce too often: a script may be posting invented addresses.",
    ),
    MetricAlarm(
        "TransactionalDeferred", "transactional-deferred", ("email_sender",),
        "Opt-in emails wait because a ceiling against abuse is reached. Posts are stored.",
    ),
    MetricAlarm(
        "EntriesWaiting", "entries-waiting", ("email_sender", "score_decay", "scoring"),
        "More leads than `max_entries_per_hour` came to a scenario; nobody enters it until you decide: "
        "`sodate scenario waiting`.",
    ),
    MetricAlarm(
        "WebhooksFailed", "webhooks-failed", ("sales_followup",),
        "Posts of a scenario's webhook step failed for good: the leads' timelines say why.",
    ),
    MetricAlarm(
        "ReportsFailed", "reports-failed", ("report_email",),
        "SES refused a report by email, or did not say whether it took it: `sodate report deliveries`.",
    ),
    MetricAlarm(
        "QuarantinedSubmissions", "quarantine-growth", ("form_capture",),
        "Twenty or more posts went to quarantine within an hour: `sodate quarantine list`.",
        threshold=20, minutes=60,
    ),
    MetricAlarm(
        "RepliesUnmatched", "replies-unmatched", ("inbound_email",),
        "Twenty or more replies of an hour match no send: a signing key that is gone, a forwarded reply address, or a "
        "flood: `sodate replies list`.",
        threshold=20, minutes=60,
    ),
    MetricAlarm(
        "PrivacyRequestsWaiting", "privacy-requests-waiting", ("privacy_review",),
        "A lead asked for its erasure and a person has to decide, or more are due than one run or day may erase: "
        "`sodate privacy requests`. The law gives a month at most.",
        minutes=60,
    ),
    MetricAlarm(
        "RatesNotCounted", "rates-not-counted", ("email_events",),
        "SES events are missing in the daily bounce and complaint counts, so the guards see too little.",
    ),
    MetricAlarm(
        "DefinitionUnreadable", "definition-unreadable", READERS_OF_DEFINITIONS,
        "This release cannot read a live definition and goes on with the last good one: deploy, or apply the playbook "
        "with the release that runs.",
    ),
)  # fmt: skip

#: Metrics that nobody is woken for.
NO_ALARM: Mapping[str, str] = {
    "EmailsDispatched": "Zero is normal at night; sends-failed-share divides by it, and it is on the dashboard.",
    "SendsAgain": "The cure, not the trouble: each second attempt was made on evidence. DuplicateSends rings when the "
    "evidence was wrong, and the number is on the dashboard.",
}
