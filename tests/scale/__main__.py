"""`python -m tests.scale --leads 2000`: many leads through three steps on a local cloud of their own, in bad weather.

The deployed functions with IAM enforced, real queues and HTTP; SES throttles, pauses, loses answers and reports bounces
and complaints. In the end the ledger, the mailbox and the counts of sends must agree to the mail.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import urllib3
from sodate.dynamodb import keys, table
from sodate.dynamodb.client import sdk_client
from sodate.dynamodb.item import encode, plain
from sodate.dynamodb.table import Table
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.sweep import CHECK_AFTER
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.lead import Profile
from sodate.leads.store import profile_item, state_item
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.calendar import due_at
from sodate.scenarios.lane import lane_of
from sodate.scenarios.sequence import Sequence
from sodate.scheduling import store as due

SEQUENCE = "materials-follow-up"
#: Every so many leads one has a mailbox of this kind (the simulator's names). More bounces would hold the sender.
KINDS = {41: "bounce", 97: "late-bounce", 499: "complaint", 13: "mailbox-full", 17: "ooto"}
FAULTS = (
    ("too-many-requests", 5), ("accepted-then-reset", 1), ("server-error", 1), ("sending-paused", 1), ("reset", 1),
    ("message-rejected", 2),
)  # fmt: skip
#: From a look without evidence to the next one.
_NEXT_LOOK = timedelta(hours=3)
OUTPUT = Path("build/scale.json")
http = urllib3.PoolManager(retries=False, timeout=60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scale")
    parser.add_argument("--leads", type=int, default=2000)
    wanted = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SODATE_LOCAL"] = folder
        try:
            endpoints = sodate("local", "up")["endpoints"]
            report = play(endpoints, wanted.leads)
        finally:
            sodate("local", "down")
    report["seconds"] = round(time.monotonic() - began)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    return 1 if report["wrong"] else 0


def sodate(*words: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "sodate_cli.main", *words, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"sodate {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout else None


def control(endpoints: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    answer = http.request("POST", f"{endpoints['control']}/{path}", json=body)
    assert answer.status == 200, answer.data


def play(endpoints: dict[str, Any], leads: int) -> dict[str, Any]:
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoints["aws"],
        "AWS_DEFAULT_REGION": endpoints["region"],
        "AWS_ACCESS_KEY_ID": endpoints["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": endpoints["secret_access_key"],
    }
    Table(endpoints["table"], sdk_client()).use()
    control(endpoints, "account", {"max_send_rate": 400, "max_24_hour_send": 1_000_000})
    now = datetime.fromisoformat(sodate("local", "status")["clock"])
    valid_until = lay_out(leads, now)
    while True:
        inject_faults(endpoints)
        at = sodate("local", "advance", "12h")["now"]
        print(at, file=sys.stderr)
        if datetime.fromisoformat(at) > now + timedelta(days=10):
            break
    control(endpoints, "account", {"sending_enabled": True})
    sodate("local", "advance", "3d")
    return compare(endpoints, leads, valid_until)


def lay_out(leads: int, now: datetime) -> list[datetime]:
    """As a confirmed opt-in leaves them: the two thousand posts are not what is measured here.

    Returns how long each step's email is valid.
    """
    definitions = Definitions()
    stored = definitions.live("sequence", SEQUENCE)
    sequence, mailing = parsed(stored, Sequence), parsed(definitions.live("mailing"), Mailing)
    items = []
    for number in range(leads):
        lead_id = f"01SCALE{number:019d}"
        kind = next((f"{name}+" for every, name in KINDS.items() if number % every == every - 1), "")
        address = f"{kind}p{number}@example.jp"
        names = {"name": "山田太郎", "company": "例示株式会社"}
        profile = Profile(lead_id, address, address, "ja", primary=names, created=keys.stamp(now))
        run = EnrollmentRef(lead_id, f"e{number:015d}", now)
        enrollment = Enrollment(run.enrollment_id, stored.version, 0, keys.stamp(now), len(sequence.steps))
        state = ContactState(
            lead_id, f"{number:043d}", topics={sequence.topic: "confirmed"}, enrollments={sequence.id: enrollment}
        )
        batch = EnrollmentBatch(sequence.id, stored.version, 0, (run,))
        at = due_at(sequence.steps[0], sequence, now, mailing=mailing)
        entry = due.due_item(at, lane_of(sequence), batch.id, batch, now)
        items += [encode(item) for item in (profile_item(profile), state_item(state), entry)]
    table.put_many(items)
    return [due_at(s, sequence, now, mailing=mailing) + timedelta(hours=s.valid_hours) for s in sequence.steps]


def inject_faults(endpoints: dict[str, Any]) -> None:
    """A lost answer keeps a sender waiting for half a minute of real time, so there are few of them."""
    for fault, times in FAULTS:
        control(endpoints, "faults", {"fault": fault, "times": times})


def compare(endpoints: dict[str, Any], leads: int, valid_until: list[datetime]) -> dict[str, Any]:
    client = boto3.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=endpoints["table"], ConsistentRead=True)
    items = [plain({"M": item}) for page in pages for item in page["Items"]]
    sends = {item["sk"].removeprefix(keys.SENDS): item for item in items if item["kind"] == "send"}
    listed = {item["sk"].removeprefix(keys.SENDS) for item in items if item["kind"] == "unknown"}
    counted = Counter[str]()
    for item in items:
        if item["kind"] == "rate":
            counted.update({name: int(item.get(name, 0)) for name in ("delivered", "bounced", "complained")})
    messages = json.loads(http.request("GET", f"{endpoints['control']}/messages").data)["messages"]
    mailed = Counter(message["tags"]["send_id"] for message in messages if "send_id" in message["tags"])  # no probes
    states = Counter(send["state"] for send in sends.values())
    runs = [run for item in items if item["kind"] == "state" for run in item["enrollments"].values()]
    unfinished = [run for run in runs if run["step"] < run["n"]]
    went = {"sent", "delayed", "soft_bounced", "delivered", "bounced", "complained"}
    left = {send_id for send_id, send in sends.items() if send["state"] in went}
    silent = {send_id for send_id, send in sends.items() if send["state"] in ("planned", "sending")}
    blocked = Counter(item.get("blocked") for item in items if item["kind"] == "state")
    attempts = _attempts(sends)
    arrived = Counter(sum(mailed[send_id] for send_id in chain) for chain in attempts.values())
    never_left = [chain for chain in attempts.values() if _never_left(chain, sends, mailed)]
    wrong = {
        "mailed twice": sum(count > 1 for count in mailed.values()),
        "mailed by two attempts": sum(chains for count, chains in arrived.items() if count > 1),
        "never left while valid": sum(not _ran_out(sends[chain[-1]], valid_until) for chain in never_left),
        "in the mailbox, not in the ledger": len(set(mailed) - left - listed),
        "in the ledger, not in the mailbox": len(left - set(mailed)),
        "unknown, not listed": sum(s["state"] == "unknown" and i not in listed for i, s in sends.items()),
        "neither final nor listed": len(silent),
        "runs that stopped on the way": len([run for run in unfinished]),
        "steps without a ledger item": 3 * leads - len(attempts),
        "delivered counted otherwise": abs(counted["delivered"] - _delivered(messages)),
    }
    return {
        "leads": leads,
        "mails": sum(mailed.values()),
        "states": dict(states),
        "blocked": {str(why): count for why, count in blocked.items()},
        "further_attempts": len(sends) - len(attempts),
        "unknown_listed": len(listed),
        "counted": dict(counted),
        "never_left_no_longer_valid": dict(
            Counter(_why(sends[chain[-1]]) for chain in never_left if _ran_out(sends[chain[-1]], valid_until))
        ),
        "coverage": {
            item["sk"]: f"{item.get('reported', 0)} of {item.get('accepted', 0)}"
            for item in items
            if item["kind"] == "coverage"
        },
        "wrong": {what: count for what, count in wrong.items() if count},
    }


def _attempts(sends: dict[str, dict[str, Any]]) -> dict[tuple[str, int], list[str]]:
    """(lead, step) → send ids of its attempts, the first of them first."""
    found: dict[tuple[str, int], list[str]] = {}
    for send_id, send in sorted(sends.items(), key=lambda item: int(item[1].get("attempt", 1))):
        found.setdefault((send["pk"], int(send["step"])), []).append(send_id)
    return found


def _never_left(chain: list[str], sends: dict[str, dict[str, Any]], mailed: Counter[str]) -> bool:
    """SES took no attempt, and no attempt ended with a reason of its own (skipped, refused by SES for its content)."""
    return not any(mailed[send_id] for send_id in chain) and sends[chain[-1]]["state"] == "unknown"


def _ran_out(send: dict[str, Any], valid_until: list[datetime]) -> bool:
    """Before the evidence could be looked at: the first look, and the next one if SES had not reported by then."""
    attempted = datetime.fromisoformat(send["attempted_at"])
    return attempted + CHECK_AFTER + _NEXT_LOOK > valid_until[int(send["step"])]


def _why(send: dict[str, Any]) -> str:
    return f"attempt {send.get('attempt', 1)} at {str(send.get('attempted_at') or send['planned_at'])[:16]}"


def _delivered(messages: list[dict[str, Any]]) -> int:
    """Probes are counted nowhere."""
    mails = [message for message in messages if "send_id" in message["tags"]]
    return sum(event == "Delivery" for message in mails for event in message.get("events", ()))


if __name__ == "__main__":
    sys.exit(main())
