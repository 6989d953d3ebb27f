"""What must be true after every history, whoever died where."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from sodate.activities.store import activities_of
from sodate.leads.store import find_state, load_profile
from sodate.mail.ledger import FINAL, RANK
from sodate.playbook.store import Definitions
from sodate.scoring.fold import score
from sodate.scoring.rules import RuleSet

from tests.simulation.playbook import STEPS, TOPIC
from tests.simulation.world import SimulatedWorld

Json = dict[str, Any]
_plain = TypeDeserializer().deserialize


@dataclass
class Found:
    broken: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)


def look(world: SimulatedWorld, accepted: dict[str, str]) -> Found:
    found = Found()
    items = {key: _plain({"M": item}) for key, item in world.table.items.items()}
    sends = {key[1].removeprefix("SEND#"): item for key, item in items.items() if item["kind"] == "send"}
    taken = Counter(message.tags["send_id"] for message in world.ses.simulator.messages)
    _nothing_twice(found, sends, taken)
    _nothing_lost(found, items, sends)
    _ledger_is_true(found, sends, taken)
    _nobody_mailed_after_leaving(found, world, sends)
    _posts_stored_once(found, items, accepted)
    _scores_can_be_replayed(found, items)
    found.figures["mails"] = sum(taken.values())
    found.figures["unknown"] = sum(send["state"] == "unknown" for send in sends.values())
    found.figures["crashes"] = sum(line.startswith("  crash") for line in world.trace)
    return found


def _nothing_twice(found: Found, sends: dict[str, Json], taken: Counter[str]) -> None:
    for send_id, times in taken.items():
        if times < 2:
            continue
        kind = sends[send_id]["purpose"] if send_id in sends else "marketing"
        if kind == "marketing":
            found.figures["double_marketing_mails"] += 1
            found.broken.append(f"{times} marketing mails of send {send_id}")
        else:
            found.figures["double_notices"] += 1
            if times > 2:
                found.broken.append(f"{times} notices of send {send_id}")


def _nothing_lost(found: Found, items: dict[tuple[str, str], Json], sends: dict[str, Json]) -> None:
    listed = {item_key[1].removeprefix("SEND#") for item_key, item in items.items() if item["kind"] == "unknown"}
    for send_id, send in sends.items():
        found.figures["planned"] += 1
        found.figures[f"{send['purpose']}:{send['state']}"] += 1
        if send["state"] not in FINAL and not (send["state"] == "unknown" and send_id in listed):
            found.figures["silent_losses"] += 1
            found.broken.append(f"send {send_id} ({send['name']}) ended as {send['state']}")
    for (pk, _), state in items.items():
        if state["kind"] != "state":
            continue
        for name, run in state["enrolments"].items():
            steps = {int(s["step"]) for s in sends.values() if s["pk"] == pk and s.get("enrolment") == run["id"]}
            if int(run["step"]) != STEPS or steps != set(range(STEPS)):
                found.figures["silent_losses"] += 1
                found.broken.append(f"run of {name} stands at {run['step']}, with sends for steps {sorted(steps)}")


def _ledger_is_true(found: Found, sends: dict[str, Json], taken: Counter[str]) -> None:
    for send_id, send in sends.items():
        said = RANK[send["state"]]
        if taken[send_id] and said < RANK["unknown"]:
            found.broken.append(f"send {send_id} went out, the ledger says {send['state']}: {send.get('reason')}")
        if not taken[send_id] and said > RANK["unknown"]:
            found.broken.append(f"send {send_id} never went out, the ledger says {send['state']}")


def _nobody_mailed_after_leaving(found: Found, world: SimulatedWorld, sends: dict[str, Json]) -> None:
    """At the moment of every claim, by the database's own order, the lead was mailable, and had the right to be:
    after an opt-out only a form post made later can lead back, after a complaint or hard bounce nothing can.
    """
    marketing = {m.tags["send_id"] for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"}
    steps = {(sends[s]["pk"], sends[s]["enrolment"], int(sends[s]["step"])): s for s in marketing}
    left: dict[str, str] = {}
    for (pk, sk), old, new in world.table.history:
        asked = sk.startswith("CONSENT#") and old is None and new is not None and new["method"]["S"] == "form"
        if asked and left.get(pk) == "left":
            del left[pk]
        if sk != "STATE" or old is None or new is None:
            continue
        before, after = _plain({"M": old}), _plain({"M": new})
        claimed = [s for run in _claims(before, after) if (s := steps.get((pk, *run))) is not None]
        for send_id in claimed:
            if not _mailable(before) or pk in left:
                found.figures["mails_after_opt_out"] += 1
                found.broken.append(f"send {send_id} was claimed though the lead is {left.get(pk)}, {before}")
        if after.get("blocked") in ("complaint", "hard_bounce"):
            left[pk] = "lost"
        elif _has_left(after) and not _has_left(before):
            left[pk] = "left"


def _mailable(state: Json) -> bool:
    return not state.get("blocked") and state["topics"].get(TOPIC) == "confirmed"


def _has_left(state: Json) -> bool:
    return bool(state.get("blocked")) or state["topics"].get(TOPIC) == "withdrawn"


def _claims(before: Json, after: Json) -> list[tuple[str, int]]:
    moved = [(run, before["enrolments"].get(name)) for name, run in after["enrolments"].items()]
    return [(r["id"], int(w["step"])) for r, w in moved if w and w["id"] == r["id"] and r["step"] == w["step"] + 1]


def _posts_stored_once(found: Found, items: dict[tuple[str, str], Json], accepted: dict[str, str]) -> None:
    stored = Counter(key[1].removeprefix("SUBMISSION#") for key, item in items.items() if item["kind"] == "submission")
    for name in accepted:
        found.figures["posts"] += 1
        if stored[name] != 1:
            found.broken.append(f"post {name} was accepted and is stored {stored[name]} times")
    owners = [item["lead_id"] for item in items.values() if item["kind"] == "owner"]
    leads = [key[0] for key, item in items.items() if item["kind"] == "profile"]
    if sorted(f"LEAD#{owner}" for owner in owners) != sorted(leads):
        found.broken.append("owners and leads differ")


def _scores_can_be_replayed(found: Found, items: dict[tuple[str, str], Json]) -> None:
    rules = RuleSet.model_validate(Definitions().live("rules").body)
    signals = Counter(key[0] for key, item in items.items() if item["kind"] == "signal")
    for pk in [key[0] for key, item in items.items() if item["kind"] == "state"]:
        lead_id = pk.removeprefix("LEAD#")
        state = find_state(lead_id)
        assert state is not None
        again = score(load_profile(lead_id), activities_of(lead_id), rules, was_hot=state.hot)
        if (again.totals, again.phase, again.hot) != (state.totals, state.phase, state.hot):
            found.broken.append(f"lead {lead_id} has {state.totals} {state.phase}, a replay gives {again}")
        if state.hot and not signals[pk]:
            found.broken.append(f"lead {lead_id} is hot and sales was not told")
