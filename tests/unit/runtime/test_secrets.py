"""Secrets are cached; an outage of Secrets Manager is no outage of ours once a value was seen."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sodate.errors import Transient
from sodate.runtime import container


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
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    found = Manager()
    monkeypatch.setenv("SODATE_ADDRESS_KEY_SECRET", "address-key")
    monkeypatch.setattr(container, "client", lambda service: found)
    monkeypatch.setattr(container, "_secrets", {})
    return found


def test_a_secret_is_read_once_in_five_minutes(manager: Manager) -> None:
    assert container.address_secret() == container.address_secret() == b"address-key"
    assert manager.calls == 1


def test_an_outage_before_the_first_read_asks_callers_to_come_back(manager: Manager) -> None:
    manager.down = True
    with pytest.raises(Transient, match="SODATE_ADDRESS_KEY_SECRET"):
        container.address_secret()


def test_an_outage_later_goes_on_with_the_value_last_seen(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    container.address_secret()
    manager.down = True
    monkeypatch.setattr(container, "_SECRET_SECONDS", -1.0)
    assert container.address_secret() == b"address-key"
