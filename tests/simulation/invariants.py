"""What must be true after every history, whoever died where."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sodate.email.delivery.sweep import CHECK_AFTER, NEIGHBOURHOOD
from sodate.email.ledger.states import FINAL, RANK, StepRef
from sodate.email.ledger.states import send_id as send_id_of
from sodate.playbook.store import Definitions
from sodate.scenarios.next_attempt import neighbours as evidence
from sodate.scoring.rescore import live_rules, replayed
from sodate.scoring.store import find_score

from tests.fakes.table import plain
from tests.simulation.cloud import Reports
from tests.simulation.playbook import CAPS, STEP_HOURS, STEPS, TOPIC
from tests.simulation.verdicts_agree import disagreements
from tests.simulation.world import SimulatedWorld

Json = dict[str, Any]
_EPOCH, _TOKYO = datetime(1970, 1, 1, tzinfo=UTC), ZoneInfo("Asia/Tokyo")
_SLOT = timedelta(minutes=2)
#: From the evidence to the attempt, at the most: there is a look every three hours.
_LOOK_TAKES = timedelta(hours=5)


@dataclass
class Found:
    broken: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)


def look(world: SimulatedWorld, accepted: dict[str, str]) -> Found:
    found = Found()
    items = {key: plain({"M": item}) for key, item in world.table.items.items()}
    sends = {key[1].removeprefix("SEND#"): item for key, item in items.items() if item.get("kind") == "send"}
    taken = _taken(world)
    _nothing_twice(found, world, sends, taken)
    _nothing_lost(found, items, sends, taken)
    _attempts_follow_evidence(found, world, items, sends, taken)
    _ledger_is_true(found, sends, taken)
    _unknown_is_listed_and_settled(found, world, items, sends, taken)
    _nobody_mailed_after_leaving(found, world, sends)
    _caps_and_nights_kept(found, world, items)
    _blocked_is_suppressed(found, items)
    _posts_stored_once(found, items, accepted)
    _scores_can_be_replayed(found, world, items)
    found.broken += disagreements(items, found.figures)
    found.figures["mails"] = sum(taken.values())
    found.figures["crashes"] = sum(line.startswith("  crash") for line in world.trace)
    found.figures["stops"] = len(world.stops)
    found.figures["orders_in_histories"] = world.interleaved
    found.figures["in_flight_when_left"] = len(world.ses.in_flight)
    return found


def look_while_running(world: SimulatedWorld) -> Found:
    """What must hold at every moment, not only in the end."""
    found = Found()
    sends = {
        key[1].removeprefix("SEND#"): plain({"M": item})
        for key, item in world.table.items.items()
        if item.get("kind") == {"S": "send"}
    }
    _nothing_twice(found, world, sends, _taken(world))
    _nobody_mailed_after_leaving(found, world, sends)
    return found


def _taken(world: SimulatedWorld) -> Counter[str]:
    """How often SES took each send. Probes belong to nobody."""
    return Counter(m.tags["send_id"] for m in world.ses.simulator.messages if "send_id" in m.tags)


def _nothing_twice(found: Found, world: SimulatedWorld, sends: dict[str, Json], taken: Counter[str]) -> None:
    for send_id, times in taken.items():
        kind = sends[send_id]["purpose"] if send_id in sends else "marketing"
        if kind == "marketing":
            found.figures["most_of_one"] = max(found.figures["most_of_one"], times)
            if times > 1:
                found.figures["double_marketing_mails"] += 1
                found.broken.append(f"{times} marketing mails of send {send_id}")
        elif times > 1:
            found.figures["double_transactional_emails"] += 1
            if times > 2:
                found.broken.append(f"{times} transactional emails of send {send_id}")
    for send_id, times in world.ses.open_ended.items():
        if times > 1 and (send_id not in sends or sends[send_id]["purpose"] == "marketing"):
            found.broken.append(f"SES was asked {times} times for send {send_id}, which may have left before")


def _nothing_lost(
    found: Found, items: dict[tuple[str, str], Json], sends: dict[str, Json], taken: Counter[str]
) -> None:
    for send_id, send in sends.items():
        found.figures["planned"] += 1
        found.figures[f"planned_{send['purpose']}"] += 1
        found.figures[f"{send['purpose']}:{send['state']}"] += 1
        if send["state"] == "unknown":
            found.figures["unknown_and_sent" if taken[send_id] else "unknown_and_not_sent"] += 1
        elif send["state"] not in FINAL:
            found.figures["silent_losses"] += 1
            found.broken.append(f"send {send_id} ({send['name']}) ended as {send['state']}")
    for (pk, _), state in items.items():
        for name, run in state.get("enrollments", {}).items() if state.get("kind") == "state" else ():
            steps = [step for step in range(STEPS) if _ref(pk, name, run, step).send_id in sends]
            if int(run["step"]) != STEPS or steps != list(range(STEPS)):
                found.figures["silent_losses"] += 1
                found.broken.append(f"run of {name} stands at {run['step']}, with sends for steps {steps}")


def unseen_claims(world: SimulatedWorld) -> list[str]:
    """Steps that a run went past and of which the ledger says nothing, when all that waits was done and swept."""
    runs = [
        (pk, name, run)
        for (pk, sk), item in world.table.items.items()
        if sk == "STATE"
        for name, run in plain({"M": item}).get("enrollments", {}).items()
    ]
    return [
        f"step {step} of {pk} was claimed and nobody would know"
        for pk, name, run in runs
        for step in range(int(run["step"]))
        if (pk, f"SEND#{_ref(pk, name, run, step).send_id}") not in world.table.items
    ]


def _ref(pk: str, sequence: str, run: Json, step: int) -> StepRef:
    return StepRef(pk.removeprefix("LEAD#"), sequence, int(run["v"]), step, run["id"])


def _ledger_is_true(found: Found, sends: dict[str, Json], taken: Counter[str]) -> None:
    for send_id in taken.keys() - sends.keys():
        found.broken.append(f"send {send_id} went out and is not in the ledger")
    for send_id, send in sends.items():
        said = RANK[send["state"]]
        if taken[send_id] and said < RANK["unknown"]:
            found.broken.append(f"send {send_id} went out, the ledger says {send['state']}: {send.get('reason')}")
        if not taken[send_id] and said > RANK["unknown"]:
            found.broken.append(f"send {send_id} never went out, the ledger says {send['state']}")


def _unknown_is_listed_and_settled(
    found: Found, world: SimulatedWorld, items: dict[tuple[str, str], Json], sends: dict[str, Json], taken: Counter[str]
) -> None:
    """Every send in the state `unknown` is on the operator's list; one that SES reported on has left that state."""
    listed = {key[1].removeprefix("SEND#") for key, item in items.items() if item.get("kind") == "unknown"}
    for send_id in listed:
        found.figures["unknown_ever"] += 1
        if send_id not in sends:
            found.broken.append(f"send {send_id} is listed as unknown and is not in the ledger")
        elif send_id in world.reported:
            found.figures["unknown_with_an_event"] += 1
            found.figures["unknown_settled"] += RANK[sends[send_id]["state"]] > RANK["unknown"]
        if taken[send_id] > 1 and sends.get(send_id, {}).get("purpose") != "transactional":
            found.figures["unknown_repeated"] += 1
    for send_id, send in sends.items():
        if send["state"] == "unknown" and send_id not in listed:
            found.figures["silent_losses"] += 1
            found.broken.append(f"send {send_id} is unknown and not listed")
        if RANK[send["state"]] < world.reported.get(send_id, 0):
            found.broken.append(f"send {send_id} is {send['state']} although SES reported more")


def _nobody_mailed_after_leaving(found: Found, world: SimulatedWorld, sends: dict[str, Json]) -> None:
    """At the moment of every claim, by the database's own order, the lead was mailable, and had the right to be:
    after an opt-out only a form post made later can lead back, after a complaint or hard bounce nothing can.

    Judged twice: by the lead's own item, and by what leads were promised (`world.stops`), whatever the item says.
    """
    marketing = {m.tags["send_id"] for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"}
    repeated = _claims_of_later_attempts(world)
    asked: dict[str, int] = {}
    left: dict[str, str] = {}
    for number, ((pk, sk), old, new) in enumerate(world.table.history):
        if sk.startswith("CONSENT#") and new is not None and _asks(new) and (old is None or old["at"] != new["at"]):
            asked[pk] = number
            if left.get(pk) == "left":
                del left[pk]
        if sk != "STATE" or old is None or new is None:
            continue
        before, after = plain({"M": old}), plain({"M": new})
        stops = [stop for stop in world.stops if f"LEAD#{stop.lead_id}" == pk]
        promised = [s for s in stops if s.at <= number and (s.why == "lost" or asked.get(pk, -1) < s.began)]
        for send_id in marketing & (_claims(pk, before, after) | repeated.get((pk, number), set())):
            found.figures["claims_judged"] += 1
            found.figures["orders_judged"] += len(stops)
            if not _mailable(before) or pk in left or promised:
                found.figures["mails_after_opt_out"] += 1
                found.broken.append(
                    f"send {send_id} was claimed though the lead is {left.get(pk)}, {promised}, {before}"
                )
            found.broken += [
                f"send {send_id} was claimed against {preference}" for preference in _preferences_against(before, after)
            ]
        _note_leaving(left, pk, before, after)


def _asks(consent: Json) -> bool:
    """A form filled in, or a topic taken up again in the preference centre."""
    method = consent["method"]["S"]
    return method == "form" or (method == "preference_page" and consent["action"]["S"] == "confirmed")


def _preferences_against(before: Json, after: Json) -> list[str]:
    """What the lead had asked for by the moment of a claim. The minute of the claim is the newest on its item."""
    minute, found = int(after["mailed"][0]), []
    pause = before.get("pause_until")
    if pause and datetime.fromisoformat(pause) > _EPOCH + timedelta(minutes=minute + 1):
        found.append(f"a pause until {pause}")
    if before.get("frequency") == "weekly" and before.get("mailed") and before["mailed"][0] > minute - 7 * 24 * 60:
        found.append("one mail a week")
    return found


def _caps_and_nights_kept(found: Found, world: SimulatedWorld, items: dict[tuple[str, str], Json]) -> None:
    """By the times at which SES took the mails, whatever our own items say. A sender may wait a moment for its slot."""
    mails: dict[str, list[datetime]] = defaultdict(list)
    for message in world.ses.simulator.messages:
        if message.tags["purpose"] == "marketing":
            mails[message.tags["lead_id"]].append(message.at)
    for lead_id, times in mails.items():
        for span, most in CAPS:
            for first, last in zip(sorted(times), sorted(times)[most:], strict=False):
                if last - first < span - _SLOT:
                    found.broken.append(f"lead {lead_id} got more than {most} mails within {span}")
        if not items[f"LEAD#{lead_id}", "STATE"].get("zone"):
            hours = [(at - _SLOT).astimezone(_TOKYO).hour for at in times]
            found.broken += [f"lead {lead_id} got a mail at {hour} o'clock" for hour in hours if not 7 <= hour < 21]


def _blocked_is_suppressed(found: Found, items: dict[tuple[str, str], Json]) -> None:
    """The list that outlives the lead says so too, or an import would bring the address back."""
    for (pk, _), state in items.items():
        blocked = state.get("blocked") if state.get("kind") == "state" else None
        if blocked not in ("unsubscribed", "complaint", "hard_bounce"):
            continue
        listed = items.get((f"SUPPRESSION#{state['address_key']}", "ENTRY"), {})
        if blocked != listed.get("reason"):
            found.broken.append(f"{pk} is blocked for {blocked}, the suppression list says {listed.get('reason')}")


def _note_leaving(left: dict[str, str], pk: str, before: Json, after: Json) -> None:
    if after.get("blocked") in ("complaint", "hard_bounce"):
        left[pk] = "lost"
    elif _has_left(after) and not _has_left(before):
        left[pk] = "left"


def _mailable(state: Json) -> bool:
    return not state.get("blocked") and state["topics"].get(TOPIC) == "confirmed"


def _has_left(state: Json) -> bool:
    """By their own wish. (A mailbox that bounced for a while is proved again by a confirmed opt-in.)"""
    return state.get("blocked") == "unsubscribed" or state["topics"].get(TOPIC) == "withdrawn"


def _claims(pk: str, before: Json, after: Json) -> set[str]:
    """Send ids of the steps that this change of STATE went past."""
    moved = [(name, run, before["enrollments"].get(name)) for name, run in after["enrollments"].items()]
    return {
        _ref(pk, name, now, int(was["step"])).send_id
        for name, now, was in moved
        if was and was["id"] == now["id"] and now["step"] == was["step"] + 1
    }


def _claims_of_later_attempts(world: SimulatedWorld) -> dict[tuple[str, int], set[str]]:
    """(lead, number of the change of STATE) → send ids. Both items are written in one transaction, STATE first."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for number, ((pk, sk), _, new) in enumerate(world.table.history):
        if sk.startswith("SEND#") and new is not None and "next_attempt" in new:
            (other, what), old_state, _ = world.table.history[number - 1]
            if (other, what) == (pk, "STATE") and old_state is not None:
                found[pk, number - 1].add(new["next_attempt"]["S"])
    return found


def _attempts_follow_evidence(
    found: Found, world: SimulatedWorld, items: dict[tuple[str, str], Json], sends: dict[str, Json], taken: Counter[str]
) -> None:
    """Together the attempts of one email reach its reader at most once while SES reports in time; and once, while the
    email is valid. With no reports at all there is no further attempt."""
    reports = world.ses.reports
    for send_id, send in sends.items():
        if send["purpose"] != "marketing" or send.get("attempt"):
            continue
        chain = _chain(send_id, sends)
        found.figures["attempts_made_again"] += len(chain) - 1
        times = sum(min(1, taken[attempt]) for attempt in chain)
        if times > 1:
            found.figures[f"doubles_{reports}"] += 1
            found.figures["doubles_shown"] += any(sends[attempt].get("is_double") for attempt in chain)
            if reports is Reports.TIMELY:
                found.broken.append(f"{times} attempts of send {send_id} left although SES reported in time")
        if len(chain) > 1 and reports is Reports.NONE:
            found.broken.append(f"send {send_id} was attempted again, and SES reported on nothing")
        last = sends[chain[-1]]
        if times == 0 and last["state"] == "unknown":
            is_valid = reports is Reports.TIMELY and _was_valid_when_evidence_came(world, items, last)
            found.figures["never_left_while_valid" if is_valid else "never_left_listed"] += 1
            if is_valid:
                found.broken.append(f"send {chain[-1]} never left, and nobody attempted it again")


def _chain(first: str, sends: dict[str, Json]) -> list[str]:
    """An attempt and those after it that have a ledger item, be it only the reason why it was not made."""
    chain = [first]
    while (following := send_id_of("attempt", str(len(chain) + 1), first)) in sends:
        chain.append(following)
    return chain


def _was_valid_when_evidence_came(world: SimulatedWorld, items: dict[tuple[str, str], Json], send: Json) -> bool:
    """Its reader still wanted it, and the dispatcher ran in the last hours in which a look could show the evidence."""
    state = items.get((send["pk"], "STATE"), {})
    run = state.get("enrollments", {}).get(send["sequence"])
    if not state or not _mailable(state) or run is None or run["id"] != send["enrollment_id"]:
        return False
    hours, valid = STEP_HOURS[int(send["step"])]
    until = datetime.fromisoformat(run["since"]) + timedelta(hours=hours + valid)
    attempted = datetime.fromisoformat(send["attempted_at"])
    neighbours = [m.at for m in world.ses.simulator.messages if m.at >= attempted - NEIGHBOURHOOD]
    if not neighbours or max(attempted + CHECK_AFTER, min(neighbours) + NEIGHBOURHOOD) + _LOOK_TAKES >= until:
        return False
    listed, looked = datetime.fromisoformat(send["settled_at"]), until - _LOOK_TAKES
    if any(began < until and ended > looked for began, ended in world.dispatcher_outages):
        return False
    # A crash of the event function between the ledger and its counters leaves a report uncounted.
    changes = max(changes for at, changes in world.ticks if at <= looked)
    with world.table.as_of(changes):
        return evidence(attempted, listed, looked).shows_that_reports_arrived


def _posts_stored_once(found: Found, items: dict[tuple[str, str], Json], accepted: dict[str, str]) -> None:
    posts = [key[1] for key, item in items.items() if item.get("kind") == "submission"]
    stored = Counter(post.removeprefix("SUBMISSION#") for post in posts)
    for name in accepted:
        found.figures["posts"] += 1
        if stored[name] != 1:
            found.figures["lost_leads"] += 1
            found.broken.append(f"post {name} was accepted and is stored {stored[name]} times")
    owners = [item["lead_id"] for item in items.values() if item.get("kind") == "owner"]
    leads = [key[0] for key, item in items.items() if item.get("kind") == "profile"]
    if sorted(f"LEAD#{owner}" for owner in owners) != sorted(leads):
        found.broken.append("owners and leads differ")


def _scores_can_be_replayed(found: Found, world: SimulatedWorld, items: dict[tuple[str, str], Json]) -> None:
    """The score that grew with every redelivery, disorder and crash is the one that a fold of the whole log gives."""
    rules = live_rules(Definitions())
    signals = Counter(key[0] for key, item in items.items() if item.get("kind") == "signal")
    for pk in [key[0] for key, item in items.items() if item.get("kind") == "profile"]:
        lead_id = pk.removeprefix("LEAD#")
        score = find_score(lead_id)
        if score is None:
            found.broken.append(f"lead {lead_id} has no score")
            continue
        kept, again = score.score_state, replayed(lead_id, rules, world.now)
        rules.engine.settle(kept, again.now)
        if kept != again:
            found.broken.append(f"lead {lead_id} has {kept}, a replay gives {again}")
    rises = _rises(world)
    found.figures["rises"] = sum(rises.values())
    found.figures["signals"] = sum(signals.values())
    if rises != signals:
        found.broken.append(f"rises {dict(rises)}, signals {dict(signals)}")


def _rises(world: SimulatedWorld) -> Counter[str]:
    """How often each lead's score went up over the threshold, by the history of the table itself."""
    found: Counter[str] = Counter()
    for (pk, sk), old, new in world.table.history:
        if sk == "SCORE" and new is not None:
            found[pk] += int(new["hot"]["BOOL"] and not (old is not None and old["hot"]["BOOL"]))
    return +found
