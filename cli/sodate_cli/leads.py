"""`sodate lead …`: profile and timeline of a lead, and the reason for each email sent or not sent."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sodate.activities.store import activities_of
from sodate.consent.store import consents_of
from sodate.email.delivery.reasons import in_words
from sodate.email.eligibility.caps import cap_reached, limits
from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import SendItem, sends_of
from sodate.email.mailing import Mailing
from sodate.leads.lead import State
from sodate.leads.store import load_profile, load_state
from sodate.playbook.store import Definitions, parsed
from sodate.runtime.readers import must_read
from sodate.scenarios.calendar import due_at
from sodate.scenarios.sequence import Sequence
from sodate.scoring.explain import Explanation
from sodate.scoring.explain import explain as explain_score
from sodate.scoring.rescore import live_rules, rules_of
from sodate.scoring.rules import class_of
from sodate.scoring.store import find_score, moment
from sodate.signals.store import signals_of

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, find_lead, target
from sodate_cli.operator import now as clock_of
from sodate_cli.output import JsonOption
from sodate_cli.sales_state import channel_row, signal_state

app = typer.Typer(help="One lead: profile, timeline, and the reasons for everything.", no_args_is_help=True)
EmailArgument = Annotated[str, typer.Argument(help="Mail address, as typed by anybody.")]


@app.command()
def show(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Profile, consent, score and phase of a lead.

    Example: sodate lead show taro@example.jp
    """
    with explained():
        lead_id = find_lead(email, target(stage))
        profile, state = load_profile(lead_id), load_state(lead_id)
        score = current_score(lead_id, clock_of(target(stage)))
    document = {
        "lead_id": lead_id,
        "email": profile.address,
        **{f"primary.{name}": value for name, value in profile.primary.items()},
        **{f"secondary.{name}": value for name, value in profile.secondary.items()},
        "source": profile.source,
        "owner": profile.owner,
        "flags": list(profile.flags),
        "consent": state.topics,
        "blocked": state.blocked,
        **score,
        "created": profile.created,
    }
    if as_json:
        output.show_json(document)
    else:
        output.show_fields(f"Lead {email}", document)


@app.command()
def timeline(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Everything that happened to a lead, oldest first: posts, consent, mails, opens, clicks, signals.

    Example: sodate lead timeline taro@example.jp
    """
    with explained():
        lead_id = find_lead(email, target(stage))
        rows = timeline_of(lead_id)
    if as_json:
        output.show_json(rows)
    else:
        shown = [(row["at"], row["what"], row["detail"]) for row in rows]
        output.show_table(f"Timeline of {email}", ("time (UTC)", "what", "detail"), shown)


@app.command()
def explain(email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Why this person has this score, did or did not get each mail, and what comes next.

    Example: sodate lead explain taro@example.jp
    """
    with explained():
        where = target(stage)
        lead_id = find_lead(email, where)
        document = explanation(lead_id, clock_of(where))
    if as_json:
        output.show_json(document)
        return
    output.show_fields(f"Why: {email}", document["state"])
    output.show_table("Score", ("points", "category", "reason", "how"), [_score_row(r) for r in document["score"]])
    signal_rows = [channel_row(signal) for signal in document["told"]]
    output.show_table("Sales was told", ("time (UTC)", "total", "owner", "channels", "answer"), signal_rows)
    mails = [(m["planned"], m["mail"], m["state"], m["why"]) for m in document["mails"]]
    output.show_table("Mails", ("planned (UTC)", "mail", "state", "why"), mails)
    steps = [(n["sequence"], n["step"], n["due"], n["waits"]) for n in document["next"]]
    output.show_table("Next", ("sequence", "step", "due (UTC)", "waits for"), steps)


def timeline_of(lead_id: str) -> list[dict[str, str]]:
    rows = [
        _row(keys_at(a.at), a.type, " ".join(f"{k}={v}" for k, v in a.about.items())) for a in activities_of(lead_id)
    ]
    rows += [_row(c.at, f"consent {c.action}", f"{c.method} {', '.join(c.topics)}") for c in consents_of(lead_id)]
    rows += [
        _row(s.settled_at or s.planned_at, f"mail {s.state}", mail_name(s, with_reason=True)) for s in sends_of(lead_id)
    ]
    rows += [_row(s.at, s.name, f"{int(s.total)} points, phase {s.phase}") for s in signals_of(lead_id)]
    return sorted(rows, key=lambda row: row["at"])


def current_score(lead_id: str, now: datetime) -> dict[str, Any]:
    """What was recorded, faded to this moment."""
    stored_score, definitions = find_score(lead_id), Definitions(reads=must_read)
    if stored_score is None:
        return {"total": 0, "totals": {}, "rank": None, "class": None, "phase": None, "stage": "lead", "hot": False}
    rules = rules_of(definitions, int(stored_score.rules_version))
    score_state = stored_score.score_state
    rules.engine.settle(score_state, int(now.timestamp()) // 60)
    view = rules.engine.view(score_state, score_state.now)
    return {
        "total": view.total,
        "totals": {name or "all": vars(totals) for name, totals in {"": view.overall, **view.by_category}.items()},
        "rank": score_state.rank,
        "class": class_of(score_state.rank),
        "phase": rules.rules.phases[score_state.phase].id,
        "phase_since": score_state.phase_since is not None and f"{moment(score_state.phase_since):%Y-%m-%d %H:%M}",
        "stage": score_state.stage,
        "hot": score_state.hot,
    }


def explanation(lead_id: str, now: datetime) -> dict[str, Any]:
    definitions = Definitions(reads=must_read)
    state, profile = load_state(lead_id), load_profile(lead_id)
    rules = live_rules(definitions)
    why = explain_score(rules.engine, profile, activities_of(lead_id), now)
    transition = rules.engine.next_transition(why.score_state)
    return {
        "state": {
            "rank": why.score_state.rank,
            "phase": rules.rules.phases[why.score_state.phase].id,
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
            {"phase": rules.rules.phases[number].id, "since": f"{moment(minute):%Y-%m-%d %H:%M}", "because": because}
            for number, minute, because in why.score_state.phases
        ],
        "told": [signal_state(signal, definitions, sends_of(lead_id)) for signal in signals_of(lead_id)],
        "mails": _mails(state, definitions),
        "next": _next_steps(state, definitions, now),
    }


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
                {"at": keys_at(part.at), "activity": part.activity, "key": part.key, "about": part.about,
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


def _score_row(line: dict[str, Any]) -> tuple[str, str, str, str]:
    parts = [f"{part['at'][:10]} {part['activity']} {part['points']:+d} → {part['now']:g}" for part in line["parts"]]
    shown = [*parts[:5], *([f"and {len(parts) - 5} more"] if len(parts) > 5 else [])]
    if abs(line["rounding_and_cap"]) >= 0.5:
        shown.append(f"cap {line['rounding_and_cap']:+g}")
    if line["group_cap"]:
        shown.append(f"group's cap {line['group_cap']:+d}")
    return f"{line['points']:+d}", line["category"] or "", line["reason"], "\n".join(shown)


def _mails(state: State, definitions: Definitions) -> list[dict[str, Any]]:
    """Sends of the ledger, and claimed sends that are not in it yet: in progress at SES, or with unknown outcome."""
    sends = sends_of(state.lead_id)
    lines: list[dict[str, Any]] = [
        {
            "planned": s.planned_at,
            "mail": mail_name(s),
            "state": s.state,
            "reason": s.reason,
            "why": _why(s),
            "send": s.send_id,
            "sequence": s.sequence,
            "sequence_version": s.sequence_version and int(s.sequence_version),
            "template_version": s.template_version and int(s.template_version),
        }
        for s in sends
    ]
    known = {send.send_id for send in sends}
    for name, enrollment in state.enrollments.items():
        steps = parsed(definitions.version("sequence", name, enrollment.version), Sequence).steps
        for number, step in enumerate(steps[: enrollment.step]):
            send_id = StepRef(state.lead_id, name, enrollment.version, number, enrollment.id).send_id
            if send_id not in known:
                why = "claimed, no outcome yet: listed as unknown after fifteen minutes without an event"
                lines.append(
                    {"planned": "", "mail": step.template, "state": "sending", "reason": None, "why": why,
                     "send": send_id, "sequence": name, "sequence_version": enrollment.version,
                     "template_version": None}
                )  # fmt: skip
    return lines


def _why(send: SendItem) -> str:
    until = send.waits_until if send.state == "planned" else None
    if until:
        return f"{in_words(send.reason)} (next: {until[:16].replace('T', ' ')})"
    return "; ".join(part for part in (in_words(send.reason), _about_attempts(send)) if part)


def _about_attempts(send: SendItem) -> str:
    """Number of the attempt, and its relation to other attempts of the same email."""
    said = []
    if send.attempt is not None:
        said.append(f"attempt {int(send.attempt)}")
    if send.is_double:
        said.append("SES reported on it after the next attempt had left: probably this person has the email twice")
    elif send.next_attempt is not None:
        said.append(f"attempted again, because {send.evidence}")
    return "; ".join(said)


def mailable(state: State) -> str:
    if state.blocked:
        return f"no: {state.blocked}"
    confirmed = [topic for topic, status in state.topics.items() if status == "confirmed"]
    return f"yes: {', '.join(confirmed)}" if confirmed else "no: no confirmed consent"


def _next_steps(state: State, definitions: Definitions, now: datetime) -> list[dict[str, str]]:
    lines = []
    mailing = parsed(definitions.live("mailing"), Mailing)
    for name, run in state.enrollments.items():
        sequence = parsed(definitions.version("sequence", name, run.version), Sequence)
        if run.step < len(sequence.steps):
            step = sequence.steps[run.step]
            at = due_at(step, sequence, datetime.fromisoformat(run.since), mailing=mailing, time_zone=state.zone)
            waits = _waits(state, sequence, mailing, now)
            lines.append({"sequence": name, "step": step.id, "due": f"{at:%Y-%m-%d %H:%M}", "waits": waits})
    return lines


def _waits(state: State, sequence: Sequence, mailing: Mailing, now: datetime) -> str:
    """What would keep the next mail back if it were due now."""
    never = state.permanent_rejection(sequence.topic)
    if never:
        return in_words(never)
    if state.pause_until and datetime.fromisoformat(state.pause_until) > now:
        return f"{in_words('paused_by_the_lead')} (until {state.pause_until[:10]})"
    capped = cap_reached(limits(mailing.caps, sequence.topic), state, sequence.topic, now)
    return f"{in_words(capped[0])} ({capped[1]:%Y-%m-%d %H:%M})" if capped else ""


def mail_name(send: SendItem, *, with_reason: bool = False) -> str:
    details = [part for part in (send.reason, _about_attempts(send)) if part] if with_reason else []
    name = str(send.template or send.name)
    return f"{name} ({'; '.join(details)})" if details else name


def keys_at(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def _row(at: str, what: str, detail: str) -> dict[str, str]:
    return {"at": at[:19] + "Z", "what": what, "detail": detail}
