"""A rehearsal decides as production does: the same people, the same clock, the same behaviour, the real handlers."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.authoring.apply import publish
from sodate.authoring.check import check
from sodate.broadcasts.approve import approve
from sodate.dynamodb import table
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.crowd import arrival_of
from sodate.rehearsal.definitions import Rehearsed
from sodate.scenarios.programs import live_program

from tests.functions.quick import QuickWorld, quick_world
from tests.support.rehearsing import MINUTE, Decision, Deed, Recorded, decisions_of
from tests.support.world import PLAYBOOK, START

EXTRA = Path(__file__).with_name("rehearsed")
DAYS = 45
PEOPLE = 24
#: Eager people, so that few of them meet every step; nobody bounces, since a bounce depends on the address.
ASSUMPTIONS = Assumptions.model_validate(
    {
        "people": {"existing": 0, "opt_in": 85},
        "emails": {"opened": 70, "clicked": 60, "unsubscribed": 4, "complained": 2, "bounced": 0},
        "habits": [
            {"activity": "page_viewed", "per_week": 0.5, "about": {"page": ["/", "/pricing"]}},
            {"activity": "seminar_registered", "per_week": 0.2, "about": {"seminar": ["spring", "autumn"]}},
            {"activity": "seminar_attended", "per_week": 0.2, "about": {"seminar": ["spring", "autumn"]}},
        ],
        "sales": {"days_to_answer": 1, "accepted": 60, "meeting": 60},
        "sending": {"per_second": 1000},
    }
)
_TITLES, _SIZES = ("部長", "課長", "一般"), ("1-49", "300-999", "1000+")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("book") / "playbook"
    shutil.copytree(PLAYBOOK, directory)
    shutil.rmtree(directory / "broadcasts")
    for scenario in (directory / "scenarios").glob("[!d]*.yaml"):  # dormant-revival stays
        scenario.unlink()
    shutil.copytree(EXTRA, directory, dirs_exist_ok=True)
    checked = check(directory)
    assert checked.ok, checked.problems
    return checked


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, book: Any) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        publish(book, now=found.now, retire=True, definitions=found.app.definitions, applied_by="editor")
        approve(found.app.definitions, "first-friday", "boss", found.now)
        yield found


def rehearsed(book: Any, seed: int) -> Recorded:
    definitions, span = Rehearsed.of(book.definitions()), (START, START + timedelta(days=DAYS))
    rehearsal, chance = Recorded(definitions, ASSUMPTIONS, span, seed), Chance(seed)
    arrivals = []
    for number in range(PEOPLE):
        given = {
            "form": "request-materials",
            "primary.title": _TITLES[number % 3],
            "primary.employees": _SIZES[number % 2],
        }
        if number % 3 == 2:
            starts = (START + timedelta(days=18 + number)).date()
            given |= {"form": "demo", "secondary.start_date": starts.isoformat()}
        come = (START, START + timedelta(days=15))
        arrivals.append(arrival_of(f"lead-{number}", given, definitions, ASSUMPTIONS, chance, come))
    rehearsal.run(arrivals)
    return rehearsal


class Production:
    """Does in the world what people did in the rehearsal."""

    def __init__(self, world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.monkeypatch = world, monkeypatch

    def play(self, deeds: list[Deed]) -> None:
        for deed in sorted(deeds, key=lambda one: one.at):
            self.world.advance(deed.at - self.world.now)
            getattr(self, f"_{deed.type.value}", self._anything)(deed)
            self.world.settle()
        self.world.advance(START + timedelta(days=DAYS) - timedelta(minutes=1) - self.world.now)

    def _form_submitted(self, deed: Deed) -> None:
        primary = deed.person.profile.primary
        answers = {"name": "山田太郎", "company": "例示株式会社", "agree": True, **primary}
        with self.monkeypatch.context() as patch:
            patch.setattr(self.world.app, "new_id", lambda: deed.person.id, raising=False)
            starts = deed.person.profile.secondary.get("start_date")
            more = {"phone": "03-1234-5678", "start_date": starts} if starts else {}
            posted = {"email": deed.person.profile.address, **answers, **more}
            assert self.world.post(posted, deed.person.form or "")["statusCode"] == 201

    def _opt_in_confirmed(self, deed: Deed) -> None:
        mail = next(one for one in self.world.mails_to(deed.person.profile.address) if one.tags["name"] == "opt_in")
        assert self.world.visit(self.world.link(mail, "/opt-in/"), "POST")["statusCode"] == 200

    def _mail_opened(self, deed: Deed) -> None:
        self.world.ses.simulator.open(self._mail(deed).message_id)

    def _mail_clicked(self, deed: Deed) -> None:
        self.world.ses.simulator.click(self._mail(deed).message_id, deed.about["link"])

    def _mail_complained(self, deed: Deed) -> None:
        self.world.ses.simulator.complain(self._mail(deed).message_id)

    def _unsubscribed(self, deed: Deed) -> None:
        url = self.world.unsubscribe_url(self._mails(deed)[-1])
        assert self.world.visit(url, "POST", "List-Unsubscribe=One-Click")["statusCode"] == 200

    def _anything(self, deed: Deed) -> None:
        key = activity_key(deed.type, str(deed.at), str(deed.about))
        table.put(activity_item(Activity(deed.person.id, deed.type.value, deed.at, key, deed.about)))

    def _mails(self, deed: Deed) -> list[Any]:
        return [one for one in self.world.mails_to(deed.person.profile.address) if one.tags["purpose"] == "marketing"]

    def _mail(self, deed: Deed) -> Any:
        """The latest email whose template the person opened."""
        sends = {one["sk"].removeprefix("SEND#"): one for one in self.world.items("send")}
        mails = [one for one in self._mails(deed) if sends[one.tags["send_id"]]["template"] == deed.about["template"]]
        return mails[-1]

    def decisions(self) -> list[Decision]:
        definitions = self.world.app.definitions
        return decisions_of(self.world.items(), lambda name, step: live_program(definitions, name).nodes[step].id)


@pytest.mark.parametrize("seed", [4])
def test_a_rehearsal_decides_as_production_does(
    world: QuickWorld, book: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rehearsal = rehearsed(book, seed)
    production = Production(world, monkeypatch)
    production.play(rehearsal.deeds)
    waited = [word for words in rehearsal.attempts.values() for word in words if word.startswith("defer:precedence")]
    assert waited, "an email waits for that of another scenario"
    ours = Counter(rehearsal.decisions)
    theirs = Counter(production.decisions())
    sources = [*rehearsal.definitions.programs, *(one.id for one in rehearsal.definitions.broadcasts)]
    silent = [name for name in sources if not any(name in what for _, _, what in theirs)]
    assert any(what.endswith("call due") for _, _, what in theirs)
    assert not silent, "each scenario and broadcast decides something"
    assert differing(ours - theirs, theirs - ours) == []


def differing(ours: Counter[Decision], theirs: Counter[Decision]) -> list[tuple[Decision | None, Decision | None]]:
    """Decisions that only one of them made, or that are more than two minutes apart.

    Production decides about a click when its verdict is made, up to 75 seconds later (docs/robots.md).
    """
    by_what = [sorted(each.elements(), key=lambda one: (one[0], one[2], one[1])) for each in (ours, theirs)]
    pairs = list(zip_longest(*by_what))
    return [(one, other) for one, other in pairs if one is None or other is None or not _is_same(one, other)]


def _is_same(one: Decision, other: Decision) -> bool:
    apart = _time(one) - _time(other)
    return (one[0], one[2]) == (other[0], other[2]) and abs(apart) <= timedelta(minutes=2)


def _time(decision: Decision) -> datetime:
    return datetime.strptime(decision[1], MINUTE).replace(tzinfo=UTC)
