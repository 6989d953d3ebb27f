"""Reason codes of emails that were not sent, or not yet, as the ledger stores them. A detail may follow a colon."""

from enum import StrEnum


class Reason(StrEnum):
    # Deferred: tried again automatically.
    CLOSED_HOURS = "closed_hours"
    CAP = "cap"
    FREQUENCY = "frequency_wish"
    PAUSED = "paused_by_the_lead"
    WAITS_FOR_EARLIER = "waits_for_an_earlier_step"
    PRECEDENCE = "precedence"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NO_SLOT = "no_slot"
    NOT_ATTEMPTED = "not_attempted"
    NOT_COMPOSED = "not_composed"
    DEFINITION_UNREADABLE = "definition_unreadable"
    OPT_IN_CEILING = "opt_in_ceiling"
    TRANSACTIONAL_GUARD = "transactional_guard"
    REPEATED = "repeated_after_no_answer"
    # Skipped: the enrollment continues with the next step.
    EXPIRED = "expired"
    BLOCKED = "blocked"
    CONSENT = "consent"
    ENROLLMENT_ENDED = "enrollment_ended"
    ANSWERED_ALREADY = "answered_already"
    EARLIER_ATTEMPT_SETTLED = "earlier_attempt_settled"
    LEAD_ERASED = "lead_erased"
    LEFT_SEGMENT = "left_the_segment"
    EXCLUDED = "excluded"
    BROADCAST_CANCELLED = "broadcast_cancelled"
    GLOBAL_HOLDOUT = "global_holdout"
    RAW_EMAIL_GONE = "raw_email_gone"
    NO_OWNER = "no_owner"
    # Unknown outcome.
    NO_ANSWER = "no_answer_and_no_event"
    RETRIED = "retried_by_a_person"
    RESOLVED = "resolved_by_a_person"
