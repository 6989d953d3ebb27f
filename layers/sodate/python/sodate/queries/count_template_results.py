"""Counts the results of a template from the ledger and the logs: for an operator, like an export.

It reads the whole table in parallel segments, eventually consistent, and keeps one lead per segment in memory.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from sodate.activities.activity import Activity
from sodate.activities.store import ActivityItem, from_image, is_copy
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, plain, values
from sodate.email.content.template import Template
from sodate.email.content.template_links import TemplateLinks
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem
from sodate.errors import Invalid, NotFound
from sodate.experiments.experiment import Experiment
from sodate.messages import Message
from sodate.playbook.problem import did_you_mean
from sodate.playbook.store import Definitions, parsed
from sodate.queries.template_results import SentEmail, VersionResults, results_of

SEGMENTS = 8

#: Version of a template → its links.
LinksOf = Callable[[int], TemplateLinks]


@dataclass(frozen=True)
class Wanted:
    """Emails sent from `since` on, before `until`. `version` None: all."""

    template: str
    conversion: Experiment
    since: datetime
    until: datetime
    version: int | None = None

    def includes(self, email: SentEmail) -> bool:
        return self.since <= email.at < self.until and self.version in (None, email.version)


def count_template_results(definitions: Definitions, wanted: Wanted, now: datetime) -> dict[int, VersionResults]:
    """By version, in ascending order; 0: of emails whose version is not recorded.

    Raises: `NotFound` for a template that was never published, `Invalid` for a lead whose items cannot be read.
    """
    known = definitions.newest_versions("template")
    if wanted.template not in known:
        hint = did_you_mean(wanted.template, known, Message("see `sodate template list`"))
        raise NotFound(
            Message("no template {template!r} was ever applied; {hint}", template=wanted.template, hint=hint)
        )
    in_use, links_of = table.used(), _links_of(definitions, wanted.template)

    def count(segment: int) -> dict[int, VersionResults]:
        in_use.use()
        return _count_segment(segment, wanted, now, links_of)

    total: dict[int, VersionResults] = {}
    with ThreadPoolExecutor(SEGMENTS) as pool:
        for part in pool.map(count, range(SEGMENTS)):
            for version, results in part.items():
                total[version] = total.get(version, VersionResults())
                total[version] += results
    return dict(sorted(total.items()))


def _count_segment(segment: int, wanted: Wanted, now: datetime, links_of: LinksOf) -> dict[int, VersionResults]:
    total: dict[int, VersionResults] = {}
    rows = table.scan_rows(None, segment, SEGMENTS, only=(SendItem, ActivityItem))
    for pk, group in groupby(rows, key=lambda row: str(row["pk"]["S"])):
        items = list(group)
        try:
            emails = [email for email in _sent(items, wanted.template) if wanted.includes(email)]
            log = _log(items) if emails else []
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(
                Message(
                    "lead {lead_id_of} has an item that cannot be read: {error!r}",
                    lead_id_of=keys.lead_id_of(pk),
                    error=error,
                ),
                "item",
            ) from error
        for email in emails:
            results = total.setdefault(email.version, VersionResults())
            results += results_of(email, log, wanted.conversion, now, links_of(email.version).name)
    return total


def _sent(items: list[Row], template: str) -> Iterator[SentEmail]:
    for row in items:
        if row["sk"]["S"].startswith(keys.SENDS) and row.get("template", {}).get("S") == template:
            send = values(SendItem, row)
            if send["rank"] >= RANK["sent"]:
                at = datetime.fromisoformat(send.get("sent_at") or send["planned_at"])
                version = int(send.get("template_version") or 0)
                yield SentEmail(send["sk"].removeprefix(keys.SENDS), version, send["state"], at)


def _log(items: list[Row]) -> list[Activity]:
    """In order of the sort key, as the scan returns it; what a merge copied counts where it happened."""
    rows = [row for row in items if row["sk"]["S"].startswith(keys.ACTIVITIES) and not is_copy(row)]
    return [from_image(plain({"M": row})) for row in rows]


def _links_of(definitions: Definitions, template: str) -> LinksOf:
    @lru_cache
    def links_of(version: int) -> TemplateLinks:
        try:
            stored = parsed(definitions.version("template", template, version), Template)
        except NotFound:
            return TemplateLinks()
        return TemplateLinks("".join(one.html for one in stored.in_each_language()))

    return links_of
