"""Key strings of campaigns: members, ad clicks, ad costs, and conversions that go back to ad platforms."""

from datetime import date, datetime

from sodate.dynamodb.keys import stamp

AD_CLICKS = "ADCLICK#"


def ad_click(at: datetime, submission_id: str) -> str:
    """Of a lead; the click ids of one form post."""
    return f"{AD_CLICKS}{stamp(at)}#{submission_id}"


def campaign_members(campaign: str, shard: int) -> str:
    """The list of a campaign's members; the sort key is the lead id."""
    return f"CAMPAIGN#{campaign}#{shard}"


def ad_costs(platform: str, day: date) -> str:
    """Ad costs of a month of days, as the platform counts days."""
    return f"ADCOST#{platform}#{day:%Y-%m}"


def ad_cost(day: date, row_key: str, recorded: datetime) -> str:
    """One record of one (campaign, ad group, keyword) of a day; a correction has a later `recorded`."""
    return f"{day.isoformat()}#{row_key}#{stamp(recorded)}"


def conversions(platform: str) -> str:
    """What is to go back to an ad platform, oldest first."""
    return f"CONVERSIONS#{platform}"


def conversion(at: datetime, key: str) -> str:
    return f"{stamp(at)}#{key}"
