"""Secrets Manager rotation of the signing keys: a new key signs; old keys still verify links that were sent."""

from typing import Any

from sodate.runtime.app import App, on_lambda
from sodate.runtime.key_rotation import rotate_step


def handle(app: App, event: dict[str, Any]) -> None:
    rotate_step(app.aws.client("secretsmanager"), event, app.clock.now())


handler = on_lambda(handle, uses_table=False)
