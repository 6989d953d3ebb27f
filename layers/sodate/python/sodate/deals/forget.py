"""Takes the words out of the history of deals in which an erased lead was a contact; what statistics need stays."""

from sodate.deals.deal import is_code
from sodate.deals.store import change_items, deal_ids_of_lead, without_reason


def words_about(lead_id: str) -> int:
    """How many changes of the lead's deals have a reason in words."""
    return sum(1 for deal_id in deal_ids_of_lead(lead_id) for item in change_items(deal_id) if _is_words(item.reason))


def forget_words(lead_id: str) -> int:
    """Remove reasons in words, of whichever contact they speak; a reason that is a code stays. Idempotent.

    Raises: `Transient`.
    """
    forgotten = 0
    for deal_id in deal_ids_of_lead(lead_id):
        for item in change_items(deal_id):
            if _is_words(item.reason):
                without_reason(item)
                forgotten += 1
    return forgotten


def _is_words(reason: str | None) -> bool:
    return reason is not None and not is_code(reason)
