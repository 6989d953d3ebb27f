"""Carries out erasures: those that leads asked for by themselves, and those of inactive leads.

A lead is read again directly before it is erased. What one lead makes fail does not stop the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.consent.data_policy import DataPolicy
from sodate.errors import Conflict, Invalid, Transient
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.privacy import store
from sodate.privacy.erase import Eraser
from sodate.privacy.erasure import Erased
from sodate.privacy.request import MOST_ASKED, MOST_DUE, MOST_PER_DAY, Asked, Step
from sodate.privacy.review import is_still_inactive

BECAUSE = "self-service"


@dataclass
class Carried:
    """`left`: an import file that names the lead still runs; the next run goes on. `waiting`: for a person.

    `failed`: an error that may pass; the next run tries again.
    """

    erased: int = 0
    left: int = 0
    waiting: int = 0
    later: int = 0
    failed: int = 0
    is_stopped: bool = False

    def erase(self, lead_id: str, erase: Callable[[str], Erased]) -> None:
        try:
            erased = erase(lead_id)
        except (Conflict, Invalid):  # merged into another lead since, or a file that nobody can read
            self.waiting += 1
        except Transient:
            self.failed += 1
        else:
            self.erased += erased.is_complete
            self.left += not erased.is_complete


def erase_by_itself(eraser: Eraser, lead_id: str, because: str, by: str) -> Erased:
    """Without a person, so within what one day begins. A later attempt at an erasure that has begun is not counted.

    Raises: `Conflict` when the day has no room: the erasure waits for the next day, or for a person; as `Eraser.erase`.
    """

    def may_begin() -> None:
        if not store.count_erasure(because, MOST_PER_DAY, eraser.now):
            raise Conflict(
                Message(
                    "{most} erasures have begun by themselves today; the rest waits for tomorrow, or for `sodate"
                    " privacy requests --erase`",
                    most=MOST_PER_DAY,
                )
            )

    return eraser.erase(lead_id, "", because, by, may_begin)


def asked(item: store.RequestItem) -> Asked:
    state = find_state(item.lead_id)
    came_back = bool(item.came_back) or (state is not None and state.blocked is None)
    return Asked(item.lead_id, datetime.fromisoformat(item.at), came_back)


def carry_out(
    policy: DataPolicy,
    erase: Callable[[str], Erased],
    now: datetime,
    has_time: Callable[[], bool],
    *,
    by_person: bool = False,
) -> Carried:
    """Oldest first, as long as `has_time`; one at least. `erase`: by the id of a lead; it removes the request last.

    `by_person`: a person said so: requests that wait for a person are carried out too, in any number. Nobody carries
    out one before its date, or one of a lead that came back: `sodate lead erase` does that.
    """
    wanted = (Step.DUE, Step.PERSON) if by_person else (Step.DUE,)
    done, items = Carried(), [item for item in store.requests() if item.what == "erase"]
    if len(items) > MOST_ASKED and not by_person:
        return Carried(waiting=len(items), is_stopped=True)
    due = [item for item in items if _count(item, policy, now, done) in wanted]
    if by_person:
        done.waiting -= sum(asked(item).step(policy, now) is Step.PERSON for item in due)
    elif len(due) > MOST_DUE:
        done.is_stopped, done.waiting = True, done.waiting + len(due)
        return done
    for number, item in enumerate(due):
        if number and not has_time():
            break
        current = store.find_request(item.lead_id, item.what)
        if current is not None and asked(current).step(policy, now) in wanted:  # not withdrawn meanwhile
            done.erase(item.lead_id, erase)
    return done


def _count(item: store.RequestItem, policy: DataPolicy, now: datetime, done: Carried) -> Step:
    step = asked(item).step(policy, now)
    done.later += step is Step.LATER
    done.waiting += step in (Step.PERSON, Step.CAME_BACK)
    if step is Step.CAME_BACK and not item.came_back:
        store.mark_came_back(item)
    return step


def erase_inactive(
    lead_ids: Iterable[str],
    policy: DataPolicy,
    erase: Callable[[str], Erased],
    now: datetime,
    has_time: Callable[[], bool],
) -> Carried:
    """Those that are still inactive, as long as `has_time`; the others are found again in the next round."""
    done = Carried()
    for lead_id in lead_ids:
        if not has_time():
            break
        if is_still_inactive(lead_id, policy, now):
            done.erase(lead_id, erase)
    return done
