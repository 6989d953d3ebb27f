"""Secrets: present, not empty, not about to be deleted, and the signing keys rotated in time. No value is shown."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from sodate.messages import Message

from infra.catalog import ADDRESS_KEY, CAPTCHA, SIGNING_KEYS, WEBHOOK
from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, failed, judged, ok, warning

#: `infra/components/rotation.py` says 90; a rotation may begin a day late. `tests/unit/doctor` compares.
ROTATED_EVERY_DAYS = 90
_PATIENCE = timedelta(days=3)
_GONE = {"ResourceNotFoundException", "InvalidRequestException"}


def secrets(d: Deployment) -> Result:
    problems = [_problem(d, name) for name in (SIGNING_KEYS, ADDRESS_KEY, WEBHOOK, CAPTCHA)]
    return judged(
        [problem for problem in problems if problem],
        "four secrets are there and hold what the functions need",
        f"restore it (`aws secretsmanager restore-secret`), or {d.redeploy}; never replace address-key: it names"
        " suppressed addresses",
    )


def _problem(d: Deployment, name: str) -> str | None:
    secret = f"{d.prefix}/{name}"
    try:
        if d.clients("secretsmanager").describe_secret(SecretId=secret).get("DeletedDate"):
            return f"{secret} is scheduled for deletion"
        text = d.clients("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return f"{secret} does not exist or has no value"
    try:
        value = json.loads(text)
    except ValueError:
        return f"{secret} is not JSON"
    return None if _is_usable(name, value) else f"{secret} holds no key"


def _is_usable(name: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if name == SIGNING_KEYS:
        keys = value.get("keys")
        return isinstance(keys, list) and bool(keys) and all(isinstance(k, dict) and k.get("key") for k in keys)
    return name == CAPTCHA or bool(value.get("key"))


def rotation(d: Deployment) -> Result:
    secret = f"{d.prefix}/{SIGNING_KEYS}"
    found = d.clients("secretsmanager").describe_secret(SecretId=secret)
    if not found.get("RotationEnabled"):
        return failed(Message("{secret} is not rotated", secret=secret), d.redeploy)
    due = _due(found)
    what = f"read the log of {d.prefix}-signing-key-rotation; `aws secretsmanager rotate-secret --secret-id {secret}`"
    if due is not None and due + _PATIENCE < d.machine_now():
        return failed(Message("{secret} should have been rotated on {due:%Y-%m-%d}", secret=secret, due=due), what)
    if any("AWSPENDING" in labels and "AWSCURRENT" not in labels for labels in found["VersionIdsToStages"].values()):
        return warning(f"a rotation of {secret} has begun and not ended", f"if it stays so for an hour: {what}")
    return ok(f"{secret} is rotated, next on {due:%Y-%m-%d}" if due else f"{secret} is rotated")


def _due(found: Mapping[str, Any]) -> datetime | None:
    """SecretsManager's own date, or our interval after the last rotation."""
    if found.get("NextRotationDate"):
        return found["NextRotationDate"]  # type: ignore[no-any-return]
    last = found.get("LastRotatedDate") or found.get("CreatedDate")
    return last + timedelta(days=ROTATED_EVERY_DAYS) if last else None


CHECKS = (
    Check("secrets", secrets),
    Check("secret-rotation", rotation, needs_aws="the local cloud has no rotation: its first key is in the template"),
)
