"""Secrets are cached; an outage of Secrets Manager is no outage of ours once a value was seen."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sodate.errors import Transient
from sodate.runtime.secret_cache import SERVES_FOR, SecretCache
from sodate.runtime.secrets import Secrets
from sodate.runtime.settings import Settings


class Manager:
    def __init__(self) -> None:
        self.down = False
        self.calls = 0

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        self.calls += 1
        if self.down:
            raise ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue")
        return {"SecretString": json.dumps({"key": SecretId})}


@pytest.fixture
def manager() -> Manager:
    return Manager()


def secrets(manager: Manager) -> Secrets:
    settings = {"SODATE_ADDRESS_KEY_SECRET": "address-key", "SODATE_SIGNING_KEYS_SECRET": "signing-keys"}
    cache = SecretCache(lambda name: str(manager.get_secret_value(name)["SecretString"]))
    return Secrets(Settings(settings), cache, lambda: datetime(2026, 11, 26, tzinfo=UTC))


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_secret_is_read_once_in_five_minutes(manager: Manager) -> None:
    found = secrets(manager)
    assert found.address_secret() == found.address_secret() == b"address-key"
    assert manager.calls == 1


def test_an_outage_before_the_first_read_asks_callers_to_come_back(manager: Manager) -> None:
    manager.down = True
    with pytest.raises(Transient, match="address-key"):
        secrets(manager).address_secret()


def test_an_outage_later_goes_on_with_the_value_last_seen_and_asks_again_now_and_then(manager: Manager) -> None:
    clock = Clock()
    cache = SecretCache(lambda name: str(manager.get_secret_value(name)["SecretString"]), clock)
    cache.get("x")
    manager.down = True
    clock.now += 301
    assert [cache.get("x"), cache.get("x")] == [{"key": "x"}] * 2
    assert manager.calls == 2, "each read that fails costs a time-out"
    clock.now += 16
    assert (cache.get("x"), manager.calls) == ({"key": "x"}, 3)
    clock.now += SERVES_FOR.total_seconds()
    with pytest.raises(Transient):
        cache.get("x")  # so old a copy may lack a key that signs by now
    manager.down = False
    assert (cache.get("x"), manager.calls) == ({"key": "x"}, 5)


@pytest.mark.parametrize("jump", [301, -10])
def test_a_process_that_slept_or_whose_clock_went_back_reads_again(manager: Manager, jump: float) -> None:
    clock = Clock()
    cache = SecretCache(lambda name: str(manager.get_secret_value(name)["SecretString"]), clock)
    cache.get("x")
    clock.now += jump
    cache.get("x")
    assert manager.calls == 2


def test_a_stage_whose_first_key_is_being_made_looks_again_at_once(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = secrets(manager)
    text = '{"keys": []}'
    monkeypatch.setattr(manager, "get_secret_value", lambda SecretId: {"SecretString": text})
    with pytest.raises(Transient, match="being made"):
        found.signer()
    text = '{"keys": [{"id": "k1", "key": "first", "created": "2026-11-24T00:00:00.000Z"}]}'
    assert found.signer().keys == ("first",)
