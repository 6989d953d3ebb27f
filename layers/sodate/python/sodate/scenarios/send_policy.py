"""What a send step does when its email is over a frequency cap or cannot be composed. Pure."""

from datetime import datetime, timedelta

from sodate.scenarios.steps import SendStep

#: With `over_cap: hold` the lead waits for the cap, however long it takes; `valid_hours` does not apply.
_LONGEST_HOLD = timedelta(days=3650)
_FIRST_RETRY = timedelta(minutes=30)


def valid_until(step: SendStep, due: datetime) -> datetime:
    """Later than this, the email is skipped."""
    return due + (_LONGEST_HOLD if step.over_cap == "hold" else timedelta(hours=step.valid_hours))


def retry_at(step: SendStep, due: datetime, now: datetime) -> datetime | None:
    """When an email that cannot be composed is tried again: at ever longer intervals, within `valid_hours`.

    None: it has failed.
    """
    at = now + max(_FIRST_RETRY, now - due)
    is_late = at > due + timedelta(hours=step.valid_hours)
    return None if step.on_error != "retry" or is_late else at
