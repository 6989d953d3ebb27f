"""Once a day: blocks leads whose address is on SES's account suppression list."""

from dataclasses import asdict
from typing import Any

from sodate.email.reputation.suppression import sync
from sodate.runtime.app import App, on_lambda


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    return asdict(sync(app.aws.ses(), app.secrets.key_of_address, app.clock.now()))


handler = on_lambda(handle)
