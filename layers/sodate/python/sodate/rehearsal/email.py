"""One email that a scenario, sequence or broadcast wants to send to a person."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Email:
    """`source`: a scenario, sequence or broadcast. `number`: tells it from another email of the step.

    `variant`: of the experiment of a broadcast. `goes_after`: as in `SendRequest`.
    """

    source: str
    step: str
    number: str
    template: str
    topic: str
    valid_until: datetime
    is_broadcast: bool = False
    variant: str | None = None
    skips_over_cap: bool = False
    goes_after: str | None = None
