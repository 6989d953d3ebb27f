"""The four steps of a rotation on a real secret: the first key, a new one, the old one kept, and any step repeated."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from sodate.errors import Invalid
from sodate.runtime.key_rotation import KEPT, PUBLISHED_WITHIN, rotate_step, rotated
from sodate.runtime.secret_cache import SERVES_FOR
from sodate.signing import SIGNS_AFTER, Signer, in_signing_order

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


def key(name: str, created: datetime) -> dict[str, str]:
    return {"id": name, "key": name, "created": created.isoformat()}


def test_a_key_is_dropped_only_when_its_successor_has_signed_for_longer_than_any_link_lives() -> None:
    """k1 signed until k2 was a day old, so k2's age counts: its own says nothing of the last link that it signed."""
    k1, k2 = key("k1", NOW - KEPT * 2), key("k2", NOW - KEPT + timedelta(seconds=1))
    assert [entry["key"] for entry in rotated([k2, k1], NOW, "new")] == ["new", "k2", "k1"]
    k2 = key("k2", NOW - KEPT)
    assert [entry["key"] for entry in rotated([k2, k1], NOW, "new")] == ["new", "k2"]
    assert timedelta(days=800) + SIGNS_AFTER < KEPT


def test_the_key_that_signs_until_the_new_one_does_is_never_dropped() -> None:
    assert [entry["key"] for entry in rotated([key("only", NOW - KEPT * 3)], NOW, "new")] == ["new", "only"]
    by_hand = {"id": "k0", "key": "by hand"}
    assert [entry["key"] for entry in rotated([by_hand], NOW, "new")] == ["new", "by hand"]


@pytest.mark.parametrize(
    ("ages_in_hours", "signs"),
    [
        ([0], "k0"),  # a stage's first key
        ([0, 2400], "k1"),
        ([23.9, 2400], "k1"),
        ([24, 2400], "k0"),
        ([1, 2], "k1"),  # of two that are both new the one that was there first
        ([1, 30, 2400], "k1"),  # a second rotation before the first one's key signs
    ],
)
def test_a_new_key_verifies_at_once_and_signs_a_day_later(ages_in_hours: list[float], signs: str) -> None:
    entries = [key(f"k{number}", NOW - timedelta(hours=age)) for number, age in enumerate(ages_in_hours)]
    order = in_signing_order(entries, NOW)
    assert (order[-1], sorted(order)) == (signs, sorted(entry["key"] for entry in entries))


def test_a_rotation_whose_last_step_comes_hours_later_does_not_publish_a_key_that_signs_at_once(client: Any) -> None:
    Rotation(client, 1, NOW).run()
    late = Rotation(client, 2, NOW + timedelta(days=90))
    late.step("createSecret")
    late.now += PUBLISHED_WITHIN
    late.step("testSecret")
    late.now += timedelta(seconds=1)
    with pytest.raises(Invalid, match="rotate anew"):
        late.step("finishSecret")
    assert len(keys(client)) == 1


def test_no_process_can_hold_a_copy_without_a_key_that_signs() -> None:
    assert SERVES_FOR + PUBLISHED_WITHIN < SIGNS_AFTER


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
    with pytest.raises(Invalid, match="contains no keys"):
        rotation.step("testSecret")
