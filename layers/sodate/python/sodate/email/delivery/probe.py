"""Probes: emails with which `sodate doctor --send` proves that SES's reports reach the ledger.

A probe has the key of a send, under a lead id that no lead has, and the same fold updates it. It is `kind=probe`, so
no filter of the table's stream matches it: nothing is planned, scored or published because of it. `apply_event` applies
its events to this item only, so the daily rates of the guards do not count it.
"""

from datetime import datetime, timedelta

from sodate.email.delivery.store import begin_probe, probe_state, remove_probe

#: The tag `purpose` of a probe's email.
PURPOSE = "probe"
#: The TTL removes the probe of a process that crashed.
_KEPT = timedelta(days=1)


def begin(lead_id: str, send_id: str, now: datetime) -> None:
    begin_probe(lead_id, send_id, now + _KEPT)


def state_of(lead_id: str, send_id: str) -> str:
    """State of the probe; `gone` when it was removed."""
    return probe_state(lead_id, send_id) or "gone"


def remove(lead_id: str, send_id: str) -> None:
    remove_probe(lead_id, send_id)
