"""Once a day: blocks leads whose address is on SES's account suppression list."""

from dataclasses import asdict
from typing import Any

from sodate.email.reputation.suppression import sync
from sodate.runtime import clock, container


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    return asdict(sync(container.ses_client(), container.key_of_address, clock.now()))
