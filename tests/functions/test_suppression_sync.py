"""What SES will not deliver we do not send: its account list is taken over, page by page, for leads of ours."""

from datetime import timedelta

import pytest
from ses_simulator.client import SimulatedSes
from sodate.dynamodb import table
from sodate.email.reputation import suppression
from sodate.errors import Transient
from sodate.leads.store import StateItem, state_key

from tests.functions.quick import QuickWorld


def put(world: QuickWorld, address: str, reason: str = "BOUNCE") -> None:
    world.ses.put_suppressed_destination(EmailAddress=address, Reason=reason)


def sync(world: QuickWorld) -> dict[str, int]:
    world.now += timedelta(days=1)
    found: dict[str, int] = world.call("suppression_sync", {})
    return found


def test_a_lead_on_the_list_is_blocked_and_gets_no_mail(world: QuickWorld) -> None:
    lead = world.join()
    put(world, "Taro@example.jp")
    put(world, "stranger@example.jp", "COMPLAINT")
    assert sync(world) == {"listed": 2, "blocked": 1}
    assert world.state(lead)["blocked"] == "suppressed"
    assert [item["reason"] for item in world.items("suppression")] == ["suppressed"]
    sent = len(world.mails_to("taro@example.jp"))
    world.advance(timedelta(days=20))
    assert len(world.mails_to("taro@example.jp")) == sent


def test_only_what_is_new_since_the_last_run_is_read_again(world: QuickWorld) -> None:
    put(world, "one@example.jp")
    assert sync(world)["listed"] == 1
    assert sync(world)["listed"] == 0
    put(world, "two@example.jp")
    assert sync(world)["listed"] == 1


def test_every_page_is_read(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "PAGE_SIZE", 2)
    leads = [world.join(f"p{number}@example.jp") for number in range(5)]
    for number in range(5):
        put(world, f"p{number}@example.jp")
    assert sync(world) == {"listed": 5, "blocked": 5}
    assert {world.state(lead)["blocked"] for lead in leads} == {"suppressed"}


def test_a_list_that_is_too_long_for_one_run_is_finished_by_the_next(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression, "PAGE_SIZE", 2)
    monkeypatch.setattr(suppression, "MOST_PAGES", 2)
    for number in range(7):
        put(world, f"p{number}@example.jp")
    assert [sync(world)["listed"] for _ in range(4)] == [4, 3, 0, 0]
    put(world, "late@example.jp")
    assert sync(world)["listed"] == 1


@pytest.mark.parametrize("blocked", ["unsubscribed", "complaint", "hard_bounce", "undeliverable:eai"])
def test_a_stronger_reason_stays(world: QuickWorld, blocked: str) -> None:
    lead = world.join()
    table.update(state_key(lead), [StateItem.blocked.set(blocked)])
    put(world, "taro@example.jp")
    assert sync(world) == {"listed": 1, "blocked": 0}
    assert world.state(lead)["blocked"] == blocked


def test_a_run_that_fails_is_made_up_for(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import EndpointConnectionError

    lead = world.join()
    put(world, "taro@example.jp")

    def down(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedSes, "list_suppressed_destinations", down)
        with pytest.raises(Transient):
            sync(world)
    assert sync(world) == {"listed": 1, "blocked": 1}
    assert world.state(lead)["blocked"] == "suppressed"
