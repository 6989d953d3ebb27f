"""Invariant: the evidence on a SEND item and the log say the same of every open and click, whoever died where."""

from collections import Counter, defaultdict
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.activities.verdict import verdicts_of
from sodate.email.ledger.engagement import Engagement, Hit

Json = dict[str, Any]
_TYPES = {"mail_opened": "o", "mail_clicked": "c"}


def disagreements(items: dict[tuple[str, str], Json], figures: Counter[str]) -> list[str]:
    """At rest: no click waits any more, and what the log counts as a person's is a person's in the evidence."""
    logs: dict[str, list[Activity]] = defaultdict(list)
    for (pk, _), item in sorted(items.items()):
        if item.get("kind") == "activity":
            logs[pk].append(from_image(item))
    broken = []
    for (pk, sk), item in items.items():
        if item.get("kind") == "send" and "engagement" in item:
            broken += _of_email(sk.removeprefix("SEND#"), Engagement.of(item), logs[pk], figures)
    return broken


def _of_email(send_id: str, engagement: Engagement, log: list[Activity], figures: Counter[str]) -> list[str]:
    verdicts = verdicts_of(log)
    logged = {one.key: verdicts.get(one.key, "human") for one in log if one.about.get("send") == send_id}
    types = {one.key: _TYPES[one.type] for one in log if one.type in _TYPES}
    broken = [problem for hit in engagement.hits if (problem := _problem(hit, logged))]
    for hit in engagement.hits:
        figures[f"hits_{hit.verdict}"] += 1
    for kind, is_so in (("o", engagement.human_opened), ("c", engagement.human_clicked)):
        people = any(verdict == "human" and types.get(key) == kind for key, verdict in logged.items())
        if people is not is_so:
            broken.append(f"send {send_id}: the log says {people} of a person, the evidence {is_so} ({kind})")
    return broken


def _problem(hit: Hit, logged: dict[str, str]) -> str | None:
    if not hit.counts:
        return f"a click on a link of ours was logged: {hit.key}" if hit.key in logged else None
    if hit.verdict is None:
        return f"a click waits for ever: {hit.key}"
    if hit.key not in logged:
        return f"a hit with a verdict was never logged: {hit.key}"
    return None if logged[hit.key] == hit.verdict.value else f"{hit.key}: {hit.verdict} here, {logged[hit.key]} there"
