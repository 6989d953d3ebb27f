"""Cross-validation of the whole procedure.

Thresholds, groups, choice of rules and points are learnt anew in each training fold; held-out leads are only scored.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from warnings import catch_warnings, simplefilter

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from calibration.learn import Ensemble, Learnt, Rule, learn
from calibration.select import Constraints
from calibration.table import Floats, Ints, Outcomes

Signature = tuple[frozenset[str], bool]


@dataclass(frozen=True)
class Plan:
    folds: int
    repeats: int
    seed: int
    most_points: int
    constraints: Constraints


@dataclass
class Validated:
    """Of one size. `by_fold`: AUC of each held-out fold, shuffle after shuffle; `pooled`: one AUC a shuffle, by chance.

    `chances` and `fold` are of the first shuffle, each lead judged by the rule set that did not see it.
    """

    by_fold: list[list[float]] = field(default_factory=list)
    pooled: list[float] = field(default_factory=list)
    learnt_from: list[float] = field(default_factory=list)
    chances: Floats = field(default_factory=lambda: np.empty(0))
    picked: Counter[Signature] = field(default_factory=Counter)
    models: int = 0

    @property
    def auc(self) -> float:
        return fmean(auc for aucs in self.by_fold for auc in aucs)

    def summary(self) -> dict[str, object]:
        shuffles = [fmean(aucs) for aucs in self.by_fold]
        return {
            "mean": round(self.auc, 4),
            "by_shuffle": [round(auc, 4) for auc in shuffles],
            "sd_of_folds": round(pstdev([auc for aucs in self.by_fold for auc in aucs]), 4),
            "pooled": round(fmean(self.pooled), 4),
            "pooled_by_shuffle": [round(auc, 4) for auc in self.pooled],
            "on_the_leads_learnt_from": round(fmean(self.learnt_from), 4),
        }


def validate(data: Outcomes, sizes: Sequence[int], plan: Plan, say: Callable[[str], None]) -> dict[int, Validated]:
    """Repeated k-fold of the whole procedure; `say` receives one line per shuffle."""
    result = {size: Validated() for size in sizes}
    for shuffle in range(plan.repeats):
        chances = {size: np.empty(len(data)) for size in sizes}
        for one in result.values():
            one.by_fold.append([])
        for there, here in splits(data, plan, shuffle):
            learnt = learn(data.take(there), sizes, plan.most_points, plan.constraints, plan.seed)
            unseen = data.take(here)
            for size, model in learnt.items():
                score = model.points(unseen)
                chances[size][here] = model.chances(score)
                _note(result[size], model, data, data.won[there], auc(unseen.won, score))
        for size, one in result.items():
            one.pooled.append(auc(data.won, chances[size]))
            one.chances = chances[size] if shuffle == 0 else one.chances
        most = result[max(sizes)]
        say(f"shuffle {shuffle + 1} of {plan.repeats}: mean AUC of {plan.folds} folds {fmean(most.by_fold[-1]):.4f}")
    return result


def _note(one: Validated, model: Learnt, data: Outcomes, won: Floats, unseen_auc: float) -> None:
    one.by_fold[-1].append(unseen_auc)
    one.learnt_from.append(auc(won, model.score))
    one.picked.update({signature(rule, data) for rule in model.rules})
    one.models += 1


def signature(rule: Rule, data: Outcomes) -> Signature:
    """Two rules are of a kind when they are about the same attributes and both give, or both cost, points."""
    return frozenset(data.columns[test.column].path for test in rule.tests), rule.points > 0


def splits(data: Outcomes, plan: Plan, shuffle: int) -> list[tuple[Ints, Ints]]:
    folds = StratifiedKFold(plan.folds, shuffle=True, random_state=plan.seed + shuffle)
    return list(folds.split(data.won, data.won))


def yardsticks(data: Outcomes, plan: Plan) -> dict[str, float]:
    """Mean AUC over the folds of the first shuffle for models that are not readable, as benchmarks."""
    result: dict[str, list[float]] = {"gradient_boosting": [], "logistic_regression": []}
    for there, here in splits(data, plan, 0):
        seen, unseen = data.take(there), data.take(here)
        result["gradient_boosting"].append(auc(unseen.won, Ensemble(seen, plan.constraints, plan.seed)(unseen)))
        result["logistic_regression"].append(auc(unseen.won, _logistic(seen, unseen)))
    return {name: round(fmean(aucs), 4) for name, aucs in result.items()}


def _logistic(seen: Outcomes, unseen: Outcomes) -> Floats:
    """One weight for each value, and for each of ten bins of a number: what a plain scorecard does."""
    numbers = [position for position, column in enumerate(seen.columns) if column.is_number]
    texts = [position for position, column in enumerate(seen.columns) if not column.is_number]
    bins = KBinsDiscretizer(10, encode="onehot", strategy="quantile", quantile_method="averaged_inverted_cdf")
    model = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="constant", fill_value=-1.0), bins), numbers),
            (OneHotEncoder(handle_unknown="ignore", min_frequency=5), texts),
        ),
        LogisticRegression(C=1.0, max_iter=500),
    )
    here, there = (
        np.column_stack([column.values if column.is_number else column.codes for column in part.columns])
        for part in (unseen, seen)
    )
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # fewer bins than asked for is what a number of few values should have
        result: Floats = model.fit(there, seen.won).predict_proba(here)[:, 1]
    return result


def auc(won: Floats, by: Floats) -> float:
    return float(roc_auc_score(won, by)) if 0 < won.sum() < len(won) else 0.5
