"""Use case of `sodate score calibrate`: read, screen, validate, learn, set cuts. Prints nothing, writes no file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sodate.errors import Invalid
from sodate.leads.text import fold
from threadpoolctl import threadpool_limits

from calibration import production
from calibration.base import Base
from calibration.cuts import Chance, Costs, Cuts, chance_of, cuts
from calibration.evidence import Evidence, Warned, evidence, warnings
from calibration.leakage import Screened, screen
from calibration.learn import Learnt, learn
from calibration.mapping import read_mapping
from calibration.outcomes import read_outcomes
from calibration.ruleset import Written, document, lifted, written
from calibration.select import Constraints
from calibration.table import Floats, Outcomes
from calibration.validate import Plan, Validated, auc, validate, yardsticks

#: More leads hardly improve the rules but take longer; the others are used as unseen leads.
MOST_LEARNT, MOST_UNSEEN = 10_000, 50_000
COMPACT = 20
_MOST_HOT = 0.5
_DIRECTIONS = {"up": 1, "down": -1}
_SIGNS = {"+": 1, "-": -1}


@dataclass(frozen=True)
class Options:
    outcomes: Path
    target: str = "won"
    mapping: Path | None = None
    after: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    monotone: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    max_rules: int = 40
    most_points: int = 50
    costs: Costs = field(default_factory=Costs)
    base: Base | None = None
    folds: int = 10
    repeats: int = 3
    seed: int = 1


@dataclass(frozen=True)
class Compared:
    """AUC of alternative rankings of the same leads. `live`: the base rule set, None without one."""

    yardsticks: Mapping[str, float]
    other_score: float | None
    live: float | None
    unseen: float | None


@dataclass(frozen=True)
class Calibrated:
    """`cuts` and `document`: as in rules.yaml. `lift`: points added to every score so that the cuts are at least 1."""

    options: Options
    leads: Outcomes
    screened: Screened
    model: Learnt
    chance: Chance
    validated: Mapping[int, Validated]
    rules: Sequence[Written]
    evidence: Sequence[Evidence]
    cuts: Cuts
    lift: int
    document: Mapping[str, Any]
    compared: Compared
    warnings: Sequence[Warned]
    base: Base | None

    @property
    def main(self) -> Validated:
        return self.validated[self.options.max_rules]


def calibrate(options: Options, say: Callable[[str], None]) -> Calibrated:
    """Learn a rule set; `say` receives progress lines.

    Raises: `Invalid` with what is wrong with the input and what to do.
    """
    options.costs.checked()
    mapping = read_mapping(options.mapping) if options.mapping else None
    everything = read_outcomes(options.outcomes, options.target, mapping)
    with threadpool_limits(limits=1):  # the same sums in the same order everywhere, and one core
        return _calibrate(options, everything, options.base, say)


def _calibrate(options: Options, everything: Outcomes, base: Base | None, say: Callable[[str], None]) -> Calibrated:
    learnt_from, unseen = _sampled(everything, options.seed)
    full = everything.take(learnt_from)
    screened = screen(full, options.after, options.allow)
    leads = full.only(set(screened.allowed))
    if not leads.columns:
        raise Invalid("every column was refused; see docs/calibration.md, and overrule with --allow COLUMN")
    plan = Plan(options.folds, options.repeats, options.seed, options.most_points, _constraints(options, leads))
    sizes = sorted({min(COMPACT, options.max_rules), options.max_rules})
    say(f"{len(leads):,} leads, {len(leads.columns)} columns; validating on {plan.repeats} × {plan.folds} folds")
    validated = validate(leads, sizes, plan, say)
    model = learn(leads, sizes, plan.most_points, plan.constraints, plan.seed)[options.max_rules]
    main = validated[options.max_rules]
    chance = chance_of(model, main.chances, leads.won)
    rules, cut, short = lifted(written(model.rules, leads), cuts(chance, model.score, options.costs))
    proofs = evidence(leads, model, main, options.seed)
    compared = Compared(
        yardsticks(leads, plan),
        _other_score(full, screened),
        None if base is None else auc(full.won, production.points(base.rules, full)),
        _auc_of_unseen(model, everything, screened, unseen),
    )
    pays = chance.of(np.array([float(cut.hot - _lift(rules))]))[0] >= (options.costs.hot_chance or 0) - 1e-9
    hot_share = float(np.mean(model.score + _lift(rules) >= cut.hot))
    doubts = [
        *_notes(everything, len(leads), base, short, hot_share),
        *_unpaid(bool(pays)),
        *warnings(leads, screened, rules, proofs, main),
    ]
    return Calibrated(
        options, leads, screened, model, chance, validated, rules, proofs, cut, _lift(rules),
        document(rules, cut, base.body if base else None), compared, doubts, base,
    )  # fmt: skip


def _sampled(data: Outcomes, seed: int) -> tuple[Any, Any]:
    rows = np.random.default_rng(seed).permutation(len(data))
    if len(rows) <= MOST_LEARNT:
        return np.arange(len(data)), rows[:0]
    return np.sort(rows[:MOST_LEARNT]), np.sort(rows[MOST_LEARNT : MOST_LEARNT + MOST_UNSEEN])


def _constraints(options: Options, leads: Outcomes) -> Constraints:
    return Constraints(
        {
            _column_position(leads, name, "--monotone", number=True): _meaning("--monotone", name, word, _DIRECTIONS)
            for name, word in map(_halves, options.monotone)
        },
        {
            _column_position(leads, name, "--sign"): _meaning("--sign", name, word, _SIGNS)
            for name, word in map(_halves, options.signs)
        },
    )


def _halves(text: str) -> tuple[str, str]:
    name, _, word = text.rpartition("=")
    return name.strip(), word.strip()


def _meaning(option: str, name: str, word: str, meanings: Mapping[str, int]) -> int:
    if word not in meanings:
        raise Invalid(f"{option} {name}={word}: write {option} COLUMN={' or COLUMN='.join(meanings)}")
    return meanings[word]


def _column_position(leads: Outcomes, name: str, option: str, number: bool = False) -> int:
    for position, column in enumerate(leads.columns):
        if fold(name) in (fold(column.name), column.path):
            if number and not column.is_number:
                raise Invalid(f"{option}: {column.name!r} holds text; only numbers can rise or fall")
            return position
    used = ", ".join(column.name for column in leads.columns)
    raise Invalid(f"{option}: {name!r} is not among the columns that are used: {used}")


def _other_score(full: Outcomes, screened: Screened) -> float | None:
    """AUC of the sum of another tool's scores, on leads that have all of them."""
    names = {one.column for one in screened.rejected if one.rule == "other-score"}
    numbers = [column for column in full.columns if column.name in names and column.is_number]
    if not numbers:
        return None
    total: Floats = np.sum([column.values for column in numbers], axis=0)
    known = ~np.isnan(total)
    return auc(full.won[known], total[known]) if known.sum() > 1 else None


def _auc_of_unseen(model: Learnt, everything: Outcomes, screened: Screened, rows: Any) -> float | None:
    if not len(rows):
        return None
    data = everything.take(rows).only(set(screened.allowed))
    return auc(data.won, model.points(data))


def _lift(rules: Sequence[Written]) -> int:
    return sum(rule.points for rule in rules if rule.turned)


def _notes(everything: Outcomes, learnt: int, base: Base | None, short: bool, hot_share: float) -> list[Warned]:
    result = [Warned("input", "", note) for note in everything.notes]
    if learnt < len(everything):
        text = f"rules are learnt from {learnt:,} leads drawn from {len(everything):,}; others were used as unseen ones"
        result.append(Warned("sample", "", text))
    if hot_share > _MOST_HOT:
        text = (
            f"{hot_share:.0%} of the leads are hot: at these costs it pays to call nearly everybody; if sales cannot,"
            " give the share it can call (--most-called 0.2)"
        )
        result.append(Warned("cuts", "", text))
    if short:
        text = "at these costs a lead of any score is worth a call: hot begins at 1"
        result.append(Warned("cuts", "", text))
    if base is not None:
        result += _notes_on(base)
    return result


def _unpaid(pays: bool) -> list[Warned]:
    if pays:
        return []
    text = "no score promises that a call pays for itself at these costs; hot is the highest score there was"
    return [Warned("cuts", "", text)]


def _notes_on(base: Base) -> list[Warned]:
    result = []
    if base.activity_rules:
        text = f"rules about activities are not in the history and not in the result: {', '.join(base.activity_rules)}"
        result.append(Warned("not-learnt", "", text))
    if "at_least" in str(base.body.get("phases")):
        text = f"phases are taken over from {base.where}; their totals were made for other points: look at them again"
        result.append(Warned("phases", "", text))
    return result
