"""Broadcasts in the whole system: from the approval to the last email and the counts."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.broadcasts import advance, control, send_batch
from sodate.broadcasts.approve import approve
from sodate.broadcasts.audience import Candidate
from sodate.broadcasts.candidates import candidates_of
from sodate.broadcasts.progress import progress_of
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import batches_of, load_run, runs_of
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.errors import Conflict, NotFound
from sodate.playbook.store import Definitions
from sodate.scheduling.store import LANES, move_cursor

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_segments import publish as publish_segments
from tests.support.broadcasting import add_member, publish, publish_approved, put_in
from tests.support.crashes import CrashPoint, crash_points
from tests.support.world import Json

TOPIC = "product-news"
HOUR = timedelta(hours=1)
FIRST_FRIDAY = {
    "every": "month", "week_of_month": "first", "weekdays": "fri", "at": "10:00", "starting": "2026-11-01",
}  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        yield found


def members(*names: str, **more: Any) -> list[str]:
    return [add_member(name, topic=TOPIC, **more) for name in names]


def approved(world: QuickWorld, **changes: Any) -> Run:
    return load_run("monthly", publish_approved(world.now, TOPIC, **changes))


def news(world: QuickWorld) -> Counter[str]:
    """Emails of the broadcast by recipient."""
    found = (m for m in world.ses.simulator.messages if m.tags.get("broadcast") == "monthly")
    return Counter(message.recipient.partition("@")[0] for message in found)


def counts(run: Run) -> dict[str, int]:
    progress = progress_of(run)
    assert sum(progress.states.values()) == progress.emails == load_run(run.broadcast, run.occurrence).planned
    return dict(progress.states)


def reasons(run: Run) -> dict[str, int]:
    return dict(progress_of(run).reasons)


def state_of(run: Run) -> str:
    return load_run(run.broadcast, run.occurrence).state


def due(world: QuickWorld, what: str) -> list[Json]:
    return [item for item in world.items("due") if item["sk"].startswith(f"{what}#")]


# -- one run -----------------------------------------------------------------------------------------------------------


def test_each_member_gets_it_once_at_its_time_and_the_run_is_done(world: QuickWorld) -> None:
    members("taro", "hanako")
    members("partner", segments=("readers", "partners"))
    members("other", segments=())
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=59))
    assert news(world) == {}
    world.advance(timedelta(minutes=2))
    assert news(world) == {"taro": 1, "hanako": 1}
    world.advance(HOUR)
    assert state_of(run) == "done"
    assert counts(run) == {"delivered": 2}
    (ledger, _) = [item for item in world.items("send") if item["name"] == "broadcast"]
    assert (ledger["broadcast"], ledger["run"], ledger["template"]) == ("monthly", "20261124T1400", "news")
    assert (ledger["broadcast_version"], ledger["template_version"]) == (1, 1)


def test_consent_block_segment_and_exclusion_are_checked_again_at_the_send(world: QuickWorld) -> None:
    members("stays", "opts-out", "leaves", "becomes-partner", "withdrew")
    members("never-agreed", topics={TOPIC: "pending"})
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    assert load_run("monthly", run.occurrence).planned == 6
    unsubscribe(OptOut("opts-out", "x", None, "one_click"), world.now)
    unsubscribe(OptOut("withdrew", "x", TOPIC, "preferences"), world.now)
    put_in("leaves")
    put_in("becomes-partner", "readers", "partners")
    world.advance(HOUR)
    assert news(world) == {"stays": 1}
    assert counts(run) == {"delivered": 1, "skipped": 5}
    assert reasons(run) == {"blocked": 1, "consent": 2, "left_the_segment": 1, "excluded": 1}
    assert state_of(run) == "done"


def test_an_erased_lead_is_counted_and_does_not_come_back(world: QuickWorld) -> None:
    members("taro")
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    for key in [key for key in world.table.items if key[0] == "LEAD#taro"]:
        world.table.items.pop(key)
    world.advance(HOUR)
    assert counts(run) == {"skipped": 1}
    assert reasons(run) == {"lead_erased": 1}
    assert not [item for item in world.items("state") if item["pk"] == "LEAD#taro"]


def test_a_lead_that_is_erased_in_the_middle_of_a_batch_is_counted(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    members("taro")
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    put_in("taro")

    def erased_after_the_read(leads: tuple[str, ...]) -> list[Candidate]:
        found = candidates_of(leads)
        for key in [key for key in world.table.items if key[0] == "LEAD#taro"]:
            world.table.items.pop(key)
        return found

    monkeypatch.setattr(send_batch, "candidates_of", erased_after_the_read)
    world.advance(HOUR)
    assert reasons(run) == {"lead_erased": 1}
    assert state_of(run) == "done"


def test_caps_and_quiet_hours_defer_it_until_it_is_no_longer_valid(world: QuickWorld) -> None:
    """The playbook allows two marketing emails a day, and none from 20:00 to 8:00."""
    minute = int(world.now.timestamp()) // 60
    members("busy", mailed=(minute, minute))
    members("free")
    run = approved(world, once="2026-11-24T21:00", valid_hours=12)
    world.advance(timedelta(hours=11))
    assert news(world) == {}
    assert counts(run) == {"waiting": 2}
    world.advance(timedelta(hours=14))
    assert news(world) == {"free": 1}
    assert counts(run) == {"delivered": 1, "skipped": 1}
    assert reasons(run) == {"cap": 1}


def test_a_lead_gets_a_run_once_whatever_is_delivered_twice(world: QuickWorld) -> None:
    members("taro", "hanako")
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    world.advance(timedelta(minutes=10))
    before = Counter(item["kind"] for item in world.items())
    for item in [*due(world, "broadcast"), *due(world, "broadcast_run")]:
        for number in range(2):
            record = {"messageId": str(number), "body": item["message"]}
            assert world.call("email_sender", {"Records": [record]}) == {"batchItemFailures": []}
    world.advance(HOUR)
    assert news(world) == {"taro": 1, "hanako": 1}
    assert counts(run) == {"delivered": 2}
    assert Counter(item["kind"] for item in world.items())["batch"] == before["batch"] == 1


def test_the_mark_of_a_run_is_removed_when_runs_have_ended(world: QuickWorld) -> None:
    members("taro", runs=frozenset(f"{number:010d}-1" for number in range(4)))
    approved(world)
    world.advance(timedelta(hours=4))
    assert news(world) == {"taro": 1}
    (mark,) = world.state("taro")["runs"]
    assert mark == load_run("monthly", "20261124T1400").mark


# -- pause, resume, cancel ---------------------------------------------------------------------------------------------


def test_a_paused_run_sends_nothing_and_loses_nothing(world: QuickWorld) -> None:
    members(*(f"lead{number}" for number in range(120)))
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    control.pause("monthly", None)
    world.advance(HOUR)
    assert news(world) == {}
    assert counts(run) == {"waiting": 120}
    control.resume("monthly", None)
    world.advance(HOUR)
    assert len(news(world)) == 120
    assert counts(run) == {"delivered": 120}


def test_a_run_paused_before_its_audience_is_read_begins_after_the_pause(world: QuickWorld) -> None:
    members("taro")
    run = approved(world)
    control.pause("monthly", run.occurrence)
    world.advance(timedelta(hours=4))
    assert state_of(run) == "planned"
    members("hanako")
    control.resume("monthly", run.occurrence)
    world.advance(HOUR)
    assert news(world) == {"taro": 1, "hanako": 1}


def test_a_cancelled_run_counts_what_was_sent_and_what_was_not(world: QuickWorld) -> None:
    members(*(f"lead{number}" for number in range(120)))
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    world.now += timedelta(minutes=3)
    world.call("step_mail_dispatch", {})
    records = world.receive()
    assert world.call("email_sender", {"Records": records[:1]}) == {"batchItemFailures": []}
    sent = len(news(world))
    control.cancel("monthly", None)
    assert world.call("email_sender", {"Records": records[1:]}) == {"batchItemFailures": []}
    world.settle()
    assert 0 < sent == len(news(world)) < 120
    assert counts(run) == {"delivered": sent, "skipped": 120 - sent}
    assert reasons(run) == {"broadcast_cancelled": 120 - sent}
    with pytest.raises(Conflict, match="is over"):
        control.pause("monthly", run.occurrence)
    with pytest.raises(NotFound):
        control.resume("monthly", None)


# -- recurrence --------------------------------------------------------------------------------------------------------


def test_a_recurrence_plans_each_next_run_once(world: QuickWorld) -> None:
    members("taro")
    approved(world, once=None, recurrence=FIRST_FRIDAY)
    assert [run.occurrence for run in runs_of("monthly")] == ["20261204T1000"]
    world.advance(timedelta(days=11))
    assert [(run.occurrence, run.state) for run in runs_of("monthly")] == [
        ("20270101T1000", "planned"),
        ("20261204T1000", "done"),
    ]
    assert news(world) == {"taro": 1}
    begins = [item for item in due(world, "broadcast_run") if '"task": 0' in item["message"]]
    assert len(begins) == 2


def test_a_holiday_skips_or_shifts_a_run(world: QuickWorld) -> None:
    shifted = {**FIRST_FRIDAY, "starting": "2027-01-01", "on_holiday": "after"}
    assert approved(world, once=None, recurrence=shifted).occurrence == "20270104T1000"  # after New Year's closing days


def test_a_run_that_was_cancelled_before_its_time_is_followed_by_the_next(world: QuickWorld) -> None:
    members("taro")
    approved(world, once=None, recurrence={"every": "day", "at": "14:00", "starting": "2026-11-24"})
    control.cancel("monthly", None)
    world.advance(timedelta(days=1, hours=4))
    assert [(run.occurrence[:8], run.state) for run in runs_of("monthly")] == [
        ("20261126", "planned"),
        ("20261125", "done"),
        ("20261124", "cancelled"),
    ]
    assert news(world) == {"taro": 1}


# -- approval ----------------------------------------------------------------------------------------------------------


def test_another_person_than_the_editor_approves(world: QuickWorld) -> None:
    members("taro")
    publish(world.now, TOPIC)
    with pytest.raises(Conflict, match="editor applied"):
        approve(Definitions(), "monthly", "editor", world.now)
    world.advance(timedelta(hours=4))
    assert news(world) == {}


def test_a_draft_and_a_time_that_has_passed_cannot_be_approved(world: QuickWorld) -> None:
    for changes in ({"status": "draft"}, {"once": "2026-11-24T10:59"}):
        publish(world.now, TOPIC, **changes)
        with pytest.raises(Conflict):
            approve(Definitions(), "monthly", "approver", world.now)


READERS = {"id": "readers", "when": {"segment": "clickers"}}
CLICKERS = {"id": "clickers", "when": {"activity": "mail_clicked"}}
OTHERS = {"id": "others", "when": {"activity": "mail_opened"}}
WIDER = {"id": "clickers", "when": {"activity": "mail_opened"}}


@pytest.mark.parametrize(
    ("segments", "sender", "begins"),
    [
        ((READERS, CLICKERS), "A new name", False),
        ((READERS, WIDER), None, False),
        (({**READERS, "title": "Readers"}, CLICKERS, OTHERS), None, True),
    ],
)
def test_an_approval_covers_who_gets_it_and_in_whose_name(
    world: QuickWorld, segments: tuple[Json, ...], sender: str | None, begins: bool
) -> None:
    publish_segments(world, READERS, CLICKERS)
    members("taro")
    run = approved(world, once=None, recurrence={"every": "day", "at": "14:00", "starting": "2026-11-24"})
    publish_segments(world, *segments)
    mailing = Definitions().live("mailing").body
    changed = {**mailing, "sender": {**mailing["sender"], "name": sender or mailing["sender"]["name"]}}
    Definitions().publish("mailing", "default", changed, world.now, applied_by="editor")
    world.advance(timedelta(hours=4))
    found = load_run("monthly", run.occurrence)
    assert (found.state, found.reason) == (("done", None) if begins else ("cancelled", "not_approved"))


@pytest.mark.parametrize("what", ["broadcast", "template"])
def test_what_was_edited_after_its_approval_is_not_sent(world: QuickWorld, what: str) -> None:
    members("taro")
    run = approved(world, once=None, recurrence={"every": "day", "at": "14:00", "starting": "2026-11-24"})
    definitions = Definitions()
    name = "news" if what == "template" else "monthly"
    body = definitions.live(what, name).body  # type: ignore[arg-type]
    changed = {**body, "subject": "?"} if what == "template" else {**body, "title": "?"}
    definitions.publish(what, name, changed, world.now, applied_by="editor")  # type: ignore[arg-type]
    world.advance(timedelta(hours=4))
    assert news(world) == {}
    stopped = load_run("monthly", run.occurrence)
    assert (stopped.state, stopped.reason) == ("cancelled", "not_approved")
    approve(Definitions(), "monthly", "approver", world.now)
    world.advance(timedelta(days=1))
    assert news(world) == {"taro": 1}


def test_a_run_whose_time_was_changed_is_not_sent_at_the_old_time(world: QuickWorld) -> None:
    members("taro")
    old = approved(world)
    new = approved(world, once="2026-11-24T16:00")
    world.advance(timedelta(hours=4))
    assert (state_of(old), news(world)) == ("cancelled", {})
    world.advance(timedelta(hours=2))
    assert (state_of(new), news(world)) == ("done", {"taro": 1})


# -- local time of the recipients --------------------------------------------------------------------------------------


def test_each_recipient_gets_it_at_the_local_time(world: QuickWorld) -> None:
    members("tokyo")
    members("london", zone="Europe/London")
    members("new-york", zone="America/New_York")
    approved(world, once="2026-11-25T10:00", local_time="recipient")
    hours = {}
    for _ in range(40):
        world.advance(HOUR)
        for name in news(world):
            hours.setdefault(name, world.now)
    assert {name: at.strftime("%dT%H") for name, at in hours.items()} == {
        "tokyo": "25T01",
        "london": "25T10",
        "new-york": "25T15",
    }


@pytest.mark.parametrize(("audience", "recipients"), [("frozen", {"tokyo"}), ("at_send", {"tokyo", "late"})])
def test_the_audience_is_frozen_or_read_when_each_time_zone_begins(
    world: QuickWorld, audience: str, recipients: set[str]
) -> None:
    members("tokyo")
    run = approved(world, once="2026-11-25T10:00", local_time="recipient", audience=audience)
    world.advance(timedelta(hours=26))  # 13:00 of the next day in Tokyo
    members("late", zone="America/New_York")
    members("too-late")
    world.advance(timedelta(days=1))
    assert set(news(world)) == recipients
    assert counts(run) == {"delivered": len(recipients)}
    assert state_of(run) == "done"


# -- what can fail -----------------------------------------------------------------------------------------------------


def test_a_throttled_one_comes_again_and_an_unknown_one_stays_on_the_list(world: QuickWorld) -> None:
    members("taro")
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS)
    world.advance(timedelta(minutes=10))
    assert news(world) == {"taro": 1}
    members("hanako")
    later = approved(world, once="2026-11-24T16:00")
    world.advance(timedelta(hours=1))
    world.ses.simulator.inject(Fault.TIMEOUT)
    world.advance(timedelta(hours=1))
    assert counts(later) == {"sending": 2}
    world.advance(timedelta(minutes=30))
    assert counts(run) == {"delivered": 1}
    assert counts(later) == {"unknown": 2}
    assert len(world.items("unknown")) == 2
    world.advance(timedelta(days=2))
    assert state_of(later) == "done"
    assert max(news(world).values()) <= 2


# -- crashes -----------------------------------------------------------------------------------------------------------


def calls(world: QuickWorld, what: str) -> list[Json]:
    """The messages of this kind that wait, as events of the sender."""
    bodies = [item["message"] for item in due(world, what)]
    return [{"Records": [{"messageId": str(number), "body": body}]} for number, body in enumerate(bodies)]


def test_a_crash_at_any_write_of_the_expansion_leaves_no_gap_and_no_double(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "PAGE", 3)
    names = members(*(f"lead{number:02d}" for number in range(20)))
    run = approved(world, once=None, recurrence={"every": "day", "at": "14:00", "starting": "2026-11-24"})
    (begin,) = calls(world, "broadcast_run")
    before = dict(world.table.items)
    world.now += timedelta(hours=2, minutes=55)
    for crash in crash_points(world, at_least=16):
        world.table.items = dict(before)
        crash.call("email_sender", begin)
        world.call("email_sender", begin)
        listed = [lead_id for batch in batches_of(run) for lead_id in batch.leads]
        messages = [json.loads(item["message"])["leads"] for item in due(world, "broadcast")]
        assert sorted(listed) == sorted(lead_id for leads in messages for lead_id in leads) == names, crash.number
        assert load_run("monthly", run.occurrence).planned == 20
        assert [one.occurrence[:8] for one in runs_of("monthly")] == ["20261125", "20261124"]
        (_, _, review) = calls(world, "broadcast_run")
        assert '"task": 1' in review["Records"][0]["body"]


def test_a_crash_at_any_write_of_the_sending_mails_each_once_and_counts_each(world: QuickWorld) -> None:
    names = members(*(f"lead{number}" for number in range(4)))
    members("cap", mailed=(int(world.now.timestamp()) // 60 + 120,) * 2)
    run = approved(world)
    world.advance(timedelta(hours=2, minutes=57))
    unsubscribe(OptOut("lead0", "x", None, "one_click"), world.now)
    put_in("lead1")
    (batch,) = calls(world, "broadcast")
    before, sent = dict(world.table.items), len(world.ses.simulator.messages)
    world.now += timedelta(minutes=3)
    began = world.now
    for crash in crash_points(world, at_least=12, at_most=60):
        world.table.items, world.now = dict(before), began
        del world.ses.simulator.messages[sent:]
        for lane in LANES:
            move_cursor(lane, world.now)
        crash.call("email_sender", batch)
        world.call("email_sender", batch)
        world.advance(HOUR)
        assert all(times == 1 for times in news(world).values()), crash.number
        assert set(news(world)) <= set(names[2:])
        states = counts(run)
        assert states.pop("skipped") == 2, crash.number
        assert states.pop("waiting") == 1
        assert states.get("delivered", 0) + states.get("unknown", 0) == 2, (crash.number, states)
        assert len(news(world)) >= states.get("delivered", 0)
        assert len(world.items("unknown")) >= states.get("unknown", 0)  # listed, until an event settles it


def test_two_at_once_write_no_page_twice(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same message is delivered twice; the second one comes at each write of the first."""
    monkeypatch.setattr(advance, "PAGE", 3)
    names = members(*(f"lead{number}" for number in range(9)))
    run = approved(world)
    (begin,) = calls(world, "broadcast_run")
    before = dict(world.table.items)
    world.now += timedelta(hours=2, minutes=55)
    for number in range(12):
        world.table.items = dict(before)
        left = number

        def interrupt(_: str) -> None:
            nonlocal left
            left -= 1
            if left == -1:
                world.call("email_sender", begin)

        world.table.point = interrupt
        failed = world.call("email_sender", begin)["batchItemFailures"]
        world.table.point = lambda _: None
        for _ in failed:  # the queue delivers it again
            world.call("email_sender", begin)
        listed = [lead_id for batch in batches_of(run) for lead_id in batch.leads]
        assert sorted(listed) == names, number
        assert load_run("monthly", run.occurrence).state == "sending"


def test_a_message_that_loses_a_race_comes_again_in_case_the_winner_crashes(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "PAGE", 3)
    names = members(*(f"lead{number}" for number in range(9)))
    run = approved(world)
    (begin,) = calls(world, "broadcast_run")
    world.now += timedelta(hours=2, minutes=55)
    winner = CrashPoint(world, 3)
    left = 2  # after the run has begun, before its first page

    def interrupt(_: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            winner.call("email_sender", begin)

    world.table.point = interrupt
    lost = world.call("email_sender", begin)["batchItemFailures"]
    world.table.point = lambda _: None
    assert winner.died
    assert len(lost) == 1
    assert load_run("monthly", run.occurrence).state == "expanding"
    world.call("email_sender", begin)
    assert sorted(lead_id for batch in batches_of(run) for lead_id in batch.leads) == names
