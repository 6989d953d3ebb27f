"""Every reason that the ledger gives for a mail that did not go out, or not yet, in words for people. Pure.

A code may carry a detail after a colon (`cap:week`, `blocked:complaint`). Codes of SES (`MessageRejected: …`) and of a
template that cannot be filled in are kept as they came.
"""

REASONS = {
    # Not now: it comes back by itself.
    "closed_hours": "quiet hours, a closed day or no business day where the reader lives; sent when they end",
    "cap": "the reader had as many mails as the frequency cap allows; sent when it allows one more, or expires",
    "frequency_wish": "the reader asked for fewer mails; sent when the wish allows one, or expires",
    "paused_by_the_lead": "the reader asked for a pause; sent after it, or expires",
    "waits_for_an_earlier_step": "an earlier mail of the sequence has not gone out yet; this one follows it",
    "changed_meanwhile": "the lead changed while this was decided; decided again in two minutes",
    "no_slot": "more mail waited than SES takes in a second; tried again in two minutes",
    "not_attempted": "our own table was busy before the mail was handed to SES; tried again in two minutes",
    "definition_unreadable": "a newer release wrote this template; tried again until code or playbook is mended",
    "opt_in_ceiling": "more opt-in emails were asked for than this form sends in an hour, or one mailbox gets in a day",
    "transactional_guard": "too many opt-in emails bounced; to addresses that never confirmed it waits for an hour",
    "repeated_after_no_answer": "SES gave no answer to this transactional email; it is tried once more",
    # Never: the enrollment goes on with the next step.
    "expired": "too late: the time in which this mail makes sense was over",
    "blocked": "the address gets no marketing mail at all",
    "consent": "there is no confirmed consent for the topic",
    "enrollment_ended": "the enrollment through the sequence was ended or replaced",
    "answered_already": "sales had answered before the mail was written",
    "earlier_attempt_settled": "SES reported on an earlier attempt, or a person settled it, before this one was made",
    "lead_erased": "the lead does not exist any more",
    # Nobody knows.
    "no_answer_and_no_event": "handed to SES, or perhaps not: no answer, and no event within fifteen minutes",
    "retried_by_a_person": "it had failed; the cause was mended and it is planned again",
    "resolved_by_a_person": "a person found out and said so",
    # What SES says of the account.
    "TooManyRequestsException": "SES was asked faster than its rate allows; tried again in two minutes",
    "ACCOUNT_THROTTLED": "SES was asked faster than its rate allows; tried again in two minutes",
}


def in_words(code: str | None) -> str:
    """The code's meaning, or the code itself when it is SES's or a template's own words."""
    if not code:
        return ""
    head, _, detail = code.partition(":")
    meaning = REASONS.get(head)
    if meaning is None:
        return code
    return f"{meaning} ({detail.strip()})" if detail else meaning
