"""Everything that happened to a lead, in order of time."""

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of
from sodate.consent.store import consents_of
from sodate.email.ledger.store import sends_of
from sodate.queries.emails import email_name
from sodate.signals.store import signals_of


def timeline(lead_id: str) -> list[dict[str, str]]:
    """Activities, consents, sends and signals, oldest first. `at` is UTC: `2026-11-24T09:00:00Z`."""
    rows = [_row(f"{a.at:%Y-%m-%dT%H:%M:%S}Z", a.type, _about(a)) for a in activities_of(lead_id)]
    rows += [_row(c.at, f"consent {c.action}", f"{c.method} {', '.join(c.topics)}") for c in consents_of(lead_id)]
    for send in sends_of(lead_id):
        at = send.settled_at or send.planned_at
        rows.append(_row(at, f"mail {send.state}", email_name(send, with_reason=True)))
    rows += [_row(s.at, s.name, f"{int(s.total)} points, phase {s.phase}") for s in signals_of(lead_id)]
    return sorted(rows, key=lambda row: row["at"])


def _about(activity: Activity) -> str:
    return " ".join(f"{name}={value}" for name, value in activity.about.items())


def _row(at: str, what: str, detail: str) -> dict[str, str]:
    return {"at": at[:19] + "Z", "what": what, "detail": detail}
