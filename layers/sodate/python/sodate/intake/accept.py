"""Logs the activities of other systems: each once, with a verdict of its own; a wrong one holds up no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sodate.activities.log_by_hand import check_time, written_by_hand
from sodate.errors import Invalid, NotFound
from sodate.intake.entry import AHEAD, ActivityEntry
from sodate.intake.lead_ref import LeadRef
from sodate.intake.leads import LeadFinder, LeadWriter
from sodate.intake.store import log_activity
from sodate.messages import Message


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REPEATED = "repeated"
    """The same was accepted before; nothing has changed."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Result:
    """`lead_id` and `key` of the activity; of a refused one, `field` and `reason`. `created`: the lead is new."""

    verdict: Verdict
    lead_id: str | None = None
    key: str | None = None
    field: str | None = None
    reason: str | None = None
    created: bool = False


def refused(field: str, reason: str) -> Result:
    return Result(Verdict.REFUSED, field=field, reason=reason)


@dataclass(frozen=True)
class Intake:
    """`source`: whose ids the entries have. `writer`: creates leads that are not known, without consent; None: none.

    `dry_run`: decide only; nothing is written.
    """

    source: str
    finder: LeadFinder
    now: datetime
    writer: LeadWriter | None = None
    dry_run: bool = False

    def accept(self, entries: Sequence[ActivityEntry | Result]) -> list[Result]:
        """One result per entry, in their order; a `Result` among the entries was refused before and stays.

        Raises: `Transient`; the same entries again then go on.
        """
        refs = dict.fromkeys(entry.lead for entry in entries if isinstance(entry, ActivityEntry))
        leads = self.finder.find(refs)
        missing = [ref for ref in refs if ref not in leads]
        reasons: dict[LeadRef, str] = {}
        if missing and self.writer is not None and not self.dry_run:
            reasons = self.writer.create(missing, self.now)
            leads |= self.finder.find(missing)
        return [self._result(entry, leads, missing, reasons) for entry in entries]

    def _result(
        self,
        entry: ActivityEntry | Result,
        leads: dict[LeadRef, str],
        missing: Sequence[LeadRef],
        reasons: dict[LeadRef, str],
    ) -> Result:
        if isinstance(entry, Result):
            return entry
        lead_id, is_new = leads.get(entry.lead), entry.lead in missing
        if lead_id is None:
            if self.dry_run and self.writer is not None and entry.lead.lead_id is None:
                return Result(Verdict.ACCEPTED, created=True)
            return refused(
                "lead",
                reasons.get(
                    entry.lead,
                    Message(
                        "no lead is known by this address or id; import leads first, or create them: --create,"
                        " `create_leads` of the API"
                    ),
                ),
            )
        given = f"{self.source}\x1f{entry.id}" if entry.id is not None else None
        try:
            check_time(entry.at, self.now + AHEAD)
            activity = written_by_hand(lead_id, entry.kind, entry.about, entry.at, self.now, id_=given)
            is_first = self.dry_run or log_activity(activity, given, self.now)
        except (Invalid, NotFound) as error:
            return refused(getattr(error, "code", "lead"), str(error))
        return Result(Verdict.ACCEPTED if is_first else Verdict.REPEATED, lead_id, activity.key, created=is_new)
