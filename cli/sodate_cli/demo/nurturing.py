"""The second half of the story: a broadcast with two subjects, and the rehearsal beside what then happened."""

import csv
import os
import shutil
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sodate.email.eligibility.days import add_business_days
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.demo.people import Person

BROADCAST = "demo-news"
#: Business days after the beginning of the story.
_ON_DAY = 6
_TOKYO = ZoneInfo("Asia/Tokyo")
_SEGMENT = """
  - id: demo-readers
    title: デモのノルテ通信の読者
    when: "did form_submitted(form = newsletter) and consent(product-news)"
"""
_FILE = """\
id: demo-news
title: デモのお知らせ
status: released
topic: product-news
template: monthly-news
segment: demo-readers
once: {day}T10:00
valid_hours: 72
experiment:
  variants:
    - {{ id: plain }}
    - {{ id: question, subject: 【ノルテ通信】在庫の差異、毎週数えていませんか }}
  default: plain
  sample: 100
  metric: click
  decide_after_hours: 24
  winner: by_person
"""


def playbook_with_broadcast(playbook: Path, folder: Path, now: datetime) -> Path:
    """A copy of the sample with another broadcast, at 10:00 on a business day of the story.

    Nobody approves the sample's own in the story, so the copy, which is rehearsed too, leaves it out.
    """
    copy = folder / "demo-playbook"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(playbook, copy)
    (copy / "broadcasts" / "monthly-news.yaml").unlink()
    day = add_business_days(local_day(now), _ON_DAY, "JP")
    (copy / "broadcasts" / f"{BROADCAST}.yaml").write_text(_FILE.format(day=day), encoding="utf-8")
    with (copy / "segments.yaml").open("a", encoding="utf-8") as segments:
        segments.write(_SEGMENT)
    assumed = copy / "rehearsal.yaml"
    assumed.write_text(assumed.read_text(encoding="utf-8").replace("opt_in: 65", "opt_in: 100"), encoding="utf-8")
    return copy


def as_the_boss() -> dict[str, str]:
    """The environment of another person: nobody approves a broadcast that they applied."""
    return {**os.environ, "LOGNAME": "boss"}


def local_day(at: datetime) -> date:
    return at.astimezone(_TOKYO).date()


def write_people(people: tuple[Person, ...], folder: Path) -> Path:
    """The people who confirmed, for the rehearsal."""
    file = folder / "demo-people.csv"
    with file.open("w", encoding="utf-8", newline="") as written:
        rows = csv.writer(written)
        rows.writerow(["day", "form", "primary.employees", "secondary.interest"])
        rows.writerows([0, one.form, one.employees, one.interest] for one in people if one.confirms)
    return file


def show_beside(rehearsed: dict[str, Any], sends: list[Any]) -> None:
    """Emails by source: what the rehearsal expected of these people, and what was sent."""
    expected: dict[str, int] = rehearsed["emails"]["by_source"]
    happened = Counter(send.broadcast or str(send.sequence).partition("#")[0] for send in sends if send.sent_at)
    rows = [(name, expected.get(name, 0), happened[name]) for name in sorted(expected.keys() | happened.keys())]
    columns = ("scenario or broadcast", "rehearsed", "happened")
    output.show_table("Emails: the rehearsal of these people, and what then happened", columns, rows)


def show_experiment(runs: list[dict[str, Any]]) -> None:
    """Of two readers nothing can be concluded, and the outcome says so."""
    for run in runs:
        rows = [(one["variant"], one["leads"], one["successes"]) for one in run["variants"]]
        title = Message(
            "Two subjects, {name}: {outcome}, `{default}` stays the default",
            name=run["name"],
            outcome=run["outcome"].replace("_", " "),
            default=run["default"],
        )
        output.show_table(title, ("variant", "leads", "clicks"), rows)


def problems(sends: list[Any], advanced: list[str]) -> list[str]:
    """A branch was taken, and each reader got one variant of the broadcast, once."""
    wrong = []
    if not any("match v1: case (1)" in reason for reason in advanced):
        wrong.append(f"nobody took the first case of the welcome scenario: {advanced}")
    news = [send for send in sends if send.broadcast == BROADCAST]
    leads = {send.pk for send in news}
    if len(leads) != len(news) or len(leads) < 2 or not all(send.variant and send.sent_at for send in news):
        wrong.append(f"the broadcast reached {len(news)} of 2 readers")
    return wrong
