"""What all parts of a rehearsal share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.activities.catalog import ActivityType
from sodate.rehearsal.agenda import Agenda
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.person import Person, Witness

#: (person, type of activity, attributes, time): the activity is logged, and everything reacts to it.
Happen = Callable[[Person, ActivityType, Mapping[str, Any], datetime], None]


def nothing(*_: object) -> None:
    return None


@dataclass
class Setting:
    """`happen` and `changed` are set when the parts are put together (`rehearse`). `changed`: a profile has changed."""

    definitions: Rehearsed
    assumptions: Assumptions
    chance: Chance
    agenda: Agenda
    figures: Figures
    witness: Witness = nothing
    happen: Happen = nothing
    changed: Callable[[Person, datetime], None] = nothing
