"""Who gets a run: decided when the list of members is read, and again before each batch is sent. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.cells import cell_and_instant
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState


@dataclass(frozen=True)
class Candidate:
    """`state` None: the lead was erased. `segments`: those that it belongs to now."""

    lead_id: str
    state: ContactState | None
    segments: frozenset[str]


def left_out(candidate: Candidate, broadcast: Broadcast) -> str | None:
    """Reason code why the lead does not belong to the audience; None: it does."""
    if candidate.state is None:
        return Reason.LEAD_ERASED
    if broadcast.segment not in candidate.segments:
        return Reason.LEFT_SEGMENT
    excluded = next((segment for segment in broadcast.exclude if segment in candidate.segments), None)
    return f"{Reason.EXCLUDED}:{excluded}" if excluded else None


@dataclass(frozen=True, order=True)
class Group:
    """Leads with one instant and one cell. `cell`: of the experiment; empty: there is none."""

    at: datetime
    cell: str = ""


def by_group(
    candidates: Iterable[Candidate], broadcast: Broadcast, mailing: Mailing, local: datetime, wave: datetime
) -> Mapping[Group, list[str]]:
    """Leads of the audience by the instant at which they get the run, and by the cell of its experiment.

    `wave`: with `audience: at_send`, only leads whose instant it is.
    """
    found: dict[Group, list[str]] = defaultdict(list)
    for candidate in candidates:
        if left_out(candidate, broadcast) is not None:
            continue
        zone = candidate.state.zone if candidate.state else None
        cell, at = cell_and_instant(broadcast, mailing, local, candidate.lead_id, zone)
        if broadcast.audience == "frozen" or at == wave:
            found[Group(at, cell or "")].append(candidate.lead_id)
    return found
