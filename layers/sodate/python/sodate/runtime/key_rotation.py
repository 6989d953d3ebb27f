"""The four steps of a Secrets Manager rotation. Nothing outside the secret changes, so two of them have no work."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sodate.errors import Invalid
from sodate.table.keys import stamp

#: As long as the longest link we sign (unsubscribe): afterwards no link of an old key can be valid.
KEPT = timedelta(days=830)


def rotate_step(client: Any, event: Mapping[str, Any], now: datetime) -> None:
    secret, version, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    if version not in stages:
        raise Invalid(f"version {version} of the secret does not exist; start a new rotation", "rotation")
    if "AWSCURRENT" in stages[version]:
        return
    match step:
        case "createSecret":
            _create(client, secret, version, stages, now)
        case "setSecret":
            return  # nothing else holds the key
        case "testSecret":
            _keys(client, secret, VersionId=version)
        case "finishSecret":
            current = next(name for name, labels in stages.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current
            )
        case _:
            raise Invalid(f"unknown rotation step {step!r}", "rotation")


def rotated(keys: list[dict[str, str]], now: datetime, new_key: str) -> list[dict[str, str]]:
    """Newest first; keys of which no link can be valid any more are dropped."""
    entry = {"id": f"k{now:%Y%m%d%H%M%S}", "key": new_key, "created": stamp(now)}
    return [entry, *(key for key in keys if datetime.fromisoformat(key["created"]) > now - KEPT)]


def _create(client: Any, secret: str, version: str, stages: Mapping[str, list[str]], now: datetime) -> None:
    if "AWSPENDING" in stages[version]:
        try:
            _keys(client, secret, VersionId=version, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            pass
        else:
            return  # this step was done by an earlier try
    # A new stage begins with a secret that holds no key; this rotation, run once at creation, makes the first.
    current = json.loads(client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"])
    keys = rotated(list(current.get("keys", [])), now, secrets.token_urlsafe(32))
    client.put_secret_value(
        SecretId=secret,
        ClientRequestToken=version,
        SecretString=json.dumps({"keys": keys}),
        VersionStages=["AWSPENDING"],
    )


def _keys(client: Any, secret: str, **which: str) -> list[dict[str, str]]:
    keys = json.loads(client.get_secret_value(SecretId=secret, **which)["SecretString"])["keys"]
    if not keys or not all(entry.get("key") for entry in keys):
        raise Invalid("the signing-keys secret holds no keys", "rotation")
    return list(keys)
