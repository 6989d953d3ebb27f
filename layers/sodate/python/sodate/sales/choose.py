"""Candidate owners for a lead, in order of preference. Pure; rotation and load decide within one choice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sodate.leads.lead import Profile
from sodate.leads.text import fold
from sodate.sales.definition import Fit, Owner, Sales
from sodate.sales.match import fits


@dataclass(frozen=True)
class Choice:
    """`owners` share by round robin. `ignore_capacity`: even when full. `because`: stored with the assignment."""

    owners: tuple[Owner, ...]
    because: str
    ignore_capacity: bool = False


def choices(profile: Profile, sales: Sales, is_away: Callable[[Owner], bool]) -> Iterator[Choice]:
    """Choices in order. The last always accepts: a lead without an owner is worse than an owner over capacity."""
    present = tuple(owner for owner in sales.owners if not is_away(owner))
    # The current owner gets the lead back, even over capacity.
    yield from _named(present, profile.owner, "owns_the_lead", ignore_capacity=True)
    yield from _named(present, _assigned(profile, sales), "assignments")
    yield from _spread(present, profile, sales)
    yield from _named(present, sales.default_owner, "default_owner", ignore_capacity=True)
    if present:
        yield Choice(present, "default_owner_is_away", ignore_capacity=True)
    yield Choice((sales.owner(sales.default_owner),), "everybody_is_away", ignore_capacity=True)


def _named(
    present: Sequence[Owner], wanted: str | None, because: str, *, ignore_capacity: bool = False
) -> Iterator[Choice]:
    for owner in present:
        if owner.id == wanted:
            yield Choice((owner,), because, ignore_capacity)


def _assigned(profile: Profile, sales: Sales) -> str | None:
    for assignment in sales.assignments:
        value = profile.attribute(assignment.attribute)
        if value and fold(assignment.contains) in fold(str(value)):
            return assignment.owner
    return None


def _spread(present: Sequence[Owner], profile: Profile, sales: Sales) -> Iterator[Choice]:
    if sales.assignment is None:
        return
    pool: tuple[Owner, ...] = tuple(present)
    matched: list[str] = []
    for kind in sales.assignment.by:
        narrower = _narrow(pool, kind, profile)
        if narrower is not None:
            pool, matched = narrower, [*matched, kind]
    if pool and matched:
        yield Choice(pool, "+".join(matched))
    if present and sales.assignment.then == "round_robin":
        generalists = tuple(owner for owner in present if not any(_written(owner, k) for k in sales.assignment.by))
        yield Choice(generalists or tuple(present), "round_robin")
        yield Choice(tuple(present), "round_robin")


def _narrow(pool: Sequence[Owner], kind: str, profile: Profile) -> tuple[Owner, ...] | None:
    """Owners whose territory or product matches; None when none does."""
    return tuple(owner for owner in pool if any(fits(fit, profile) for fit in _written(owner, kind))) or None


def _written(owner: Owner, kind: str) -> tuple[Fit, ...]:
    return owner.territories if kind == "territory" else owner.products
