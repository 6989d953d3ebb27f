"""Secrets. On AWS the values are made by Secrets Manager or put there by ops, and no template ever holds one."""

import base64
import hashlib
import json

from aws_cdk import SecretValue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.catalog import ADDRESS_KEY, CAPTCHA, SIGNING_KEYS, WEBHOOK
from infra.components.nag import acknowledge
from infra.components.table import removal
from infra.config import Stage

_WHY_NOT_ROTATED_HERE = {
    SIGNING_KEYS: "It is rotated: the schedule stands beside the function that does it, in the stateless stack.",
    ADDRESS_KEY: "Names suppressed and erased addresses: with another key, opted-out people would be mailed again.",
    WEBHOOK: "Shared with the customer's own webhook receiver, which must change it at the same moment: ops does both.",
    CAPTCHA: "Issued by the captcha vendor, who offers no rotation call.",
}


def build_secrets(scope: Construct, stage: Stage, key: kms.Key | None) -> dict[str, secretsmanager.Secret]:
    secrets = {
        SIGNING_KEYS: _signing_keys(scope, stage),
        ADDRESS_KEY: _generated(scope, stage, ADDRESS_KEY, "key", {}),
        WEBHOOK: _generated(scope, stage, WEBHOOK, "key", {}),
        # Empty until ops stores the vendor's secret; empty means: this stage has no captcha.
        CAPTCHA: _stored(scope, stage, CAPTCHA, "{}"),
    }
    for name, reason in _WHY_NOT_ROTATED_HERE.items():
        acknowledge(secrets[name], "AwsSolutions-SMG4", reason)
    for secret in secrets.values():
        # On the resource itself: the construct would open the key to everybody in the account who may read secrets.
        _resource(secret).kms_key_id = key.key_arn if key else None
    return secrets


def arn_of(secret: secretsmanager.Secret) -> str:
    """By the attribute, not by Ref as `secret_arn` does: the local cloud answers Ref with the secret's name."""
    return _resource(secret).attr_id


def _resource(secret: secretsmanager.Secret) -> secretsmanager.CfnSecret:
    resource = secret.node.default_child
    assert isinstance(resource, secretsmanager.CfnSecret)  # noqa: S101
    return resource


def setting_of(secret_name: str) -> str:
    """`signing-keys` → `SODATE_SIGNING_KEYS_SECRET`."""
    return f"SODATE_{secret_name.replace('-', '_').upper()}_SECRET"


def _signing_keys(scope: Construct, stage: Stage) -> secretsmanager.Secret:
    """On AWS it begins without a key, and its rotation, which runs once at creation, makes the first one.

    The local cloud has no rotation. Its key is public by construction, and its gateway listens on loopback only.
    """
    if stage.managed_rotation:
        return _generated(scope, stage, SIGNING_KEYS, "seed", {"keys": []})
    key = base64.urlsafe_b64encode(hashlib.sha256(f"{stage.prefix} signing key".encode()).digest()).decode()
    first = {"id": "k1", "key": key, "created": "2026-11-21T00:00:00Z"}
    return _stored(scope, stage, SIGNING_KEYS, json.dumps({"keys": [first]}))


def _generated(
    scope: Construct, stage: Stage, name: str, field: str, template: dict[str, object]
) -> secretsmanager.Secret:
    return secretsmanager.Secret(
        scope,
        _id(name),
        secret_name=f"{stage.prefix}/{name}",
        generate_secret_string=secretsmanager.SecretStringGenerator(
            secret_string_template=json.dumps(template),
            generate_string_key=field,
            exclude_punctuation=True,
            password_length=43,
        ),
        removal_policy=removal(stage),
    )


def _stored(scope: Construct, stage: Stage, name: str, value: str) -> secretsmanager.Secret:
    return secretsmanager.Secret(
        scope,
        _id(name),
        secret_name=f"{stage.prefix}/{name}",
        secret_string_value=SecretValue.unsafe_plain_text(value),
        removal_policy=removal(stage),
    )


def _id(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-")) + "Secret"
