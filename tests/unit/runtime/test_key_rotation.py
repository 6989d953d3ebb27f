"""The four steps of a rotation on a real secret: the first key, a new one, the old one kept, and any step repeated."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from sodate.errors import Invalid
from sodate.runtime.key_rotation import KEPT, rotate_step, rotated
from sodate.signing import Signer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
VERSION = "0f6d1c1e-6ad4-4d2c-9f63-3c1a4b6c8d0{}"


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        found = boto3.client("secretsmanager")
        found.create_secret(Name="signing-keys", SecretString='{"keys": []}')
        yield found


def keys(client: Any) -> list[dict[str, str]]:
    text = client.get_secret_value(SecretId="signing-keys", VersionStage="AWSCURRENT")["SecretString"]
    found: list[dict[str, str]] = json.loads(text)["keys"]
    return found


class Rotation:
    """Secrets Manager announces the version before it calls the first step."""

    def __init__(self, client: Any, number: int, now: datetime) -> None:
        self.client, self.version, self.now = client, VERSION.format(number), now
        self.pending = {self.version: ["AWSPENDING"]}

    def step(self, name: str) -> None:
        event = {"SecretId": "signing-keys", "ClientRequestToken": self.version, "Step": name}
        rotate_step(_Announced(self.client, self.version), event, self.now)

    def run(self, repeats: int = 1) -> None:
        for name in STEPS:
            for _ in range(repeats):
                self.step(name)


class _Announced:
    """moto lists a version only once it has a value; AWS lists the announced one as AWSPENDING from the start."""

    def __init__(self, client: Any, version: str) -> None:
        self._client, self._version = client, version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_secret(self, SecretId: str) -> Any:
        found = self._client.describe_secret(SecretId=SecretId)
        found["VersionIdsToStages"].setdefault(self._version, ["AWSPENDING"])
        return found


@pytest.mark.parametrize("repeats", [1, 3])
def test_an_empty_secret_gets_its_first_key_and_a_repeated_step_makes_no_second(client: Any, repeats: int) -> None:
    Rotation(client, 1, NOW).run(repeats)
    (only,) = keys(client)
    assert len(only["key"]) >= 43
    assert only["created"] == "2026-11-24T00:00:00.000Z"


def test_after_a_rotation_the_new_key_signs_and_the_old_one_verifies(client: Any) -> None:
    Rotation(client, 1, NOW).run()
    (old,) = keys(client)
    link = Signer((old["key"],)).sign("unsubscribe", {"l": "x"}, NOW, timedelta(days=800))
    Rotation(client, 2, NOW + timedelta(days=90)).run(2)
    new, kept = keys(client)
    assert kept == old
    signer = Signer((old["key"], new["key"]))
    assert signer.verify("unsubscribe", link, NOW)["l"] == "x"
    assert Signer((new["key"],)).verify("a", signer.sign("a", {}, NOW, timedelta(1)), NOW)
    with pytest.raises(Invalid):
        Signer((new["key"],)).verify("unsubscribe", link, NOW)


def test_a_key_is_dropped_only_when_no_link_of_it_can_be_valid() -> None:
    old = {"id": "k0", "key": "x", "created": (NOW - KEPT + timedelta(seconds=1)).isoformat()}
    gone = {"id": "k-1", "key": "y", "created": (NOW - KEPT).isoformat()}
    assert [entry["key"] for entry in rotated([old, gone], NOW, "new")] == ["new", "x"]
    assert timedelta(days=800) < KEPT


def test_an_unknown_version_and_an_unknown_step_are_refused(client: Any) -> None:
    event = {"SecretId": "signing-keys", "ClientRequestToken": VERSION.format(9), "Step": "createSecret"}
    with pytest.raises(Invalid, match="does not exist"):
        rotate_step(client, event, NOW)
    with pytest.raises(Invalid, match="unknown rotation step"):
        Rotation(client, 3, NOW).step("eatSecret")
    assert keys(client) == []


def test_a_pending_secret_without_keys_does_not_pass_its_test(client: Any) -> None:
    rotation = Rotation(client, 4, NOW)
    client.put_secret_value(
        SecretId="signing-keys",
        ClientRequestToken=rotation.version,
        SecretString='{"keys": []}',
        VersionStages=["AWSPENDING"],
    )
    with pytest.raises(Invalid, match="holds no keys"):
        rotation.step("testSecret")
