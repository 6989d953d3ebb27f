"""The open calls of everybody, with the owner whose call each is now. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sodate.calls.store import CallItem, open_calls
from sodate.email.mailing import Mailing
from sodate.leads.lead import Profile
from sodate.leads.store import profiles_of
from sodate.playbook.store import Definitions, parsed
from sodate.sales.assign import SalesPolicy
from sodate.sales.call_owner import call_owner
from sodate.sales.definition import Sales
from sodate.signals.store import find_signals


@dataclass(frozen=True)
class OpenCall:
    call: CallItem
    profile: Profile
    owner: str
    is_overdue: bool


def open_calls_with_owner(definitions: Definitions, now: datetime) -> list[OpenCall]:
    """In order of their due times; without those of erased leads.

    Raises: `NotFound` without `sales.yaml`.
    """
    policy = SalesPolicy(parsed(definitions.live("sales"), Sales), parsed(definitions.live("mailing"), Mailing))
    calls = open_calls()
    profiles = profiles_of(call.lead_id for call in calls)
    signals = find_signals((call.lead_id, call.signal) for call in calls)
    found = []
    for call in calls:
        profile = profiles.get(call.lead_id)
        if profile is not None:
            signal = signals.get((call.lead_id, call.signal))
            owner = call_owner(profile, signal, policy.sales, lambda one: policy.is_away(one, now))
            found.append(OpenCall(call, profile, owner.id, call.due_at <= now))
    return found
