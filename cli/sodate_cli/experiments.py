"""`sodate experiment …`: which experiments there are, their figures with intervals, and a person's choice."""

from typing import Annotated, Any

import typer
from sodate.activities.catalog import ActivityType
from sodate.broadcasts.choose import choose as choose_for_run
from sodate.errors import Conflict, Invalid
from sodate.experiments.analysis import Analysis, in_words
from sodate.experiments.choose import Choice
from sodate.experiments.choose import choose as choose_arm
from sodate.experiments.store import Decision
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.queries.experiments import Known, analyses, every, find
from sodate.queries.global_holdout import analyze as analyze_holdout

from sodate_cli import output
from sodate_cli.experiment_figures import Gather, figures, rows_of
from sodate_cli.operator import StageOption, explained, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Experiments: A/B tests of broadcasts, splits, holdouts.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="broadcast, broadcast/run or scenario/step.")]
_MISSING = "the analysis needs {name}, which is not installed; `pip install 'sodate[calibrate]'` has it"


@app.command("list")
def list_experiments(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every experiment of the live broadcasts (their latest runs) and scenarios, and what was decided.

    Example: sodate experiment list
    """
    with explained():
        target(stage)
        rows = [_row(known) for known in every(Definitions())]
    columns = ("name", "kind", "metric", "state", "decided for", "by")
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.show_table(
            "Experiments", columns, rows, nothing=Message("The playbook has no experiment and no holdout.")
        )


@app.command("show")
def show(name: NameArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """What was decided, why, by whom, on which figures, and what it replaced. It counts nothing anew.

    Example: sodate experiment show monthly-news
    """
    with explained():
        target(stage)
        known, times = find(Definitions(), name), Times.of_stage()
    decisions = [known.decision, *known.decision.earlier] if known.decision else []
    if as_json:
        described = [_decision_document(one, known) for one in decisions]
        output.show_json({"name": str(known.name), "kind": known.kind, "state": known.state, "decisions": described})
        return
    output.show_fields(
        Message("Experiment {experiment}", experiment=known.name),
        {"kind": known.kind, "metric": known.metric, "state": known.state},
    )
    rows = [(times.shown(one.at), _in_words(one, known), one.by, one.because or "", _counted(one)) for one in decisions]
    columns = (times.column("at"), "decision", "by", "because", "leads and successes")
    output.show_table("Decisions, the latest first", columns, rows, nothing=Message("Nothing is decided yet."))


@app.command("analyze")
def analyze(name: NameArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Count each variant now: rates and differences with their intervals, and the verdict in words.

    It reads the log of each lead that takes part, and decides nothing.

    Example: sodate experiment analyze monthly-news
    """
    evidence = _statistics()
    with explained():
        where = target(stage)
        definitions = Definitions()
        known = find(definitions, name)
        found = analyses(definitions, known, now(where))
    if as_json:
        output.show_json([{**figures(one, evidence), "decision": _decided(known)} for one in found])
        return
    for one in found:
        _show_analysis(one, rows_of(one, evidence), known)


@app.command("holdout")
def holdout(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Whose members are compared.")],
    activity: Annotated[ActivityType, typer.Option("--activity", help="What counts.")] = ActivityType.MEETING_SET,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="In the last so many days.")] = 90,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What all marketing email causes: members that get it against those of the global holdout.

    Take a segment that emails do not change, for example by prefecture or industry: in a segment by clicks, those who
    got no email are missing. It reads the log of each member.

    Example: sodate experiment holdout manufacturers --activity form_submitted
    """
    evidence = _statistics()
    with explained():
        where = target(stage)
        found = analyze_holdout(Definitions(), segment, activity, days, now(where))
    if as_json:
        output.show_json(figures(found, evidence))
    else:
        _show_analysis(found, rows_of(found, evidence), None)


@app.command("choose")
def choose(
    name: NameArgument,
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="What the leads without a variant get.")],
    because: Annotated[str, typer.Option("--because", help="Why; it is kept with the decision.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide as a person, before or after the experiment does: any variant. Nobody gets a second email or another arm.

    Example: sodate experiment choose monthly-news plain --because "the other subject has a mistake"
    """
    with explained():
        where = target(stage)
        who = person(where)
        if who is None:
            raise Invalid(
                Message("AWS does not say who you are (sts:GetCallerIdentity), so nobody would have chosen it")
            )
        definitions = Definitions()
        known, choice = find(definitions, name), Choice(variant, who, because)
        if known.run is not None:
            decision = choose_for_run(definitions, known.run, choice, now(where))
        elif known.arms is not None:
            decision = choose_arm(known.name, known.arms, choice, now(where))
        else:
            raise Conflict(
                Message("{name} is a holdout: to end it, take the step out of the scenario", name=known.name)
            )
    if as_json:
        output.show_json(_decision_document(decision, known))
    else:
        output.say(
            Message("{name}: {variant}, for every lead that has no variant yet", name=known.name, variant=variant)
        )


def _statistics() -> Gather:
    try:
        from calibration.experiment_statistics import evidence
    except ModuleNotFoundError as error:
        output.fail(_MISSING.format(name=error.name), output.USAGE)
    return evidence


def _row(known: Known) -> tuple[object, ...]:
    by = known.decision.by if known.decision else ""
    return (str(known.name), known.kind, known.metric, known.state, _decided(known) or "", by)


def _decided(known: Known) -> str | None:
    return known.decision.variant if known.decision else None


def _in_words(decision: Decision, known: Known) -> str:
    return in_words(decision.outcome, decision.variant, known.arms.default if known.arms else "")


def _counted(decision: Decision) -> str:
    return ", ".join(f"{variant} {one.successes}/{one.leads}" for variant, one in sorted(decision.counts.items()))


def _decision_document(decision: Decision, known: Known) -> dict[str, Any]:
    counts = {variant: vars(count) for variant, count in decision.counts.items()}
    return {
        "variant": decision.variant,
        "outcome": decision.outcome,
        "in_words": _in_words(decision, known),
        "by": decision.by,
        "because": decision.because,
        "at": decision.at,
        "counts": counts,
    }


def _show_analysis(analysis: Analysis, rows: list[tuple[object, ...]], known: Known | None) -> None:
    experiment = analysis.experiment
    columns = ("variant", "leads", "successes", "rate", "interval", "against the default", "p (Fisher)", "robots only")
    title = Message(
        "{name}: {metric}, intervals of {value:g} %",
        name=analysis.name,
        metric=experiment.metric,
        value=100 * (1 - experiment.level),
    )
    output.show_table(title, columns, rows)
    verdict = analysis.verdict
    output.say(in_words(verdict.outcome, verdict.variant, analysis.arms.default))
    if analysis.open:
        output.say(Message("{open} leads may still get their email or have their success", open=analysis.open))
    decided = _decided(known) if known is not None else None
    for line in (analysis.note, Message("decided for {winner}", winner=decided) if decided else ""):
        if line:
            output.say(line)
