"""The four steps of a Secrets Manager rotation. Nothing outside the secret changes, so `setSecret` does nothing.

A new key is published long before it signs (`signing.SIGNS_AFTER`), and a key stays until the last link that it signed
has expired: no process, with any copy of the keys, rejects a link that another process has just signed.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sodate.dynamodb.keys import stamp
from sodate.errors import Invalid
from sodate.signing import SIGNS_AFTER

#: From the creation of a key's successor. Longer than the longest link (unsubscribe, 800 days) plus the day in which
#: the successor does not sign yet.
KEPT = timedelta(days=830)
#: A new key that becomes current later than this would sign before every process has read it: a process that cannot
#: reach Secrets Manager uses its copy for ten hours (`secret_cache.SERVES_FOR`).
PUBLISHED_WITHIN = SIGNS_AFTER - timedelta(hours=12)


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
            return  # nothing else stores the key
        case "testSecret":
            _keys(client, secret, VersionId=version)
        case "finishSecret":
            _reject_late(_keys(client, secret, VersionId=version), now)
            current = next(name for name, labels in stages.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current
            )
        case _:
            raise Invalid(f"unknown rotation step {step!r}", "rotation")


def rotated(keys: list[dict[str, str]], now: datetime, new_key: str) -> list[dict[str, str]]:
    """Keys after the rotation, newest first. Keys whose links have all expired are removed, never the signing key."""
    every = [{"id": f"k{now:%Y%m%d%H%M%S}", "key": new_key, "created": stamp(now)}, *keys]
    return [every[0], *(key for newer, key in pairwise(every) if _is_newer(newer, now - KEPT))]


def _reject_late(keys: list[dict[str, str]], now: datetime) -> None:
    if len(keys) > 1 and not _is_newer(keys[0], now - PUBLISHED_WITHIN):
        raise Invalid(
            "this rotation took too long: its key would sign at once, and processes without it would reject its links; "
            "take AWSPENDING off its version (aws secretsmanager update-secret-version-stage) and rotate anew",
            "rotation",
        )


def _is_newer(key: Mapping[str, str], moment: datetime) -> bool:
    """A key without a time was added by hand; the keys before it are kept."""
    created = key.get("created")
    return created is None or datetime.fromisoformat(created) > moment


def _create(client: Any, secret: str, version: str, stages: Mapping[str, list[str]], now: datetime) -> None:
    if "AWSPENDING" in stages[version]:
        try:
            _keys(client, secret, VersionId=version, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            pass
        else:
            return  # an earlier invocation did this step
    # A new stage begins with a secret without keys; the rotation that runs at its creation adds the first.
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
        raise Invalid("the signing-keys secret contains no keys", "rotation")
    return list(keys)
