"""`privacy_review`: erasures that leads asked for are carried out after the cooling period; old data gets its end."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.consent.data_policy import DataPolicy
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.errors import Transient
from sodate.playbook.store import Definitions
from sodate.privacy import carry_out, files, ledger, letters
from sodate.privacy.links import DataLinks
from sodate.privacy.merge import Merger
from sodate.privacy.request import MOST_PER_DAY
from sodate.privacy.review import continue_review
from sodate.privacy.store import count_erasure, find_review, put_request, requests

from tests.functions.quick import QuickWorld
from tests.functions.test_self_service import SIGNER, ask, visit
from tests.support.command_line import on_stage, said
from tests.support.privacy import IMPORTS, LEDGER, make_buckets
from tests.support.world import PUBLIC_URL, Json

TARO, HANAKO = "taro@example.jp", "hanako@example.jp"


def set_policy(world: QuickWorld, **privacy: Any) -> None:
    body = Definitions().live("mailing").body
    Definitions().publish("mailing", "default", {**body, "privacy": {**body["privacy"], **privacy}}, world.now)
    world.new_process()


@pytest.fixture(autouse=True)
def _stage(world: QuickWorld) -> None:
    make_buckets()
    letters = f"{world.dlq},{world.event_dlq}"
    world.settings |= {
        "SODATE_IMPORT_BUCKET": IMPORTS, "SODATE_ERASURE_LEDGER": LEDGER, "SODATE_DEAD_LETTER_URLS": letters,
    }  # fmt: skip
    world.new_process()


@pytest.fixture
def lead(world: QuickWorld) -> str:
    return world.join(TARO)


def request_erasure(world: QuickWorld, lead_id: str) -> tuple[str, Json]:
    link = ask(world, DataLinks(PUBLIC_URL, SIGNER).ask(lead_id, world.now), "erase")
    return link, visit(world, link, "POST")


def run(world: QuickWorld) -> Json:
    done: Json = world.call("privacy_review", {})
    world.settle()
    return done


def test_a_request_is_carried_out_after_the_cooling_period_and_not_before(world: QuickWorld, lead: str) -> None:
    set_policy(world, erase_after_days=7)
    _, answered = request_erasure(world, lead)
    assert "7日以内" in answered["body"]
    world.now += timedelta(days=6, hours=23)
    assert (run(world)["later"], world.state(lead)["blocked"]) == (1, "unsubscribed")
    world.now += timedelta(hours=1)
    assert run(world)["erased"] == 1
    assert requests() == []
    assert {item["kind"] for item in world.items() if item["pk"] == f"LEAD#{lead}"} == {"consent"}
    assert TARO not in json.dumps(world.items(), default=str)
    assert run(world) == {**run(world), "erased": 0, "waiting": 0}


def test_with_zero_days_the_next_run_erases(world: QuickWorld, lead: str) -> None:
    set_policy(world, erase_after_days=0)
    request_erasure(world, lead)
    assert run(world)["erased"] == 1


def test_without_the_key_a_person_decides_and_the_alarm_is_fed(world: QuickWorld, lead: str) -> None:
    request_erasure(world, lead)
    world.now += timedelta(days=40)
    assert (run(world)["waiting"], run(world)["erased"]) == (1, 0)
    assert world.state(lead)["blocked"] == "unsubscribed"


def test_asking_again_does_not_move_the_date(world: QuickWorld, lead: str) -> None:
    set_policy(world, erase_after_days=7)
    link, _ = request_erasure(world, lead)
    world.now += timedelta(hours=20)
    visit(world, link, "POST")
    world.now += timedelta(days=6, hours=4)
    assert run(world)["erased"] == 1


def test_a_request_can_be_withdrawn_and_mail_stays_off(world: QuickWorld, lead: str) -> None:
    set_policy(world, erase_after_days=1)
    link, _ = request_erasure(world, lead)
    before = world.items()
    assert 'value="withdraw"' in visit(world, link)["body"]
    assert world.items() == before, "a GET changes nothing"
    assert "取り消しました" in visit(world, link, "POST", "do=withdraw")["body"]
    world.now += timedelta(days=9)
    assert (run(world)["erased"], world.state(lead)["blocked"]) == (0, "unsubscribed")


def test_who_opts_in_again_meanwhile_is_asked_by_a_person_and_not_erased(world: QuickWorld, lead: str) -> None:
    set_policy(world, erase_after_days=3)
    request_erasure(world, lead)
    world.now += timedelta(days=1)
    assert world.join(TARO) == lead
    world.now += timedelta(days=9)
    assert (run(world)["erased"], run(world)["waiting"]) == (0, 1)
    assert world.state(lead).get("blocked") is None
    unsubscribe(OptOut(lead, "privacy", None, "preference_page"), world.now)
    assert (run(world)["erased"], run(world)["waiting"]) == (0, 1), "an opt-out later is no second request"


def test_a_flood_of_requests_is_stopped_for_a_person(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(world, erase_after_days=0)
    monkeypatch.setattr(carry_out, "MOST_DUE", 1)
    other = world.join(HANAKO)
    for one in (lead, other):
        store_request(world, one)
    done = run(world)
    assert (done["stopped"], done["erased"], done["waiting"]) == (True, 0, 2)


def store_request(world: QuickWorld, lead_id: str) -> None:
    unsubscribe(OptOut(lead_id, "privacy", None, "preference_page"), world.now)
    put_request(lead_id, "erase", world.now)


@pytest.mark.parametrize(
    "step", [(letters.DeadLetters, "remove"), (files.ImportFiles, "named"), (ledger.ErasureLedger, "finish")]
)
def test_an_erasure_that_fails_at_any_step_is_finished_by_the_next_run(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str]
) -> None:
    set_policy(world, erase_after_days=0)
    request_erasure(world, lead)

    def fails(*_: Any) -> None:
        raise Transient("S3 is away")

    with monkeypatch.context() as broken:
        broken.setattr(*step, fails)
        with pytest.raises(Transient):
            run(world)
    world.now += timedelta(hours=1)
    run(world)
    assert requests() == []
    assert TARO not in json.dumps(world.items(), default=str)


def test_a_day_begins_so_many_erasures_and_the_rest_waits_and_is_said(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_policy(world, erase_after_days=0)
    monkeypatch.setattr(carry_out, "MOST_PER_DAY", 2)
    world.now = world.now.replace(hour=20)
    leads = [lead, *(world.join(f"lead{number}@example.jp") for number in range(3))]
    for one in leads[:2]:
        store_request(world, one)
    assert run(world)["erased"] == 2, "as many as the day has"
    for one in leads[2:]:
        store_request(world, one)
    world.now += timedelta(hours=1)
    capsys.readouterr()
    done = run(world)
    assert (done["erased"], done["waiting"], len(requests())) == (0, 2, 2)
    assert "PrivacyRequestsWaiting" in capsys.readouterr().out, "the alarm is fed"
    world.now += timedelta(hours=4)
    assert (run(world)["erased"], requests()) == (2, []), "the next day goes on"


def test_an_attempt_that_is_repeated_counts_once_for_the_day(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(world, erase_after_days=0)
    monkeypatch.setattr(carry_out, "MOST_PER_DAY", 1)
    request_erasure(world, lead)

    def fails(*_: Any) -> None:
        raise Transient("S3 is away")

    with monkeypatch.context() as broken:
        broken.setattr(files.ImportFiles, "named", fails)
        with pytest.raises(Transient):
            run(world)
    assert run(world)["erased"] == 1


def test_a_request_that_begins_nothing_takes_no_room_of_the_day(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(world, erase_after_days=0)
    monkeypatch.setattr(carry_out, "MOST_PER_DAY", 1)
    other = world.join("other@example.jp")
    store_request(world, lead)
    Merger(world.app.definitions, lambda source, id_: f"{source}:{id_}", world.now).merge(other, lead, "same-person")
    third = world.join("third@example.jp")
    store_request(world, third)
    assert (run(world)["erased"], run(world)["erased"]) == (1, 0)


def test_the_review_gives_old_activities_their_end_once_a_week(world: QuickWorld, lead: str) -> None:
    assert run(world)["leads"] == 0, "without an end in the playbook nothing is read"
    set_policy(world, submissions_days=30)
    world.now += timedelta(days=31)
    done = run(world)
    assert (done["leads"], done["ended"]) == (1, 1)
    assert all(item["ttl"] <= world.now.timestamp() for item in world.items("submission"))
    assert run(world)["leads"] == 0, "the round of this week is over"
    world.now += timedelta(days=7)
    assert (run(world)["leads"], run(world)["leads"]) == (1, 0)


def test_a_round_that_has_no_time_left_goes_on_where_it_stopped(world: QuickWorld) -> None:
    leads = {world.join(f"lead{number}@example.jp") for number in range(5)}
    policy, now = DataPolicy(inactive_months=6), world.now + timedelta(days=400)
    found: list[str] = []
    for _ in range(200):
        found += continue_review(policy, now, lambda: False).inactive
        position = find_review()
        assert position is not None
        if position.position is None:
            break
    assert sorted(found) == sorted(leads), "each lead once"


def test_inactive_leads_are_erased_only_where_the_playbook_says_so(
    world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(world, inactive_months=6)
    world.now += timedelta(days=200)
    assert (run(world)["inactive"], world.state(lead)["pk"]) == (1, f"LEAD#{lead}")
    for number in range(3):
        world.join(f"lead{number}@example.jp")
    set_policy(world, inactive_months=6, inactive="erase")
    world.now += timedelta(days=200)
    monkeypatch.setattr("functions.privacy_review.handler.MOST_INACTIVE", 3)
    assert run(world)["inactive_erased"] == 3, "as many as one run erases"
    world.now += timedelta(hours=1)
    assert run(world)["inactive_erased"] == 1, "an hour later it goes on behind them"
    assert not world.items("profile")


def test_a_stage_without_a_playbook_has_nothing_to_do(world: QuickWorld) -> None:
    for item in world.items("definition"):
        world.table.items.pop((item["pk"], item["sk"]))
    world.new_process()
    assert run(world) == {}


def test_the_list_says_what_holds_requests_back(world: QuickWorld, lead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on_stage(monkeypatch)
    set_policy(world, erase_after_days=0)
    store_request(world, lead)
    assert "held back" not in said("privacy", "requests")
    for _ in range(MOST_PER_DAY):
        assert count_erasure("self-service", MOST_PER_DAY, world.now)
    shown = said("privacy", "requests")
    assert "1 requests are held back: at most 250 erasures by itself a day, and 250 have begun today" in shown
    assert "今日は 250 件" in said("privacy", "requests", language="ja")
    assert run(world)["erased"] == 0, "as it says"
    world.now += timedelta(days=1)
    assert "held back" not in said("privacy", "requests")
