"""The peers are only worth something if they behave like the real thing: their models are held against it here."""

from collections import Counter
from collections.abc import Iterator

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from moto import mock_aws
from ses_simulator.errors import Fault
from sodate.runtime import clock
from sodate.runtime.aws import BotoClients

from tests.simulation import peers, sdk
from tests.simulation.fault_profile import Crash

SEEDS = range(1, 31)


class AnswerLost(Exception):
    pass


class Real:
    """The decorator of Powertools around a send that is counted, on moto's DynamoDB."""

    def __init__(self) -> None:
        self.sends = 0
        self.then: BaseException | None = None
        self.table = boto3.resource("dynamodb").create_table(
            TableName="records",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.config = IdempotencyConfig(event_key_jmespath="key")
        store = DynamoDBPersistenceLayer("records")
        self.send = idempotent_function(data_keyword_argument="mail", config=self.config, persistence_store=store)(
            self._send
        )

    def _send(self, mail: dict[str, str]) -> str:
        self.sends += 1
        if self.then is not None:
            raise self.then
        return "sent"

    def call(self) -> None:
        self.send(mail={"key": "a"})

    def record(self) -> dict[str, object] | None:
        found = self.table.scan()["Items"]
        return found[0] if found else None

    def expire(self, name: str, value: int) -> None:
        stored = self.record()
        assert stored is not None
        self.table.put_item(Item={**stored, name: value})


@pytest.fixture
def real() -> Iterator[Real]:
    with mock_aws():
        yield Real()


class Model:
    """Ours of it, asked the same questions."""

    def __init__(self) -> None:
        self.fault_profile = peers.FaultProfile(1)
        self.fault_profile.is_rough = False
        self.design = peers.Decorator(self.fault_profile, 1)
        self.sends = 0
        self.then: BaseException | None = None

    def call(self) -> None:
        self.design._once((0, 0), self._send)

    def _send(self) -> None:
        self.sends += 1
        if self.then is not None:
            raise self.then


def test_an_exception_deletes_the_record_so_every_lost_answer_is_another_mail(real: Real) -> None:
    model = Model()
    for subject in (real, model):
        subject.then = AnswerLost()
        for _ in range(3):
            with pytest.raises(AnswerLost):
                subject.call()
    assert real.sends == model.sends == 3
    assert real.record() is None
    assert model.design.records == {}


def test_a_finished_record_answers_for_an_hour_and_then_the_mail_goes_out_again(real: Real) -> None:
    model = Model()
    for subject in (real, model):
        subject.call()
        subject.call()
    assert real.sends == model.sends == 1
    record = real.record()
    assert record is not None
    lives = int(str(record["expiration"])) - int(clock.now().timestamp())
    assert abs(lives - peers.RECORD_LIVES.total_seconds()) < 60
    real.expire("expiration", 1)
    model.fault_profile.now += peers.RECORD_LIVES
    for subject in (real, model):
        subject.call()
    assert real.sends == model.sends == 2


def test_a_killed_process_leaves_a_record_that_refuses_until_the_time_out_and_then_sends_again(real: Real) -> None:
    class Context:
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return int(peers.FUNCTION_TIMEOUT.total_seconds() * 1000)

    model = Model()
    real.config.register_lambda_context(Context())  # type: ignore[arg-type]
    for subject in (real, model):
        subject.then = Crash()
        with pytest.raises(Crash):
            subject.call()
        subject.then = None
    with pytest.raises(IdempotencyAlreadyInProgressError):
        real.call()
    with pytest.raises(peers.InProgress):
        model.call()
    real.expire("in_progress_expiration", 1)
    model.fault_profile.now += peers.FUNCTION_TIMEOUT
    for subject in (real, model):
        subject.call()
    assert real.sends == model.sends == 2


@pytest.mark.parametrize("failure", sdk.FAILURES)
def test_the_default_sdk_asks_again_by_itself_and_ours_never(failure: str) -> None:
    assert sdk.requests_per_call(sdk.default_client(), failure) == peers.SDK_REQUESTS
    assert sdk.requests_per_call(sdk.default_client("legacy"), failure) == 5
    assert sdk.requests_per_call(BotoClients().ses(), failure) == 1


def test_the_cursor_forgets_what_it_had_fetched_when_the_process_dies() -> None:
    fault_profile = peers.FaultProfile(1)
    fault_profile.is_rough = False
    design = peers.Cursor(fault_profile)
    fault_profile.fuse = 4  # after the cursor moved and the first mail was taken
    with pytest.raises(Crash):
        design._run()
    fault_profile.fuse = 0
    fault_profile.now += peers.STEPS[-1]
    design.tick()
    taken = [message.tags["send_id"] for message in fault_profile.ses.simulator.messages]
    assert [name for name in taken if name.endswith("-0")] == ["0-0"]
    assert not design.knows_of(1, 0)
    assert design.is_at_rest()


@pytest.mark.parametrize(("name", "wrong"), [("decorator", "double_sends"), ("cursor", "silent_losses")])
def test_each_peer_fails_in_its_own_way_and_repeats_its_seed(name: str, wrong: str) -> None:
    figures = [peers.play(name, seed) for seed in SEEDS]
    assert sum((figure[wrong] for figure in figures), 0) > 5
    assert figures == [peers.play(name, seed) for seed in SEEDS]
    assert sum(figures, Counter())["planned"] == len(SEEDS) * peers.LEADS * len(peers.STEPS)


def test_in_good_weather_the_peers_are_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else their counts would only show that we cannot write them."""
    for name, value in (("CRASHES", 0.0), ("FAULT_SHARES", (0.0,)), ("REPEATS", 0.0)):
        monkeypatch.setattr(f"tests.simulation.fault_profile.{name}", value)
    monkeypatch.setattr(peers, "REPEATS", 0.0)
    for name in peers.DESIGNS:
        for seed in SEEDS:
            figures = peers.play(name, seed, pauses=False)
            assert (figures["double_sends"], figures["lost"], figures["silent_losses"]) == (0, 0, 0)


def test_a_lost_answer_alone_is_a_double_mail_with_the_default_sdk() -> None:
    fault_profile = peers.FaultProfile(1)
    fault_profile.is_rough = False
    fault_profile.ses.simulator.inject(Fault.ACCEPTED_THEN_TIMEOUT)
    peers.Decorator(fault_profile, peers.SDK_REQUESTS)._send(0, 0)
    assert len(fault_profile.ses.simulator.messages) == 2
