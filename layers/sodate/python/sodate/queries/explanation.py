"""Why a lead has its score and phase, which emails it got and why, and what comes next."""

from datetime import datetime
from typing import Any

from sodate.activities.store import activities_of
from sodate.email.ledger.store import sends_of
from sodate.leads.contact_state import ContactState
from sodate.leads.store import load_profile, load_state
from sodate.playbook.store import Definitions
from sodate.queries.emails import emails, next_steps
from sodate.queries.signals import signal_state
from sodate.scoring.explain import Explanation, explain
from sodate.scoring.rescore import live_rules
from sodate.scoring.store import moment
from sodate.signals.store import signals_of


def explanation(definitions: Definitions, lead_id: str, now: datetime) -> dict[str, Any]:
    """The explanation as one document; its times are UTC."""
    state, profile = load_state(lead_id), load_profile(lead_id)
    rules = live_rules(definitions)
    why = explain(rules.engine, profile, activities_of(lead_id), now)
    transition = rules.engine.next_transition(why.score_state)
    return {
        "state": {
            "rank": why.score_state.rank,
            "phase": rules.rules.phases[why.score_state.phase].id,
            "phase_label": rules.rules.phases[why.score_state.phase].label,
            "next phase": why.phase_needs or "",
            "stage": why.score_state.stage,
            "hot": why.score_state.hot,
            "missing to be hot": ", ".join(why.hot_needs),
            "changes by time alone": f"{moment(transition):%Y-%m-%d %H:%M}" if transition is not None else "never",
            "total": why.view.total,
            "totals": {name or "all": vars(t) for name, t in {"": why.view.overall, **why.view.by_category}.items()},
            "owner in sales": profile.owner or "nobody",
            "mailable": mailable(state),
            "consent": ", ".join(f"{topic}: {status}" for topic, status in state.topics.items()) or "never asked",
        },
        "score": _score_lines(why),
        "phases": [
            {
                "phase": rules.rules.phases[number].id,
                "phase_label": rules.rules.phases[number].label,
                "since": f"{moment(minute):%Y-%m-%d %H:%M}",
                "because": because,
            }
            for number, minute, because in why.score_state.phases
        ],
        "told": [signal_state(signal, definitions, sends_of(lead_id)) for signal in signals_of(lead_id)],
        "mails": emails(definitions, state),
        "next": next_steps(definitions, state, now),
    }


def mailable(state: ContactState) -> str:
    """May the lead get marketing email: `yes: <topics>`, or `no: <reason>`."""
    if state.blocked:
        return f"no: {state.blocked}"
    confirmed = [topic for topic, status in state.topics.items() if status == "confirmed"]
    return f"yes: {', '.join(confirmed)}" if confirmed else "no: no confirmed consent"


def _score_lines(why: Explanation) -> list[dict[str, Any]]:
    """Lines whose points add up to the total."""
    lines: list[dict[str, Any]] = [
        {
            "rule": reason.rule,
            "reason": reason.label,
            "category": reason.category,
            "points": reason.points,
            "times": reason.times,
            "parts": [
                {"at": f"{part.at:%Y-%m-%dT%H:%M:%S}Z", "activity": part.activity, "key": part.key, "about": part.about,
                 "points": part.points, "now": float(part.now)}
                for part in reason.parts
            ],
            "rounding_and_cap": float(reason.rounding_and_cap),
            "group_cap": reason.group_cap,
        }
        for reason in why.reasons
    ]  # fmt: skip
    for name, points in (("adjusted", why.adjusted), ("floor_or_ceiling", why.floor_or_ceiling)):
        if points:
            lines.append({"rule": None, "reason": name, "category": None, "points": points, "times": 1, "parts": [],
                          "rounding_and_cap": 0.0, "group_cap": 0})  # fmt: skip
    return lines
