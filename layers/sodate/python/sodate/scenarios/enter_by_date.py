"""The instant of an entry by date has come: the lead enters, unless the date has moved or the scenario has changed."""

from datetime import datetime

from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.admission import Cause
from sodate.scenarios.date_entry import cause_of, date_entries, day_of, entry_id, instant_of
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.enter import Entrance
from sodate.scenarios.lead_now import LeadNow
from sodate.scenarios.programs import live_program
from sodate.scheduling import store as due


def enter_by_date(reached: DateReached, definitions: Definitions, now: datetime) -> str:
    """Returns the outcome. Raises: what `Entrance.enter` raises."""
    try:
        program = live_program(definitions, reached.scenario)
    except NotFound:  # retired
        return "stale"
    entry = next((one for one in date_entries(program) if entry_id(one) == reached.entry), None)
    if entry is None or not program.is_published:
        return "stale"
    mailing = parsed(definitions.live("mailing"), Mailing)

    def cause(lead: LeadNow) -> Cause | str:
        at = instant_of(entry, program, lead, mailing)
        if at is None or day_of(entry, lead) != reached.day:
            return "stale"
        if at > now:  # the time zone of the lead has changed
            due.plan(at, due.DECAY, reached.ref, reached, now)
            return "later"
        return cause_of(entry, reached.day, at)

    return Entrance(definitions, mailing, program, entry, now).enter(reached.lead_id, cause)
