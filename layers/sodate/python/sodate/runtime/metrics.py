"""Business metrics in CloudWatch's embedded metric format: one log line, no API call, nothing for a zero.

The vocabulary is closed: each `Metric` has an alarm in `infra/alarm_table.py`, or a written reason why it has none
(`tests/infra/test_alarms.py` compares). Every data point has the dimensions `service` (the function) and `stage`.
"""

from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class Metric(StrEnum):
    EMAILS_DISPATCHED = "EmailsDispatched"
    """Emails that a dispatcher tick handed to the send queue."""
    SENDS_FAILED = "SendsFailed"
    """Sends that ended as `failed`: SES rejected the message, or its template cannot be filled in."""
    SENDS_UNKNOWN = "SendsUnknown"
    """Sends that the sweeper listed as `unknown`."""
    SENDS_AGAIN = "SendsAgain"
    """Second attempts, planned on evidence that the first one never left."""
    DUPLICATE_SENDS = "DuplicateSends"
    """First attempts that SES reported on after their second attempt had left."""
    SENDING_ON_HOLD = "SendingOnHold"
    """Dispatcher ticks in which due email was on hold: circuit breaker, quota, guard or ceiling."""
    LATE_MINUTES = "LateMinutes"
    """Age of the oldest unread due minute at a dispatcher tick, in minutes; only above the dispatcher's tolerance."""
    CIRCUIT_OPENED = "CircuitOpened"
    """The circuit breaker of SES opened."""
    SENDER_GUARD = "SenderGuard"
    """A bounce or complaint guard warned or paused marketing email."""
    TRANSACTIONAL_GUARD = "TransactionalGuard"
    """The bounce guard of transactional email warned or paused it."""
    TRANSACTIONAL_DEFERRED = "TransactionalDeferred"
    """Opt-in emails that had to wait, or were not sent, because a ceiling against abuse is reached."""
    ENTRIES_WAITING = "EntriesWaiting"
    """Leads that wait for an operator because more entered a scenario in one hour than its limit."""
    WEBHOOKS_FAILED = "WebhooksFailed"
    """Posts of webhook steps that failed for good."""
    REPORTS_FAILED = "ReportsFailed"
    """Reports by email that SES refused, or of which nobody knows whether they left."""
    QUARANTINED_SUBMISSIONS = "QuarantinedSubmissions"
    """Form posts that were stored in quarantine."""
    REPLIES_UNMATCHED = "RepliesUnmatched"
    """Replies that belong to no email of ours and wait for a person (`sodate replies list`)."""
    PRIVACY_REQUESTS_WAITING = "PrivacyRequestsWaiting"
    """Requests of leads for their erasure that a person has to decide (`sodate privacy requests`)."""
    RATES_NOT_COUNTED = "RatesNotCounted"
    """SES events that could not be added to the daily bounce and complaint counts."""
    DEFINITION_UNREADABLE = "DefinitionUnreadable"
    """Definitions that this release cannot read; it continues with the last readable version."""


class BusinessMetrics:
    def __init__(self, service: str, stage: str) -> None:
        self._metrics = EphemeralMetrics(namespace="Sodate", service=service)
        self._metrics.set_default_dimensions(stage=stage)

    def count(self, name: Metric, value: float) -> None:
        if value:
            self._metrics.add_metric(name.value, MetricUnit.Count, value)
            self._metrics.flush_metrics()
