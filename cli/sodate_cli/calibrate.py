"""`sodate score calibrate`: parse the command line, run the use case, print and write. Learning libraries load late."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import explained
from sodate_cli.target import connect

if TYPE_CHECKING:
    from calibration.base import Base
    from calibration.calibrate import Calibrated

_MISSING = (
    "`sodate score calibrate` needs {name}, which is not installed; `make venv` has it, and so has"
    " `pip install 'sodate[calibrate]'` or `pip install --require-hashes -r requirements/calibrate.txt`"
)
Columns = list[str] | None


def calibrate(
    outcomes: Annotated[Path, typer.Option("--outcomes", help="CSV: a lead a row, and what became of it.")],
    target: Annotated[str, typer.Option("--target", help="Column: 1 won, 0 lost, empty still open.")] = "won",
    mapping: Annotated[Path | None, typer.Option("--map", help="mapping.yaml of the import: names and types.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the rule set here, ready for review.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write the report here, one HTML file.")] = None,
    base: Annotated[
        Path | None, typer.Option("--base", help="rules.yaml or playbook: compare, and take its phases.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="Compare with what is live there: local, dev, prod.")
    ] = None,
    after: Annotated[Columns, typer.Option("--after", help="Column known only afterwards; repeat for more.")] = None,
    allow: Annotated[Columns, typer.Option("--allow", help="Use this column though it was refused.")] = None,
    monotone: Annotated[
        Columns, typer.Option("--monotone", help="The score may only rise (up) or fall (down) with it: COLUMN=up.")
    ] = None,
    sign: Annotated[Columns, typer.Option("--sign", help="Rules on it only give (+) or cost (-): COLUMN=+.")] = None,
    call_cost: Annotated[float | None, typer.Option("--call-cost", help="What a sales call costs.")] = None,
    deal_value: Annotated[float | None, typer.Option("--deal-value", help="What a won deal is worth.")] = None,
    mql_cost: Annotated[
        float | None, typer.Option("--mql-cost", help="What working an MQL costs; default a third of a call.")
    ] = None,
    most_called: Annotated[
        float | None, typer.Option("--most-called", help="Share of the leads that sales can call, e.g. 0.2.")
    ] = None,
    max_rules: Annotated[int, typer.Option("--max-rules", min=1, max=100)] = 40,
    max_points: Annotated[int, typer.Option("--max-points", min=5, max=1000, help="Largest points of a rule.")] = 50,
    folds: Annotated[int, typer.Option("--folds", min=2, max=20)] = 10,
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=20, help="Shuffles of the folds.")] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, max=1_000_000)] = 1,
    as_json: output.JsonOption = False,
) -> None:
    """Learn an integer-point rule set from history: a YAML file for review, and a report that says how far to trust it.

    Example: sodate score calibrate --outcomes leads.csv --call-cost 3000 --deal-value 200000 --out rules.yaml
    """
    try:
        from calibration.calibrate import Options
        from calibration.calibrate import calibrate as learn
        from calibration.cuts import Costs
        from calibration.figures import figures
    except ModuleNotFoundError as error:
        output.fail(_MISSING.format(name=error.name), output.USAGE)
    with explained():
        wanted = Options(
            outcomes, target, mapping, tuple(after or ()), tuple(allow or ()), tuple(monotone or ()),
            tuple(sign or ()), max_rules, max_points, Costs(call_cost, mql_cost, deal_value, most_called),
            _base(base, stage), folds, repeats, seed,
        )  # fmt: skip
        calibrated = learn(wanted, output.say)
        said = figures(calibrated)
    _write(calibrated, said, out, report)
    if as_json:
        output.show_json(said)
    else:
        _show(said, out, report)


def _base(path: Path | None, stage: str | None) -> "Base | None":
    from calibration.base import base_of_file, base_of_stage
    from sodate.playbook.store import Definitions

    if path is not None:
        return base_of_file(path)
    return None if stage is None else base_of_stage(Definitions(), str(connect(stage)))


def _write(calibrated: "Calibrated", said: dict[str, Any], out: Path | None, report: Path | None) -> None:
    from calibration.report import html
    from calibration.ruleset import to_yaml
    from calibration.text import comments

    try:
        if out is not None:
            out.write_text(to_yaml(calibrated.document, comments(said)), encoding="utf-8")
        if report is not None:
            report.write_text(html(said), encoding="utf-8")
    except OSError as error:
        output.fail(Message("cannot write {filename}: {strerror}", filename=error.filename, strerror=error.strerror))


def _show(said: dict[str, Any], out: Path | None, report: Path | None) -> None:
    from calibration import text

    output.show_fields("Calibration", text.summary(said))
    output.show_table("Rules", text.RULES, text.rules(said))
    output.show_table("Tenths of the leads, by rules that did not see them", text.TENTHS, text.tenths(said))
    refused = text.rejected(said)
    title = "Columns refused (overrule with --allow)"
    output.show_table(title, ("column", "why"), refused, nothing=Message("No column was refused."))
    output.show_table("Warnings", ("kind", "about", "what"), text.warned(said), nothing=Message("There is no warning."))
    for path in (out, report):
        if path is not None:
            output.say(Message("wrote {path}", path=path))
