"""Explanations of every reason code with which the ledger explains an email that was not sent, or not yet. Pure.

A code may have a detail after a colon (`cap:week`, `blocked:complaint`). Codes of SES (`MessageRejected: …`) and of a
template that cannot be filled in are shown unchanged.
"""

from sodate.email.ledger.reason import Reason
from sodate.messages import Message, joined

REASONS: dict[str, str] = {
    # Deferred: tried again automatically.
    Reason.CLOSED_HOURS: Message(
        "quiet hours, a closed day or no business day in the lead's time zone; sent when they end"
    ),
    Reason.CAP: Message(
        "the lead got as many emails as the frequency cap allows; sent when it allows one more, or expires"
    ),
    Reason.FREQUENCY: Message("the lead chose to get fewer emails; sent when that allows one, or expires"),
    Reason.PAUSED: Message("the lead chose a pause; sent after it, or expires"),
    Reason.WAITS_FOR_EARLIER: Message("an earlier email of the sequence was not sent yet; this one follows it"),
    Reason.PRECEDENCE: Message(
        "a frequency cap had room for one email, and another scenario goes first; sent when it allows more, or expires"
    ),
    Reason.CHANGED_MEANWHILE: Message("the lead changed during the decision; decided again in two minutes"),
    Reason.NO_SLOT: Message("more email waited than SES accepts in a second; tried again in two minutes"),
    Reason.NOT_ATTEMPTED: Message("the DynamoDB table was busy before the call to SES; tried again in two minutes"),
    Reason.DEFINITION_UNREADABLE: Message(
        "a newer release wrote this template; tried again until code or playbook is corrected"
    ),
    Reason.NOT_COMPOSED: Message(
        "the template cannot be filled in for this lead; tried again until `valid_hours` are over"
    ),
    Reason.OPT_IN_CEILING: Message(
        "more opt-in emails were requested than this form sends in an hour, or one mailbox gets in a day"
    ),
    Reason.TRANSACTIONAL_GUARD: Message(
        "too many opt-in emails bounced; emails to unconfirmed addresses wait for an hour"
    ),
    Reason.REPEATED: Message("SES gave no answer to this transactional email; it is tried once more"),
    # Skipped: the enrollment continues with the next step.
    Reason.EXPIRED: Message("too late: the `valid_hours` of the step were over"),
    Reason.BLOCKED: Message("the address gets no marketing email at all"),
    Reason.CONSENT: Message("there is no confirmed consent for the topic"),
    Reason.ENROLLMENT_ENDED: Message("the enrollment through the sequence was ended or replaced"),
    Reason.ANSWERED_ALREADY: Message("sales gave feedback before the email was composed"),
    Reason.EARLIER_ATTEMPT_SETTLED: Message(
        "SES reported on an earlier attempt, or an operator settled it, before this attempt"
    ),
    Reason.LEAD_ERASED: Message("the lead does not exist any more"),
    Reason.LEFT_SEGMENT: Message("the lead left the segment of the broadcast before its email was sent"),
    Reason.EXCLUDED: Message("the lead came into a segment that the broadcast excludes"),
    Reason.BROADCAST_CANCELLED: Message("the run of the broadcast was cancelled before this email was sent"),
    Reason.GLOBAL_HOLDOUT: Message("the lead is in the global holdout (`global_holdout` of playbook.yaml)"),
    Reason.RAW_EMAIL_GONE: Message(
        "the reply was deleted from the bucket, or its lead erased, before it was forwarded"
    ),
    Reason.NO_OWNER: Message("nobody is there to forward the reply to; give `replies.forward_to` or owners of sales"),
    # Unknown outcome.
    Reason.NO_ANSWER: Message("perhaps accepted by SES: no answer, and no event within fifteen minutes"),
    Reason.RETRIED: Message("it had failed; an operator planned it again"),
    Reason.RESOLVED: Message("an operator found out and settled it"),
    # SES answers about the account.
    "TooManyRequestsException": Message("SES was called faster than its rate allows; tried again in two minutes"),
    "ACCOUNT_THROTTLED": Message("SES was called faster than its rate allows; tried again in two minutes"),
}


def in_words(code: str | None) -> str:
    """Explanation of the code; the code itself when it comes from SES or from a template."""
    if not code:
        return ""
    head, _, detail = code.partition(":")
    meaning = REASONS.get(head)
    if meaning is None:
        return code
    return joined("", [meaning, f" ({detail.strip()})"]) if detail else meaning
