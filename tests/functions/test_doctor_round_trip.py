"""`sodate doctor --send` through the real handlers: SES's reports reach the probe, and nothing else learns of it."""

from datetime import timedelta
from itertools import count

import pytest
from ses_simulator.errors import Fault
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Finding, Verdict
from sodate_cli.doctor.runner import examine
from sodate_cli.target import Target

from tests.support.world import TABLE, World


class _Seen:
    """The world as doctor reaches it: SES, and a clock that lets its events arrive while doctor waits."""

    def __init__(self, world: World, *, events_arrive: bool = True) -> None:
        self.world, self.events_arrive, self.looks = world, events_arrive, 0
        self.ids = count()

    def pause(self, seconds: float) -> None:
        self.looks += 1
        self.world.now += timedelta(seconds=seconds)
        if self.events_arrive:
            self.world.settle()

    def examine(self) -> Finding:
        def no_http(url: str) -> tuple[int, bytes]:
            raise OSError(url)

        deployment = Deployment(
            target=Target("test", TABLE, None, endpoint="http://127.0.0.1:1"),
            clients=lambda service: {"sesv2": self.world.ses, "sts": _Sts()}[service],
            now=self.world.now,
            machine_now=lambda: self.world.now,
            fetch=no_http,
            pause=self.pause,
            new_id=lambda: f"{next(self.ids):04d}",
        )
        deployment.outputs = {"ConfigurationSet": "sodate-test"}
        return examine(deployment, only=["round-trip"], asked=["--send"])[-1]


class _Sts:
    class meta:
        region_name = "ap-northeast-1"

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "1", "Arn": "arn:aws:iam::1:root"}


def test_a_delivery_a_bounce_and_a_complaint_come_back(world: World) -> None:
    seen = _Seen(world)
    found = seen.examine()
    assert found.verdict is Verdict.OK, found
    assert seen.looks == 1
    sent = world.ses.simulator.messages
    assert [m.recipient.partition("+")[0] for m in sent] == ["success", "bounce", "complaint"]
    assert {m.tags["purpose"] for m in sent} == {"probe"}


def test_twice_is_as_good_as_once(world: World) -> None:
    seen = _Seen(world)
    assert [seen.examine().verdict for _ in range(2)] == [Verdict.OK, Verdict.OK]


def test_no_lead_rate_activity_or_event_knows_of_it(world: World) -> None:
    lead = world.join()
    world.bus.clear()
    before, state = world.items(), world.state(lead)
    assert _Seen(world).examine().verdict is Verdict.OK
    world.settle()
    assert world.items() == before
    assert world.state(lead) == state
    assert not world.bus


def test_the_guards_do_not_count_a_probe_whose_item_is_still_there(world: World) -> None:
    """Counted at the moment of the event, so a removed item proves nothing: rates are looked at while it runs."""
    seen = _Seen(world)
    rates = []
    arrive = seen.pause

    def look(seconds: float) -> None:
        arrive(seconds)
        rates.append((world.items("rate"), [item["state"] for item in world.items("probe")]))

    seen.pause = look  # type: ignore[method-assign]
    assert seen.examine().verdict is Verdict.OK
    assert rates == [([], ["delivered", "bounced", "complained"])]


def test_without_reports_it_says_which_are_missing_and_cleans_up(world: World) -> None:
    found = _Seen(world, events_arrive=False).examine()
    assert found.verdict is Verdict.FAILED
    assert "bounce: sending instead of bounced" in found.detail and "event-destination" in found.what_to_do
    assert not world.items("probe")


@pytest.mark.parametrize("fault", [Fault.SENDING_PAUSED, Fault.ACCOUNT_SUSPENDED])
def test_a_refusal_of_ses_is_told_and_cleaned_up(world: World, fault: Fault) -> None:
    world.ses.simulator.inject(fault, times=3)
    found = _Seen(world).examine()
    assert found.verdict is Verdict.FAILED and "SES refuses" in found.detail
    assert not world.items("probe")
    assert not world.ses.simulator.messages


def test_a_late_report_of_a_removed_probe_changes_nothing(world: World) -> None:
    _Seen(world, events_arrive=False).examine()
    before = world.items()
    world.settle()
    assert world.items() == before
    assert not world.dead_letters()
