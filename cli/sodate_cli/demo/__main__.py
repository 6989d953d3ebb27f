"""Start the local cloud, play fourteen days, tell the story. Exit 0 only if it came out as it must."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.store import activities_of
from sodate.email.eligibility.days import add_business_days
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.demo import measurement, nurturing, report
from sodate_cli.demo.people import PEOPLE, Act, Person
from sodate_cli.demo.play import Player, StoryBroken
from sodate_cli.local.folder import LocalFolder, repository
from sodate_cli.target import connect

#: The clock goes to these days in turn; on each, people act on the mails that came since.
DAYS = (4, 7, 14)


def main() -> int:
    try:
        wrong = play()
    except StoryBroken as error:
        wrong = [str(error)]
    for line in wrong:
        output.say(f"✗ {line}")
    if not wrong:
        output.say("✓ the story came out as it must; `make down` stops the local cloud")
    return 1 if wrong else 0


def play() -> list[str]:
    sodate("local", "down")
    output.say("starting the local cloud …")
    endpoints = sodate("local", "up")["endpoints"]
    if days := days_until_ordinary(datetime.fromisoformat(sodate("local", "status")["clock"])):
        output.say(Message("a holiday season lies ahead; the story begins {days} days later", days=days))
        sodate("local", "advance", f"{days}d")
    folder = LocalFolder.of(repository())
    began = datetime.fromisoformat(sodate("local", "status")["clock"])
    book = nurturing.playbook_with_broadcast(repository() / "playbooks" / "b2b-ja", folder.root, began)
    measurement.write_campaign(book, began)
    sodate("playbook", "apply", str(book), "--yes")
    sodate("campaign", "cost", "import", str(measurement.write_costs(folder.root, began)), "--format", "google")
    sodate("broadcast", "approve", nurturing.BROADCAST, env=nurturing.as_the_boss())
    player = Player(endpoints["api"], endpoints["control"])
    output.say(Message("posting {people_count} forms to {api}", people_count=len(PEOPLE), api=endpoints["api"]))
    answers = {number: player.submit(person) for number, person in enumerate(PEOPLE)}
    sodate("local", "advance", "1m")
    for person in PEOPLE:
        if person.confirms:
            player.confirm(person)
    acted: set[tuple[str, Act]] = set()
    passed = timedelta(0)
    for day in DAYS:
        output.say(Message("letting time pass to day {day}; people read their mail", day=day))
        sodate("local", "advance", f"{(timedelta(days=day) - passed).days}d")
        passed = timedelta(days=day)
        for person in PEOPLE:
            live(player, person, acted)
        sodate("local", "advance", "1m")
    measurement.filter_clicks(player)
    where = connect("local")
    found = {number: report.outcome(person, where) for number, person in enumerate(PEOPLE)}
    sales = player.sales_messages(endpoints["sink"])
    report.show_table(PEOPLE, answers, found)
    report.show_sales(sales)
    people = nurturing.write_people(PEOPLE, folder.root)
    of = ("--playbook", str(book), "--leads", str(people))
    first_day = str(nurturing.local_day(began))
    rehearsed = sodate("scenario", "rehearse", *of, "--start", first_day, "--days", str(DAYS[-1]))
    wrong = show_nurturing(found, rehearsed)
    wrong += [*report.problems(PEOPLE, answers, found, sales, player), *measure(folder.root, began, sales)]
    pages = {page.stem: page.as_uri() for page in sorted(folder.root.glob("report-*.html"))}
    output.show_fields("Look at", {name: endpoints[name] for name in ("mailbox", "sink", "api")} | pages)
    return wrong


def measure(folder: Path, began: datetime, sales: list[dict[str, Any]]) -> list[str]:
    """Sales answers, then the reports of the story; what is not as it must be."""
    measurement.sales_answer(sales)
    sodate("local", "advance", "5m")
    today = nurturing.local_day(datetime.fromisoformat(sodate("local", "status")["clock"]))
    first = nurturing.local_day(began)
    measurement.write_reports(folder, first, today)
    days = ("--from", str(first), "--to", str(today))
    measured = measurement.Measured(
        sodate("kpi", "show", *days), sodate("kpi", "funnel", *days), sodate("kpi", "verify"),
        sodate("campaign", "show", measurement.CAMPAIGN),
    )  # fmt: skip
    return measurement.problems(measured)


def show_nurturing(found: dict[int, dict[str, Any] | None], rehearsed: dict[str, Any]) -> list[str]:
    """The experiment of the broadcast, and the rehearsal beside what happened; what is not as it must be."""
    nurturing.show_experiment(sodate("experiment", "analyze", nurturing.BROADCAST))
    sends = [send for one in found.values() if one for send in one["sends"] if send.purpose == "marketing"]
    nurturing.show_beside(rehearsed, sends)
    advanced = [
        str(one.about["reason"])
        for known in found.values()
        if known
        for one in activities_of(known["lead_id"])
        if one.type == "scenario_advanced"
    ]
    return nurturing.problems(sends, advanced)


def days_until_ordinary(now: datetime) -> int:
    """Seven business days must fit into the two weeks; around Golden Week they do not."""
    day, waited = now.astimezone(ZoneInfo("Asia/Tokyo")).date(), 0
    while add_business_days(day, 7, "JP") > day + timedelta(days=12):
        day, waited = day + timedelta(days=1), waited + 1
    return waited


def live(player: Player, person: Person, acted: set[tuple[str, Act]]) -> None:
    """Do what this person does with the mails that have come by now."""
    received = len(player.step_mails(person))
    for act in person.acts:
        if act.mail <= received and (person.name, act) not in acted:
            player.act(person, act)
            acted.add((person.name, act))


def sodate(*words: str, env: dict[str, str] | None = None) -> Any:
    """The command a user would type, with `--json`."""
    done = subprocess.run(
        [sys.executable, "-m", "sodate_cli.main", *words, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=env,
    )
    if done.returncode != 0:
        raise StoryBroken(f"`sodate {' '.join(words)}` ended with {done.returncode}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
