"""Secrets Manager rotation of the signing keys: a new key signs; old keys still verify links that were sent."""

from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.key_rotation import rotate_step


def handler(event: dict[str, Any], _: object) -> None:
    rotate_step(container.client("secretsmanager"), event, clock.now())
