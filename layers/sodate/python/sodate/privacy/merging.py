"""What a merge of two leads changes, and what undoes it. Pure.

Of two consents the more restrictive one holds: a topic withdrawn by either is withdrawn, an opt-out or a complaint of
either blocks, and what only the other lead confirmed is not confirmed for this address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sodate.errors import Conflict, Invalid
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.lead import Profile
from sodate.messages import Message

#: What the person decided; a bounce says something of one mailbox only.
_OF_THE_PERSON = (Block.UNSUBSCRIBED, Block.COMPLAINT, Block.ERASED)
_FREQUENCIES = (None, "weekly", "monthly")


@dataclass(frozen=True)
class Before:
    """What undoes a merge, as it is stored: JSON values. `stays`: consent of the lead that stays, before; `merged`: as
    the merge left it. `filled`: profile paths that were filled from the other lead. `joins`: the other lead's block.
    """

    stays: dict[str, Any]
    merged: dict[str, Any]
    added: dict[str, Any]
    filled: dict[str, Any]
    joins: str | None
    address_key: str
    external: dict[str, str] = field(default_factory=dict)


def check(stays: ContactState, joins: ContactState) -> None:
    """Raises: `Invalid`, `Conflict`."""
    if stays.lead_id == joins.lead_id:
        raise Invalid(Message("both addresses belong to the same lead already; nothing is to be merged"), "merge")
    for state in (stays, joins):
        if state.blocked in (Block.MERGED, Block.ERASED):
            raise Conflict(
                Message(
                    "lead {lead_id} is {block} already, and cannot be merged; name another lead",
                    lead_id=state.lead_id,
                    block=state.blocked,
                )
            )


def merged_state(stays: ContactState, joins: ContactState) -> ContactState:
    """The lead that stays, afterwards. Caps count the emails of both, so nobody gets twice as many."""
    withdrawn = {topic for topic, status in joins.topics.items() if status == "withdrawn"}
    after = replace(
        stays,
        topics={**stays.topics, **dict.fromkeys(sorted(withdrawn), "withdrawn")},
        opted_out_at=_latest(stays.opted_out_at, joins.opted_out_at),
        pause_until=_latest(stays.pause_until, joins.pause_until),
        frequency=max((stays.frequency, joins.frequency), key=_FREQUENCIES.index),
        tracking=stays.tracking or joins.tracking,
        mailed=_newest_first(stays.mailed, joins.mailed),
        mailed_in={
            topic: _newest_first(stays.mailed_in.get(topic, ()), joins.mailed_in.get(topic, ()))
            for topic in sorted({*stays.mailed_in, *joins.mailed_in})
        },
        runs=stays.runs | joins.runs,
    )
    return after.block(joins.blocked) if joins.blocked in _OF_THE_PERSON else after


def unmerged_state(now: ContactState, before: Before) -> ContactState:
    """The lead that stayed, without what the other one brought; what happened since the merge stays.

    After an opt-out since the merge nothing is loosened: the person has spoken for both.
    """
    loosened = now
    if _consent(now) == before.merged:
        stays = before.stays
        loosened = replace(
            now, topics=dict(stays["topics"]), **{name: stays[name] for name in _RESTORED if name != "topics"}
        )
    added = before.added
    in_topics = {
        topic: _without(minutes, added["mailed_in"].get(topic, ())) for topic, minutes in now.mailed_in.items()
    }
    return replace(
        loosened,
        mailed=_without(now.mailed, added["mailed"]),
        mailed_in={topic: minutes for topic, minutes in in_topics.items() if minutes or topic in added["had"]},
        runs=now.runs - set(added["runs"]),
    )


def before_merge(
    stays: ContactState, joins: ContactState, filled: Mapping[str, Any], external: dict[str, str]
) -> Before:
    added = {
        "mailed": list(joins.mailed),
        "mailed_in": {topic: list(minutes) for topic, minutes in joins.mailed_in.items()},
        "runs": sorted(joins.runs - stays.runs),
        "had": sorted(stays.mailed_in),
    }
    merged = _consent(merged_state(stays, joins))
    return Before(_consent(stays), merged, added, dict(filled), joins.blocked, joins.address_key, external)


def gaps(stays: Profile, joins: Profile) -> dict[str, Any]:
    """Profile values of the other lead that fill a gap: path → value. A value of the lead that stays always wins."""
    filled: dict[str, Any] = {}
    for group in ("primary", "secondary"):
        mine, theirs = getattr(stays, group), getattr(joins, group)
        filled |= {f"{group}.{name}": value for name, value in theirs.items() if mine.get(name) in (None, "", [])}
    return filled


_RESTORED = ("topics", "blocked", "opted_out_at", "pause_until", "frequency", "tracking")


def _consent(state: ContactState) -> dict[str, Any]:
    return {name: dict(value) if isinstance(value := getattr(state, name), dict) else value for name in _RESTORED}


def _latest(one: str | None, other: str | None) -> str | None:
    return max(one or "", other or "") or None


def _newest_first(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted((*one, *other), reverse=True))


def _without(minutes: tuple[int, ...], taken: list[int]) -> tuple[int, ...]:
    """Each minute of the other lead once: two emails may have gone in the same minute."""
    left = list(minutes)
    for minute in taken:
        if minute in left:
            left.remove(minute)
    return tuple(left)
