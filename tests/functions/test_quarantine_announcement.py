"""Somebody of the company hears each day that doubtful posts wait: once, with numbers, without anything personal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.email.report_schedule import ReportsFile
from sodate.forms import waiting
from sodate.forms.store import mark_released, quarantined
from sodate.playbook.store import Definitions

from tests.functions.quick import QuickWorld

WEB, OPS = "web@example.co.jp", "ops@example.co.jp"
#: 09:00 in Japan.
NINE = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
ROBOT = {"email": "robot@example.jp", "name": "ロボット", "company": "会社", "title": "部長", "_website": "x"}


def publish(**keys: Any) -> None:
    body = ReportsFile.model_validate({"quarantine": {"to": [WEB, OPS], **keys}}).model_dump(mode="json")
    Definitions().publish("reports", "default", body, NINE - timedelta(days=2))


def robots(world: QuickWorld, count: int, at: datetime = NINE - timedelta(hours=3)) -> None:
    world.now = at
    for number in range(count):
        assert world.post({**ROBOT, "email": f"robot{number}@example.jp"})["statusCode"] == 200
    world.now = NINE + timedelta(minutes=5)


def test_each_address_hears_it_once_a_day_with_numbers_and_nothing_that_was_typed(world: QuickWorld) -> None:
    publish()
    robots(world, 3)
    assert world.call("report_email", {}) == {"accepted": 2}
    assert world.call("report_email", {}) == {}
    (mail,) = world.mails_to(WEB)
    assert mail.subject == "確認待ちのフォーム送信が3件あります"
    assert "前回のお知らせの後に3件" in mail.text
    assert "/quarantine/" in mail.text and "7日間有効" in mail.text
    assert not [word for word in ("robot", "ロボット ", "会社") if word in mail.text + mail.html]
    assert len(world.mails_to(OPS)) == 1


def test_a_day_without_new_posts_has_no_email_and_the_next_one_counts_what_still_waits(world: QuickWorld) -> None:
    publish(language="en")
    robots(world, 2)
    assert world.call("report_email", {}) == {"accepted": 2}
    world.now = NINE + timedelta(days=1, minutes=5)
    assert world.call("report_email", {}) == {}
    mark_released(quarantined(world.now)[0], world.now)
    robots(world, 1, NINE + timedelta(days=2, hours=-1))
    world.now = NINE + timedelta(days=2, minutes=5)
    assert world.call("report_email", {}) == {"accepted": 2}
    assert world.mails_to(WEB)[-1].subject == "2 form posts wait for a decision"


def test_before_its_hour_nothing_leaves_and_without_the_key_never(world: QuickWorld) -> None:
    publish(at="18:00")
    robots(world, 1)
    assert world.call("report_email", {}) == {}
    Definitions().publish("reports", "default", {"reports": [{"id": "w", "to": [WEB]}]}, NINE)
    world.new_process()
    world.now = NINE + timedelta(hours=12)
    world.call("report_email", {})
    assert not [mail for mail in world.mails_to(OPS) if "フォーム" in mail.subject]


def test_a_post_of_a_day_on_which_nothing_could_be_sent_is_announced_later(world: QuickWorld) -> None:
    publish()
    robots(world, 1)
    assert world.call("report_email", {}) == {"accepted": 2}
    robots(world, 2, NINE + timedelta(hours=5))
    world.now = NINE + timedelta(days=3)
    assert world.call("report_email", {}) == {"accepted": 2}
    assert "前回のお知らせの後に2件" in world.mails_to(WEB)[-1].text


def test_a_flood_of_robots_costs_no_more_than_a_thousand_reads(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    monkeypatch.setattr(waiting, "MOST", 5)
    robots(world, 8)
    assert world.call("report_email", {}) == {"accepted": 2}
    assert world.mails_to(WEB)[0].subject == "確認待ちのフォーム送信が5件以上あります"


@pytest.mark.parametrize(
    ("body", "said"),
    [({}, "sends nothing"), ({"reports": [{"id": "quarantine", "to": [WEB]}]}, "take another")],
)
def test_a_file_that_means_nothing_is_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ReportsFile.model_validate(body)
