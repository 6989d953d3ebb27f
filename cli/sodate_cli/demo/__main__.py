"""Start the local cloud, play fourteen days, tell the story. Exit 0 only if it came out as it must."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sodate.email.eligibility.days import add_business_days

from sodate_cli import output
from sodate_cli.demo import report
from sodate_cli.demo.people import PEOPLE, Act, Person
from sodate_cli.demo.play import Player, StoryBroken
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
        output.say(f"a holiday season lies ahead; the story begins {days} days later")
        sodate("local", "advance", f"{days}d")
    player = Player(endpoints["api"], endpoints["control"])
    output.say(f"posting {len(PEOPLE)} forms to {endpoints['api']}")
    answers = {number: player.submit(person) for number, person in enumerate(PEOPLE)}
    sodate("local", "advance", "1m")
    for person in PEOPLE:
        if person.confirms:
            player.confirm(person)
    acted: set[tuple[str, Act]] = set()
    passed = timedelta(0)
    for day in DAYS:
        output.say(f"letting time pass to day {day}; people read their mail")
        sodate("local", "advance", f"{(timedelta(days=day) - passed).days}d")
        passed = timedelta(days=day)
        for person in PEOPLE:
            live(player, person, acted)
        sodate("local", "advance", "1m")
    where = connect("local")
    found = {number: report.outcome(person, where) for number, person in enumerate(PEOPLE)}
    sales = player.sales_messages(endpoints["sink"])
    report.show_table(PEOPLE, answers, found)
    report.show_sales(sales)
    output.show_fields("Look at", {name: endpoints[name] for name in ("mailbox", "sink", "api")})
    return report.problems(PEOPLE, answers, found, sales, player)


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


def sodate(*words: str) -> dict[str, Any]:
    """The command a user would type, with `--json`."""
    done = subprocess.run(
        [sys.executable, "-m", "sodate_cli.main", *words, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise StoryBroken(f"`sodate {' '.join(words)}` ended with {done.returncode}")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
