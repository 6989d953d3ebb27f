"""Posts without a token: few an hour become leads, further ones wait in quarantine for a person."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.playbook.store import Definitions
from sodate_cli import quarantine
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.support.world import TABLE, Json, World

ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
CEILING = 3


@pytest.fixture(autouse=True)
def _small_ceiling(world: World) -> None:
    definitions = Definitions()
    body = definitions.live("form", "request-materials").body
    bots = {**body["bots"], "tokenless_posts_per_hour": CEILING}
    definitions.publish("form", "request-materials", {**body, "bots": bots}, world.now)


def post(world: World, number: int, **more: Any) -> Json:
    return world.post({"email": f"p{number}@example.jp", **ANSWERS, **more})


def quarantined(world: World) -> list[Json]:
    return [item for item in world.items("submission") if item.get("suspicion")]


def test_what_exceeds_the_ceiling_is_stored_in_quarantine_and_the_answer_tells_nothing(world: World) -> None:
    answers = [post(world, number) for number in range(10)]
    assert [answer["statusCode"] for answer in answers] == [201] * CEILING + [200] * 7
    assert {json.loads(answer["body"])["status"] for answer in answers} == {"accepted"}
    assert len(world.items("submission")) == 10
    assert {item["suspicion"] for item in quarantined(world)} == {"tokenless_ceiling"}
    assert len(world.items("profile")) == CEILING


def test_a_post_with_a_token_is_no_part_of_it(world: World) -> None:
    for number in range(10):
        post(world, number)
    assert post(world, 11, _token=world.fresh_token())["statusCode"] == 201


def test_the_next_hour_has_room_again(world: World) -> None:
    for number in range(10):
        post(world, number)
    world.now += timedelta(hours=1)
    assert [post(world, 20 + number)["statusCode"] for number in range(4)] == [201] * CEILING + [200]


def test_a_repeat_of_a_stored_post_takes_no_room(world: World) -> None:
    for _ in range(5):
        post(world, 1, _submission_id="post-0001")
    assert [post(world, number)["statusCode"] for number in (2, 3, 4)] == [201, 201, 200]


@pytest.mark.parametrize("named", [{}, {"_submission_id": "post-0009"}], ids=["by its words", "by its id"])
def test_to_post_again_from_quarantine_is_no_way_round_the_ceiling(world: World, named: Json) -> None:
    for number in range(CEILING):
        post(world, number)
    assert [post(world, 9, **named)["statusCode"] for _ in range(3)] == [200] * 3
    assert len(world.items("profile")) == CEILING
    world.now += timedelta(minutes=59)
    assert post(world, 9, **named)["statusCode"] == 200
    assert len(world.items("profile")) == CEILING


def test_the_same_post_becomes_a_lead_when_it_comes_with_a_token(world: World) -> None:
    for number in range(CEILING):
        post(world, number)
    assert post(world, 9, _submission_id="post-0009")["statusCode"] == 200
    answer = post(world, 9, _submission_id="post-0009", _token=world.fresh_token())
    assert answer["statusCode"] == 201
    assert world.lead_id("p9@example.jp")


def test_forms_do_not_share_their_room(world: World) -> None:
    for number in range(CEILING):
        post(world, number)
    demo = {"email": "taro@example.jp", "name": "山田", "company": "例示", "phone": "090-1234-5678"}
    assert world.post(demo, "demo")["statusCode"] == 201


def test_a_person_releases_what_was_real(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(CEILING + 1):
        post(world, number)
    world.settle()
    (waiting,) = quarantined(world)
    name = waiting["sk"].removeprefix("SUBMISSION#")
    monkeypatch.setattr(quarantine, "target", lambda stage: Target("test", TABLE, {}))
    monkeypatch.setattr(quarantine, "now", lambda where: world.now)
    monkeypatch.setattr(quarantine, "secret", lambda where, which: {"key": world.app.secrets.address_secret().decode()})
    done = CliRunner().invoke(quarantine.app, ["release", name])
    assert done.exit_code == 0, done.output
    world.settle()
    assert len(world.mails_to(f"p{CEILING}@example.jp")) == 1


def test_quarantine_is_counted_for_the_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(CEILING):
        post(world, number)
    assert "QuarantinedSubmissions" not in capsys.readouterr().out
    post(world, 9)
    assert '"QuarantinedSubmissions":[1.0]' in capsys.readouterr().out
