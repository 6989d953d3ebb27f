"""Key strings of companies, deals, API tokens and their lists. No key holds a name or an id of another system."""

import hashlib
from datetime import UTC, datetime

from sodate.dynamodb.keys import stamp

COMPANY = "COMPANY"
DEAL = "DEAL"
COMPANIES = "COMPANIES"
API_TOKENS = "APITOKENS"
OPEN_DEALS = "DEALS#open"
MEMBERS = "LEAD#"
DEALS = "DEAL#"
CHANGES = "CHANGE#"
MERGES = "MERGE#"


def company(company_id: str) -> str:
    return f"COMPANY#{company_id}"


def company_id_of(pk: str) -> str:
    return pk.removeprefix("COMPANY#")


def company_member(lead_id: str) -> str:
    return f"{MEMBERS}{lead_id}"


def lead_of_member(sk: str) -> str:
    return sk.removeprefix(MEMBERS)


def company_merge(at: datetime, other: str) -> str:
    return f"{MERGES}{stamp(at)}#{other}"


def company_domain(domain: str) -> str:
    return f"COMPANYDOMAIN#{domain}"


def company_reference(source: str, external_id: str) -> str:
    return f"COMPANYREF#{source}#{_hash(external_id)}"


def deal(deal_id: str) -> str:
    return f"DEAL#{deal_id}"


def deal_id_of(key: str) -> str:
    return key.removeprefix("DEAL#")


def deal_reference(source: str, external_id: str) -> str:
    return f"DEALREF#{source}#{_hash(external_id)}"


def deal_change(recorded_at: datetime, key: str) -> str:
    return f"{CHANGES}{stamp(recorded_at)}#{key}"


def deal_month(at: datetime) -> str:
    """The list of the deals with a change that is effective in this month (UTC)."""
    return f"DEALS#{at.astimezone(UTC):%Y-%m}"


def given_id(given: str) -> str:
    return f"GIVEN#{_hash(given)}"


def rate_window(token_id: str, minute: str) -> tuple[str, str]:
    return f"TOKENRATE#{token_id}", minute


def _hash(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()[:32]
