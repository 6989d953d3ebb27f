"""`sodate score replay|diff|status`: replay all scores from the logs, and show which leads a rule change affects."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sodate.authoring.rules_file import read_rules
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.replay import (
    Case,
    Comparison,
    Tally,
    as_document,
    comparison_from,
    is_recorded,
    read_table,
    replay,
    tally_from,
)
from sodate.scoring.replay_job import status
from sodate.scoring.rescore import Rules, live_rules, rescore, rules_of

from sodate_cli import output, score_job
from sodate_cli.leadfile import Position, read_file
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Scores of all leads: replay them, compare rule sets, learn one.", no_args_is_help=True)
#: Leads between two checkpoints; a resumed run repeats at most this many.
CHECKPOINT_EVERY = 2000

RulesOption = Annotated[str | None, typer.Option("--rules", help="A version number, or a rules.yaml; default: live.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="2026-10-01 or 2026-10-01T09:00+09:00; default: now.")]
FromOption = Annotated[
    Path | None, typer.Option("--from", help="Items as JSON lines (DynamoDB's export), not the stage's table.")
]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="Remember how far it came; a killed run goes on from there.")
]


@app.command("replay")
def replay_command(
    rules: RulesOption = None,
    as_of: AsOfOption = None,
    source: FromOption = None,
    write: Annotated[bool, typer.Option("--write", help="Write what differs, lead by lead (live rules only).")] = False,
    notify: Annotated[bool, typer.Option("--tell", help="With --write: notify sales of new hot leads.")] = False,
    on_aws: Annotated[
        bool, typer.Option("--on-aws", help="With --write: the stage does it by itself, in parallel.")
    ] = False,
    segments: Annotated[int, typer.Option("--segments", help="With --on-aws: parts of the table.")] = 32,
    wait: Annotated[bool, typer.Option("--wait", help="With --on-aws: watch until it is done.")] = False,
    checkpoint: CheckpointOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute every score from the log, and say what comes out and what differs from what is recorded.

    Example: sodate score replay --as-of 2026-10-01
    """
    if on_aws or wait:
        with explained():
            if not (write and on_aws) or rules or as_of or source or checkpoint:
                raise Invalid(
                    Message(
                        "--on-aws needs --write, --wait needs both; neither goes with --rules, --as-of, --from,"
                        " --checkpoint"
                    )
                )
            _on_aws(stage, segments, notify=notify, wait=wait, as_json=as_json)
        return
    with explained():
        if write and (rules or as_of or source):
            raise Invalid(
                Message("--write applies the live rules to the table as of now: leave out --rules, --as-of, --from")
            )
        at, chosen = _setting(rules, as_of, source, stage)
        tally = Tally()

        def add(case: Case) -> None:
            score_state = replay(case, chosen.engine, at)
            tally.add(case, chosen.engine, score_state)
            is_same = is_recorded(case, score_state, chosen.engine, chosen.version)
            tally.differ += not is_same
            if write and not is_same:
                rescore(case.profile.lead_id, chosen, at, notify=notify)

        run = _Run("replay", {"rules": _digest(chosen.engine), "at": at.isoformat()}, checkpoint)
        run.over(source, add, lambda: as_document(tally), lambda stored: vars(tally).update(vars(tally_from(stored))))
    document = {"as_of": at.isoformat(), "rules_version": chosen.version, "written": write, **as_document(tally)}
    document["calls_a_week"] = round(tally.calls_a_week(at), 2)
    if as_json:
        output.show_json(document)
        return
    times = Times.utc() if source is not None else Times.of_stage()
    shown = ("leads", "activities", "hot", "calls_a_week", "differ")
    figures = {name: document[name] for name in shown}
    output.show_fields("Replay", {times.column("as_of"): times.shown(at), **figures})
    output.show_table(
        "Ranks", ("rank", "leads"), list(document["ranks"].items()), nothing=Message("No lead has a rank.")
    )
    output.show_table(
        "Phases", ("phase", "leads"), _by_phase(document["phases"], chosen), nothing=Message("No lead has a phase.")
    )


def _by_phase(leads: dict[str, int], rules: Rules) -> list[tuple[str, int]]:
    labels = {one.id: one.label for one in rules.engine.rules.phases}
    return [(labels.get(phase, phase), count) for phase, count in leads.items()]


def _on_aws(stage: str | None, segments: int, *, notify: bool, wait: bool, as_json: bool) -> None:
    job = score_job.begin(target(stage), segments, notify=notify)
    output.say(Message("replay {job} has begun; `sodate score status {job}` shows how far it is", job=job))
    score_job.show(score_job.wait(job) if wait else status(job), as_json=as_json)


@app.command("status")
def status_command(
    job: Annotated[str, typer.Argument(help="The id that `sodate score replay --on-aws` printed.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far a replay on AWS is. Ends with an error when the rules changed under it.

    Example: sodate score status 01KAPP0000000000000000000J
    """
    with explained():
        target(stage)
        figures = status(job[:40])
        score_job.show(figures, as_json=as_json)


@app.command()
def diff(
    rules: Annotated[str, typer.Option("--rules", help="The new rules: a rules.yaml or a version number.")],
    against: Annotated[str | None, typer.Option("--against", help="The old rules, likewise; default: live.")] = None,
    as_of: AsOfOption = None,
    source: FromOption = None,
    checkpoint: CheckpointOption = None,
    most_moved: Annotated[
        float, typer.Option("--most-moved", help="Fail when a larger share of leads changes class.")
    ] = 1.0,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leads whose class a rule set would change: who becomes hot, who stops being hot, and signals per week.

    Example: sodate score diff --rules playbook/rules.yaml
    """
    with explained():
        at, new = _setting(rules, as_of, source, stage)
        old = _rules(against, stage) if against or source is None else new
        both = Comparison()

        def add(case: Case) -> None:
            both.add(case, old.engine, new.engine, at)

        settings = {"rules": [_digest(old.engine), _digest(new.engine)], "at": at.isoformat()}
        run = _Run("diff", settings, checkpoint)
        run.over(
            source, add, lambda: as_document(both), lambda stored: vars(both).update(vars(comparison_from(stored)))
        )
    document = {
        "as_of": at.isoformat(),
        **as_document(both),
        "moved_share": both.moved / both.after.leads if both.after.leads else 0.0,
        "calls_a_week": {"before": both.before.calls_a_week(at), "after": both.after.calls_a_week(at)},
    }
    if as_json:
        output.show_json(document)
    else:
        _show_diff(document)
    if document["moved_share"] > most_moved:
        output.fail(
            Message(
                "{moved_share:.1%} of the leads change class, more than {most_moved:.1%}",
                moved_share=document["moved_share"],
                most_moved=most_moved,
            )
        )


def _show_diff(document: dict[str, Any]) -> None:
    before, after = document["before"], document["after"]
    rows = [
        ("leads", before["leads"], after["leads"]),
        ("hot", before["hot"], after["hot"]),
        ("calls a week", f"{document['calls_a_week']['before']:.1f}", f"{document['calls_a_week']['after']:.1f}"),
    ]
    output.show_table("Under the old and the new rules", ("", "before", "after"), rows)
    output.say(
        Message("{moved_share:.1%} of the leads change rank, phase or heat", moved_share=document["moved_share"])
    )
    for name, title in (("ranks", "Ranks"), ("phases", "Phases"), ("sources", "By source")):
        changed = [(move, count) for move, count in document[name].items() if not _stays(move)]
        changed.sort(key=lambda row: -row[1])
        if changed:
            output.show_table(title, ("move", "leads"), changed)
    for name, title in (("becomes_hot", "Become hot"), ("stops_being_hot", "Stop being hot")):
        if document[name]:
            output.show_table(title, ("the first twenty leads",), [(lead,) for lead in document[name][:20]])


def _stays(move: str) -> bool:
    was, arrow, is_ = move.partition(" → ")
    return bool(arrow) and was == is_


class _Run:
    """One pass over all leads with a progress bar; an interrupted pass resumes from its checkpoint file."""

    def __init__(self, what: str, settings: dict[str, Any], checkpoint: Path | None) -> None:
        self._settings, self._checkpoint = {"what": what, **settings}, checkpoint

    def over(
        self,
        source: Path | None,
        add: Callable[[Case], None],
        figures_of: Callable[[], Any],
        restore: Callable[[Any], None],
    ) -> None:
        stored = self._load_checkpoint(source)
        if stored is not None:
            restore(stored["figures"])
        start = stored["position"] if stored is not None else None
        cases: Iterator[tuple[Case, Position]] = read_file(source, start) if source else read_table(start)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=output.errors(), transient=True) as bar:
            task, position = bar.add_task("leads", total=None), None
            for number, (case, position) in enumerate(cases, 1):
                add(case)
                if number % 100 == 0:
                    bar.update(task, completed=number)
                if number % CHECKPOINT_EVERY == 0:
                    self._save_checkpoint(source, position, figures_of())
        if self._checkpoint is not None:
            self._checkpoint.unlink(missing_ok=True)

    def _load_checkpoint(self, source: Path | None) -> Any:
        if self._checkpoint is None or not self._checkpoint.exists():
            return None
        stored = json.loads(self._checkpoint.read_text(encoding="utf-8"))
        if stored["settings"] != {**self._settings, "from": str(source)}:
            raise Invalid(
                Message(
                    "{checkpoint} belongs to another run (other rules, time or file): delete it first",
                    checkpoint=self._checkpoint,
                )
            )
        return stored

    def _save_checkpoint(self, source: Path | None, position: Position, figures: Any) -> None:
        if self._checkpoint is None:
            return
        settings = {**self._settings, "from": str(source)}
        part = self._checkpoint.with_suffix(".part")
        text = json.dumps({"settings": settings, "position": position, "figures": figures})
        part.write_text(text, encoding="utf-8")
        part.replace(self._checkpoint)


def _setting(rules: str | None, as_of: str | None, source: Path | None, stage: str | None) -> tuple[datetime, Rules]:
    """Moment and rules of the run. A file of items and a file of rules need no stage."""
    if source is not None and not source.exists():
        raise Invalid(Message("{source} does not exist", source=source))
    at = datetime.now(UTC) if source is not None else now(target(stage))
    return _moment(as_of) if as_of else at, _rules(rules, stage)


def _rules(wanted: str | None, stage: str | None) -> Rules:
    if wanted is not None and not wanted.isdigit():
        return Rules(0, ScoringEngine(read_rules(Path(wanted))))
    target(stage)
    definitions = Definitions()
    return live_rules(definitions) if wanted is None else rules_of(definitions, int(wanted))


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            Message("--as-of {text!r}: write it as 2026-10-01 or 2026-10-01T09:00+09:00", text=text)
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _digest(engine: ScoringEngine) -> str:
    return hashlib.sha256(engine.rules.model_dump_json(by_alias=True).encode()).hexdigest()[:16]
