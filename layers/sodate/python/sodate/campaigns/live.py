"""The campaigns and the rules of attribution of a playbook, live now or at a past moment."""

from datetime import datetime

from sodate.campaigns.attribution_rules import AttributionRules
from sodate.campaigns.campaign import PublishedCampaign
from sodate.campaigns.sources import LiveCampaign
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.history import live_at
from sodate.playbook.problem import did_you_mean
from sodate.playbook.store import Definitions, Stored, derived, parsed


def live_campaigns(definitions: Definitions) -> list[LiveCampaign]:
    """In order of id; nothing is read again while they are cached."""
    return [campaign_of(stored) for stored in definitions.all_live("campaign")]


def campaign_of(stored: Stored) -> LiveCampaign:
    """Raises: `DefinitionUnreadable`."""
    campaign = parsed(stored, PublishedCampaign)
    return derived(stored, LiveCampaign, lambda: LiveCampaign(campaign, stored.version))


def live_rules(definitions: Definitions) -> AttributionRules:
    """The defaults where the playbook has no attribution.yaml."""
    found = definitions.all_live("attribution")
    return parsed(found[0], AttributionRules) if found else AttributionRules()


def campaigns_at(definitions: Definitions, at: datetime) -> list[LiveCampaign]:
    return [campaign_of(stored) for stored in live_at(definitions, "campaign", at)]


def rules_at(definitions: Definitions, at: datetime) -> AttributionRules:
    found = list(live_at(definitions, "attribution", at))
    return parsed(found[0], AttributionRules) if found else AttributionRules()


def must_be_known(definitions: Definitions, campaign_id: str) -> None:
    """Raises: `NotFound` for a campaign that no playbook ever had."""
    known = definitions.newest_versions("campaign")
    if campaign_id not in known:
        hint = did_you_mean(campaign_id, known, Message("see `sodate campaign list`"))
        raise NotFound(Message("there is no campaign {campaign!r}; {hint}", campaign=campaign_id[:60], hint=hint))
