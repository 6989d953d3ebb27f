"""A rehearsal beside the local cloud: the same people, the same clock, the same behaviour, the same decisions.

The last module of this folder: it approves a newsletter, which others would get, too.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sodate.activities.catalog import ActivityType
from sodate.authoring.check import check
from sodate.broadcasts.schedule import next_local, sender_instant
from sodate.dynamodb.item import plain
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.crowd import Arrival, arrival_of
from sodate.rehearsal.definitions import Rehearsed
from sodate_cli.local.clock import ShiftedClock

from tests.e2e.conftest import Cloud, http
from tests.support.rehearsing import Deed, Recorded, decisions_of
from tests.support.world import PLAYBOOK

pytestmark = pytest.mark.e2e

#: Until some days after the newsletter of the first Friday; at least as long as it takes to a branch.
LEAST, AFTER_THE_NEWSLETTER = timedelta(days=9), timedelta(days=2)
SEED = 3
#: Eager readers; nobody bounces, and sales answers after the end.
ASSUMPTIONS = Assumptions.model_validate(
    {
        "people": {"existing": 0},
        "emails": {"opened": 75, "clicked": 70, "unsubscribed": 0, "complained": 0, "bounced": 0},
        "sales": {"days_to_answer": 365},
    }
)
PEOPLE = {
    "sato": {"employees": "1000+", "interest": ["受発注"]},
    "suzuki": {"employees": "1-49", "interest": ["電子帳簿保存法"]},
}
_ACTS = {ActivityType.MAIL_OPENED: "open", ActivityType.MAIL_CLICKED: "click"}


def test_the_local_cloud_decides_as_the_rehearsal_did(cloud: Cloud, book: Path) -> None:
    cloud.sodate("playbook", "apply", str(book), "--yes")
    with person("boss"):
        cloud.sodate("broadcast", "approve", "monthly-news")
    leads = {name: join(cloud, name, answers) for name, answers in PEOPLE.items()}
    items = {lead: items_of(cloud, lead) for lead in leads.values()}
    begin = min(at(items[lead], "form_submitted") for lead in items)
    definitions = Rehearsed.of(check(book).definitions())
    end = last_instant(definitions, begin)
    people = {lead: (PEOPLE[name], items[lead]) for name, lead in leads.items()}
    rehearsal = rehearsed(definitions, people, (begin, end))

    for deed in sorted(rehearsal.deeds, key=lambda one: one.at):
        if deed.type in _ACTS:
            go_to(cloud, deed.at)
            act(cloud, deed, next(name for name, lead in leads.items() if lead == deed.person.id))
    go_to(cloud, end)

    programs = rehearsal.definitions.programs
    found = [one for lead in leads.values() for one in items_of(cloud, lead)]
    theirs = decisions_of(found, lambda name, step: programs[name].nodes[step].id)
    assert rehearsal.undecided == set()
    assert steps(rehearsal.decisions) == steps(theirs)
    assert any("monthly-news" in what for _, _, what in theirs)
    assert any("case (" in what for _, _, what in theirs), "a branch was taken"


def steps(decisions: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Each lead's decisions in their order, with their days: the minutes of the local cloud are those of its ticks."""
    found: dict[str, list[str]] = {}
    for lead, minute, what in sorted(decisions, key=lambda one: (one[0], one[1][:5], one[2])):
        found.setdefault(lead, []).append(f"{minute[:5]} {what}")
    return found


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The sample, whose newsletter has no experiment here: each of two readers gets it at its time."""
    copy = Path(shutil.copytree(PLAYBOOK, tmp_path / "playbook"))
    newsletter = copy / "broadcasts" / "monthly-news.yaml"
    newsletter.write_text(newsletter.read_text(encoding="utf-8").partition("experiment:")[0], encoding="utf-8")
    return copy


def last_instant(definitions: Rehearsed, begin: datetime) -> datetime:
    (newsletter,) = (one for one in definitions.broadcasts if one.id == "monthly-news")
    local = next_local(newsletter, definitions.mailing, begin)
    assert local is not None
    return max(begin + LEAST, sender_instant(definitions.mailing, local) + AFTER_THE_NEWSLETTER)


def rehearsed(
    definitions: Rehearsed,
    people: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]],
    span: tuple[datetime, datetime],
) -> Recorded:
    rehearsal, arrivals = Recorded(definitions, ASSUMPTIONS, span, SEED), list[Arrival]()
    for lead, (answers, items) in people.items():
        fields = {"primary.employees": answers["employees"], "secondary.interest": answers["interest"][0]}
        given = {"form": "newsletter", **fields}
        arrival = arrival_of(lead, given, definitions, ASSUMPTIONS, Chance(SEED), span)
        arrivals.append(replace(arrival, at=at(items, "form_submitted"), confirms=at(items, "opt_in_confirmed")))
    rehearsal.run(arrivals)
    return rehearsal


def join(cloud: Cloud, name: str, answers: dict[str, Any]) -> str:
    address = f"{name}@rehearsed.example.jp"
    assert cloud.post({"email": address, "agree": True, **answers}, "newsletter").status == 201
    cloud.advance("1m")
    assert http.request("POST", cloud.link(cloud.mails(address)[-1], "/opt-in/")).status == 200
    cloud.advance("1m")
    return str(cloud.sodate("lead", "show", address)["lead_id"])


def act(cloud: Cloud, deed: Deed, name: str) -> None:
    mails = [one for one in cloud.mails(f"{name}@rehearsed.example.jp") if one["tags"]["purpose"] == "marketing"]
    mail = next(one for one in reversed(mails) if template_of(cloud, deed.person.id, one) == deed.about["template"])
    options = {"link": deed.about["link"]} if "link" in deed.about else {}
    url = f"{cloud.endpoints['control']}/messages/{quote(mail['id'], safe='')}/{_ACTS[deed.type]}"
    assert http.request("POST", url, json=options).status == 200


def template_of(cloud: Cloud, lead: str, mail: dict[str, Any]) -> str:
    sends = {one["sk"].removeprefix("SEND#"): one for one in items_of(cloud, lead) if one["kind"] == "send"}
    return str(sends[mail["tags"]["send_id"]]["template"])


def go_to(cloud: Cloud, moment: datetime) -> None:
    now = ShiftedClock(Path(cloud.endpoints["clock_file"]))()
    minutes = int((moment - now).total_seconds() // 60)
    if minutes > 0:
        cloud.advance(f"{minutes}m")


def items_of(cloud: Cloud, lead: str) -> list[dict[str, Any]]:
    query = cloud.client("dynamodb").query
    found = query(
        TableName=cloud.endpoints["table"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"LEAD#{lead}"}},
        ConsistentRead=True,
    )
    assert "LastEvaluatedKey" not in found
    return [{name: plain(value) for name, value in item.items()} for item in found["Items"]]


def at(items: list[dict[str, Any]], type_: str) -> datetime:
    found = next(one["at"] for one in items if one["kind"] == "activity" and one["type"] == type_)
    return datetime.fromisoformat(found).astimezone(UTC)


@contextmanager
def person(name: str) -> Iterator[None]:
    """Commands are run by another person: nobody approves a broadcast that they applied."""
    before = os.environ.get("LOGNAME")
    os.environ["LOGNAME"] = name
    try:
        yield
    finally:
        os.environ.pop("LOGNAME")
        if before is not None:
            os.environ["LOGNAME"] = before
