"""What sales says of a lead, and what becomes of the conversation about it."""

from enum import StrEnum


class FeedbackKind(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MEETING_SET = "meeting_set"
    WON = "won"
    LOST = "lost"


class ConversationStage(StrEnum):
    """`open`, `expired` (the feedback link ended), or the latest feedback."""

    OPEN = "open"
    EXPIRED = "expired"
    ACCEPTED = FeedbackKind.ACCEPTED.value
    REJECTED = FeedbackKind.REJECTED.value
    MEETING_SET = FeedbackKind.MEETING_SET.value
    WON = FeedbackKind.WON.value
    LOST = FeedbackKind.LOST.value


#: Sales is working on the lead.
ACTIVE_STAGES = (ConversationStage.OPEN, ConversationStage.ACCEPTED, ConversationStage.MEETING_SET)
