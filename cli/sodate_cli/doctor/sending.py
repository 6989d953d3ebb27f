"""Whether email leaves: definitions that this release can read, the state of the rate limiter, unknown sends."""

from collections.abc import Callable
from datetime import timedelta

from pydantic import BaseModel, ValidationError
from sodate.broadcasts.broadcast import Broadcast
from sodate.email.content.template import Template
from sodate.email.mailing import Mailing
from sodate.email.operator_lists.unknown import unknown_sends
from sodate.email.report_schedule import ReportsFile
from sodate.email.reputation import rate_limiter
from sodate.errors import SodateError
from sodate.forms.definition import Form
from sodate.kpis.target import KpiTargets
from sodate.messages import Message
from sodate.playbook.store import Kind, Stored, parsed
from sodate.sales.definition import Sales
from sodate.scenarios.programs import model_of
from sodate.scenarios.sequence import Sequence
from sodate.scoring.rules import RuleSet
from sodate.segments.segment import SegmentSet
from sodate.tracking.definition import Tracking

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, judged, listed, ok, warning

MODELS: dict[Kind, type[BaseModel]] = {
    "mailing": Mailing, "form": Form, "template": Template, "sequence": Sequence, "rules": RuleSet, "sales": Sales,
    "segments": SegmentSet, "broadcast": Broadcast, "tracking": Tracking,
    "kpis": KpiTargets,
    "reports": ReportsFile,
}  # fmt: skip
_NEEDED: tuple[Kind, ...] = ("mailing", "form", "template")


def definitions(d: Deployment) -> Result:
    live: dict[str, list[Stored]] = {kind: d.definitions.all_live(kind) for kind in MODELS}
    missing = [kind for kind in _NEEDED if not live[kind]]
    if missing:
        return failed(
            Message("no live definition of {listed}: nothing can be posted or sent", listed=listed(missing)),
            Message("apply a playbook: sodate playbook apply FOLDER --stage {stage}", stage=d.stage),
        )
    every = [(one, _model(one)) for kind in MODELS for one in live[kind]]
    what = "apply the playbook again with the deployed release, or deploy the release that wrote these definitions"
    unreadable = [problem for one, model in every if (problem := _problem(one, model, parsed))]
    if unreadable:
        return failed(listed(unreadable, "\n"), what)
    strange = [problem for one, model in every if (problem := _problem(one, model, _as_applied))]
    good = f"{len(every)} live definitions are readable by this release"
    return judged(strange, good, what, Verdict.WARNING)


def _model(stored: Stored) -> type[BaseModel]:
    return model_of(stored) if stored.kind == "sequence" else MODELS[stored.kind]


def _as_applied(stored: Stored, model: type[BaseModel]) -> BaseModel:
    """As strictly as `apply` writes; the functions' own way of reading may be more patient."""
    return model.model_validate(stored.body)


def _problem(
    stored: Stored, model: type[BaseModel], read: Callable[[Stored, type[BaseModel]], BaseModel]
) -> str | None:
    try:
        read(stored, model)
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except SodateError as error:
        why = str(error)
    else:
        return None
    return f"{stored.kind} {stored.id!r} version {stored.version}: {why[:120]}"


def sending(d: Deployment) -> Result:
    found = rate_limiter.load()
    if found.stopped:
        return failed(
            Message(
                "SES refuses email ({stopped}): everything due waits, one email a minute is tried",
                stopped=found.stopped,
            ),
            "mend what SES names (checks ses-account, ses-identity, configuration-set); sending resumes by itself",
        )
    if found.hold_reason:
        return failed(
            Message("marketing email is on hold: {hold_reason}", hold_reason=found.hold_reason),
            "clean the addresses that bounce or complain; it resumes when the seven-day share is below the limit",
        )
    return ok(f"email leaves, at {found.rate:g} a second")


def unknown(d: Deployment) -> Result:
    this_month = d.now.replace(day=1)
    found = [*unknown_sends(this_month), *unknown_sends(this_month - timedelta(days=1))]
    if not found:
        return ok("no send of this and the last month has an unknown outcome")
    return warning(
        f"{len(found)} sends have an unknown outcome",
        f"sodate sends unknown --stage {d.stage}, then `sodate sends resolve`",
    )


CHECKS = (Check("definitions", definitions), Check("sending", sending), Check("unknown-sends", unknown))
