"""Carries out erasures that leads asked for by themselves, after the cooling period of the playbook."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sodate.consent.data_policy import DataPolicy
from sodate.errors import Conflict, Invalid
from sodate.leads.store import find_state
from sodate.privacy import store
from sodate.privacy.erasure import Erased
from sodate.privacy.request import MOST_DUE, Asked, Step

BECAUSE = "self-service"


@dataclass
class Carried:
    """`left`: an import file that names the lead still runs; the next run goes on. `waiting`: for a person."""

    erased: int = 0
    left: int = 0
    waiting: int = 0
    later: int = 0
    is_stopped: bool = False


def asked(item: store.RequestItem) -> Asked:
    state = find_state(item.lead_id)
    return Asked(item.lead_id, datetime.fromisoformat(item.at), state is not None and state.blocked is None)


def carry_out(
    policy: DataPolicy, erase: Callable[[str], Erased], now: datetime, has_time: Callable[[], bool]
) -> Carried:
    """Oldest first, as long as `has_time`; one at least. `erase`: by the id of a lead.

    When more than `MOST_DUE` are due, none is carried out: a person decides (`sodate privacy requests --erase`).

    Raises: `Transient`, and what was done stays done.
    """
    done, due = Carried(), []
    for item in store.requests():
        step = asked(item).step(policy, now)
        done.later += step is Step.LATER
        done.waiting += step in (Step.PERSON, Step.CAME_BACK)
        if step is Step.DUE:
            due.append(item)
    if len(due) > MOST_DUE:
        done.is_stopped, done.waiting = True, done.waiting + len(due)
        return done
    for number, item in enumerate(due):
        if number and not has_time():
            break
        try:
            erased = erase(item.lead_id)
        except (Conflict, Invalid):  # merged into another lead since, or a file that nobody can read
            done.waiting += 1
            continue
        if erased.is_complete:
            store.drop_request(item)
        done.erased += erased.is_complete
        done.left += not erased.is_complete
    return done
