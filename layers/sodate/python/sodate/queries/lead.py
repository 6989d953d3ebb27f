"""One lead by its address, and its profile, consent and score at a glance."""

from datetime import datetime
from typing import Any

from sodate.errors import NotFound
from sodate.leads.address import address_key, parse_address
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile, load_state, owner_of
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import rules_of
from sodate.scoring.rules import class_of
from sodate.scoring.store import find_score, moment


def find_lead(email: str, address_secret: bytes) -> str:
    """Id of the lead with this address. `address_secret` is the key of the HMAC under which addresses are found.

    Raises: `NotFound`; `Invalid` for text that is no address.
    """
    lead_id = owner_of(address_key(parse_address(email).match, address_secret))
    if lead_id is None:
        raise NotFound(Message("no lead with the address {email}", email=email))
    return lead_id


def overview(definitions: Definitions, lead_id: str, now: datetime) -> dict[str, Any]:
    """Profile, consent, score and phase, as plain values by name."""
    profile, state = load_profile(lead_id), load_state(lead_id)
    return {
        "lead_id": lead_id,
        **addresses(profile),
        **{f"primary.{name}": value for name, value in profile.primary.items()},
        **{f"secondary.{name}": value for name, value in profile.secondary.items()},
        "source": profile.source,
        "owner": profile.owner,
        "flags": list(profile.flags),
        "consent": state.topics,
        "blocked": state.blocked,
        **current_score(definitions, lead_id, now),
        "created": profile.created,
    }


def addresses(profile: Profile) -> dict[str, str]:
    """The address as it is mailed; beside it the typed one, where it is another."""
    mailed = profile.mailbox or profile.address
    return {"email": mailed} if mailed == profile.address else {"email": mailed, "email_as_typed": profile.address}


def current_score(definitions: Definitions, lead_id: str, now: datetime) -> dict[str, Any]:
    """The stored score, decayed to `now`; zero for a lead that was never scored."""
    stored_score = find_score(lead_id)
    if stored_score is None:
        return {"total": 0, "totals": {}, "rank": None, "class": None, "phase": None, "stage": "lead", "hot": False}
    rules = rules_of(definitions, int(stored_score.rules_version))
    score_state = stored_score.score_state
    rules.engine.settle(score_state, int(now.timestamp()) // 60)
    view = rules.engine.view(score_state, score_state.now)
    return {
        "total": view.total,
        "totals": {name or "all": vars(totals) for name, totals in {"": view.overall, **view.by_category}.items()},
        "rank": score_state.rank,
        "class": class_of(score_state.rank),
        "phase": rules.rules.phases[score_state.phase].id,
        "phase_label": rules.rules.phases[score_state.phase].label,
        "phase_since": score_state.phase_since is not None and f"{moment(score_state.phase_since):%Y-%m-%d %H:%M}",
        "stage": score_state.stage,
        "hot": score_state.hot,
    }
