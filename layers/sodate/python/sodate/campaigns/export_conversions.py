"""Takes conversions out of a platform's queue into one file, each once; or hands them to the platform's API.

A batch is taken first and written afterwards: when the command dies in between, the same batch is written again by its
id. The platform recognises a repeat by the id of the conversion.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sodate.activities.store import ad_clicks_of
from sodate.campaigns import store
from sodate.campaigns.conversion import Conversion, ConversionState, Platform, Recipient, Row, SetAside, row_of
from sodate.campaigns.live import live_rules
from sodate.errors import NotFound, Transient
from sodate.leads.contact_state import Block
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import find_state, profiles_of
from sodate.messages import Message
from sodate.playbook.store import Definitions

#: Rows of one call of a platform's API.
AT_ONCE = 1000


@dataclass(frozen=True)
class Verdict:
    """Of one row. `retry`: neither accepted nor refused; it is tried again until it expires."""

    key: str
    state: ConversionState
    reason: str = ""


class AdPlatform(Protocol):
    """A platform's API. It gives one verdict per row; a row without one is tried again.

    Raises: `Transient` when the platform does not answer.
    """

    def upload(self, rows: Sequence[Row]) -> Sequence[Verdict]: ...


@dataclass
class Export:
    """`rows`: of the file. `set_aside`: reasons of the others, and how many."""

    batch: str
    rows: list[Row] = field(default_factory=list)
    set_aside: Counter[str] = field(default_factory=Counter)


def export_conversions(platform: Platform, definitions: Definitions, batch: str, now: datetime) -> Export:
    """Take everything that waits into a new batch. Raises: `Transient`."""
    export = Export(batch)
    for decided in _decided(_waiting(store.conversions_of(platform)), definitions, now):
        if isinstance(decided, SetAside):
            _set_aside(decided, export)
        elif store.settle_conversion(decided.conversion, ConversionState.EXPORTED, "file", batch):
            export.rows.append(decided)
    return export


def export_again(platform: Platform, definitions: Definitions, batch: str, now: datetime) -> Export:
    """The rows of an earlier batch that may still be sent: who was erased or objected since is left out.

    Raises: `NotFound`.
    """
    export, rows = Export(batch), [one for one in store.conversions_of(platform) if one.batch == batch]
    if not rows:
        raise NotFound(Message("there is no batch {batch!r}; see `sodate campaign conversions list`", batch=batch[:60]))
    for decided in _decided(rows, definitions, now):
        if isinstance(decided, SetAside):
            export.set_aside[decided.reason] += 1
        else:
            export.rows.append(decided)
    return export


def upload_conversions(
    platform: Platform, client: AdPlatform, definitions: Definitions, batch: str, now: datetime
) -> Counter[str]:
    """States of the rows after the platform's verdicts, and reasons of those that were set aside.

    Raises: `Transient` from the table only: when the platform does not answer, its rows wait.
    """
    export, counts = Export(batch), Counter[str]()
    waiting = _waiting(store.conversions_of(platform))
    for start in range(0, len(waiting), AT_ONCE):
        # Consent is read directly before each call: earlier calls take their time, and somebody objects meanwhile.
        part = _rows(waiting[start : start + AT_ONCE], definitions, now, export)
        verdicts = _verdicts(client, part) if part else {}
        for row in part:
            verdict = verdicts.get(row.conversion.key)
            state = verdict.state if verdict is not None else ConversionState.PENDING
            store.settle_conversion(row.conversion, state, (verdict.reason if verdict else "no_verdict")[:200], batch)
            counts[state.value] += 1
    return counts + export.set_aside


def _rows(conversions: Sequence[Conversion], definitions: Definitions, now: datetime, export: Export) -> list[Row]:
    """Those that may be sent; the others are set aside."""
    rows = []
    for decided in _decided(conversions, definitions, now):
        if isinstance(decided, SetAside):
            _set_aside(decided, export)
        else:
            rows.append(decided)
    return rows


def _verdicts(client: AdPlatform, rows: Sequence[Row]) -> dict[str, Verdict]:
    try:
        return {verdict.key: verdict for verdict in client.upload(rows)}
    except Transient:
        return {}


def _waiting(queue: Iterator[Conversion]) -> list[Conversion]:
    return [one for one in queue if one.state is ConversionState.PENDING]


def _set_aside(decided: SetAside, export: Export) -> None:
    store.settle_conversion(decided.conversion, decided.state, decided.reason)
    export.set_aside[decided.reason] += 1


def _decided(conversions: Sequence[Conversion], definitions: Definitions, now: datetime) -> Iterator[Row | SetAside]:
    topic = live_rules(definitions).hashed_email_needs
    recipients: dict[str, Recipient | None] = {}
    for one in conversions:
        if one.lead_id not in recipients:
            recipients[one.lead_id] = _recipient(one.lead_id, topic)
        yield row_of(one, recipients[one.lead_id], now)


def _recipient(lead_id: str, topic: str | None) -> Recipient | None:
    """Of a merged lead: address and consent of the lead that stays, with the clicks of both."""
    own = find_state(lead_id)
    stays = lead_that_stays(own)
    state = own if stays is None else find_state(stays)
    profile = profiles_of([state.lead_id], consistent=True).get(state.lead_id) if state is not None else None
    if own is None or state is None or profile is None:
        return None
    has_consent = topic is not None and state.topics.get(topic) == "confirmed"
    has_objected = state.blocked is not None or own.blocked not in (None, Block.MERGED)
    clicks = [*ad_clicks_of(lead_id), *(ad_clicks_of(stays) if stays is not None else ())]
    return Recipient(profile.address, has_objected, has_consent, clicks)
