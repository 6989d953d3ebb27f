"""Batches of activities and deals from another system: a verdict for each entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.live import declared_activities
from sodate.deals.definition import Deals
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid, NotFound
from sodate.intake.accept import Intake, Result, refused
from sodate.intake.deal_entry import read_deal
from sodate.intake.deals import DealIntake, DealResult
from sodate.intake.entry import MOST_ENTRIES, ActivityEntry, read_entry
from sodate.intake.leads import LeadFinder, LeadWriter
from sodate.intake.token import ApiToken
from sodate.playbook.store import Definitions, parsed
from sodate.web.body import parse_json

#: Keys on all levels of one batch: a hundred entries with a dozen each.
_MOST_KEYS = 4_000


@dataclass(frozen=True)
class IntakeController:
    definitions: Definitions
    address_secret: Callable[[], bytes]
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    deals: Callable[[], Deals]

    def activities(self, token: ApiToken, body: bytes, headers: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """Raises: `Invalid`; `Transient`: the same batch again goes on."""
        raw = parse_json(body, headers, _MOST_KEYS)
        rows, create = _rows(raw, "activities", "create_leads"), raw.get("create_leads", False)
        if not isinstance(create, bool):
            raise Invalid("`create_leads` is true or false", "create_leads")
        declared, zone = declared_activities(self.definitions), self._zone()
        entries: list[ActivityEntry | Result] = []
        for row in rows:
            try:
                entries.append(read_entry(row, declared, zone))
            except Invalid as error:
                entries.append(refused(error.code, str(error)))
        secret = self.address_secret()
        writer = self._writer(token, secret) if create else None
        results = Intake(token.source, LeadFinder(secret), now, writer).accept(entries)
        return _answer([_of_activity(one) for one in results])

    def record_deals(self, token: ApiToken, body: bytes, headers: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """Raises: as `activities`."""
        rows = _rows(parse_json(body, headers, _MOST_KEYS), "deals")
        intake = DealIntake(token.source, "api", self.deals(), LeadFinder(self.address_secret()), now, self.new_id)
        zone, results = self._zone(), list[DealResult]()
        for row in rows:
            try:
                results.append(intake.record(read_deal(row, zone), by=token.name))
            except (Invalid, NotFound, Conflict) as error:
                results.append(DealResult("refused", field=getattr(error, "code", "deal"), reason=str(error)))
        return _answer([_of_deal(one) for one in results])

    def _writer(self, token: ApiToken, secret: bytes) -> LeadWriter:
        return LeadWriter(token.source, f"intake-{token.source}", secret, self.new_id, self.pause)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(parsed(self.definitions.live("mailing"), Mailing).sender.time_zone)


def _rows(raw: Mapping[str, Any], name: str, *also: str) -> list[Any]:
    rows, unknown = raw.get(name), [key for key in raw if key not in (name, *also)]
    if unknown:
        raise Invalid(f"a batch has {', '.join((name, *also))}", unknown[0][:40])
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ENTRIES:
        raise Invalid(f"`{name}` is a list of 1 to {MOST_ENTRIES}", name)
    return rows


def _answer(results: list[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for one in results:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    return {**counts, "results": [{"index": index, **one} for index, one in enumerate(results)]}


def _of_activity(one: Result) -> dict[str, Any]:
    if one.reason is not None:
        return {"status": one.verdict, "error": {"field": one.field, "message": one.reason}}
    created = {"lead_created": True} if one.created else {}
    return {"status": one.verdict, "lead": one.lead_id, "activity": one.key, **created}


def _of_deal(one: DealResult) -> dict[str, Any]:
    if one.reason is not None:
        return {"status": one.status, "error": {"field": one.field, "message": one.reason}}
    return {"status": one.status, "deal": one.deal_id}
