"""Members of a campaign as people: a lead that was merged into another is not a second one."""

from sodate.campaigns import store
from sodate.campaigns.member import RANK
from sodate.campaigns.store import CampaignMember
from sodate.leads.contact_state import Block
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import states_of


def campaign_members(campaign: str) -> list[CampaignMember]:
    """Each person once, as the lead that stays; of both memberships, the one that came further, else the earlier one.

    Reads the state of each member, a hundred at a time, and the owner of the address of each merged one.
    """
    stored = list(store.members_of(campaign))
    stays = {
        lead_id: other
        for lead_id, state in states_of(one.lead_id for one in stored).items()
        if state.blocked == Block.MERGED and (other := lead_that_stays(state)) is not None
    }
    people: dict[str, CampaignMember] = {}
    for one in stored:
        lead_id = stays.get(one.lead_id, one.lead_id)
        known = people.get(lead_id)
        if known is None or _order(one) < _order(known):
            people[lead_id] = CampaignMember(lead_id, one.membership)
    return list(people.values())


def _order(one: CampaignMember) -> tuple[int, int]:
    return -RANK[one.membership.status], one.membership.since
