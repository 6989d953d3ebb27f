"""Explanations of every reason code with which the ledger explains an email that was not sent, or not yet. Pure.

A code may have a detail after a colon (`cap:week`, `blocked:complaint`). Codes of SES (`MessageRejected: …`) and of a
template that cannot be filled in are shown unchanged.
"""

REASONS = {
    # Deferred: tried again automatically.
    "closed_hours": "quiet hours, a closed day or no business day in the lead's time zone; sent when they end",
    "cap": "the lead got as many emails as the frequency cap allows; sent when it allows one more, or expires",
    "frequency_wish": "the lead chose to get fewer emails; sent when that allows one, or expires",
    "paused_by_the_lead": "the lead chose a pause; sent after it, or expires",
    "waits_for_an_earlier_step": "an earlier email of the sequence was not sent yet; this one follows it",
    "changed_meanwhile": "the lead changed during the decision; decided again in two minutes",
    "no_slot": "more email waited than SES accepts in a second; tried again in two minutes",
    "not_attempted": "the DynamoDB table was busy before the call to SES; tried again in two minutes",
    "definition_unreadable": "a newer release wrote this template; tried again until code or playbook is corrected",
    "opt_in_ceiling": "more opt-in emails were requested than this form sends in an hour, or one mailbox gets in a day",
    "transactional_guard": "too many opt-in emails bounced; emails to unconfirmed addresses wait for an hour",
    "repeated_after_no_answer": "SES gave no answer to this transactional email; it is tried once more",
    # Skipped: the enrollment continues with the next step.
    "expired": "too late: the `valid_hours` of the step were over",
    "blocked": "the address gets no marketing email at all",
    "consent": "there is no confirmed consent for the topic",
    "enrollment_ended": "the enrollment through the sequence was ended or replaced",
    "answered_already": "sales gave feedback before the email was composed",
    "earlier_attempt_settled": "SES reported on an earlier attempt, or an operator settled it, before this attempt",
    "lead_erased": "the lead does not exist any more",
    # Unknown outcome.
    "no_answer_and_no_event": "perhaps accepted by SES: no answer, and no event within fifteen minutes",
    "retried_by_a_person": "it had failed; an operator planned it again",
    "resolved_by_a_person": "an operator found out and settled it",
    # SES answers about the account.
    "TooManyRequestsException": "SES was called faster than its rate allows; tried again in two minutes",
    "ACCOUNT_THROTTLED": "SES was called faster than its rate allows; tried again in two minutes",
}


def in_words(code: str | None) -> str:
    """Explanation of the code; the code itself when it comes from SES or from a template."""
    if not code:
        return ""
    head, _, detail = code.partition(":")
    meaning = REASONS.get(head)
    if meaning is None:
        return code
    return f"{meaning} ({detail.strip()})" if detail else meaning
