"""Statistical evidence for each rule, and warnings for the reviewer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration import leakage
from calibration.candidates import Test
from calibration.leakage import Screened, words
from calibration.learn import Learnt
from calibration.logistic import fit
from calibration.ruleset import Written
from calibration.select import RIDGE
from calibration.table import Column, Floats, Outcomes
from calibration.validate import Validated, signature

_RESAMPLES = 40
#: A rule whose attributes are chosen in a smaller share of the models than this is a chance result.
_SELDOM = 0.3
_EVENTS_PER_RULE = 10
_FEW_LEADS, _OPTIMISM = 1_000, 0.03


@dataclass(frozen=True)
class Evidence:
    """`low` and `high`: points in 90 % of resampled histories. `picked`: share of the models that chose such a rule."""

    leads: int
    won: int
    rate: float
    low: int
    high: int
    picked: float

    @property
    def unstable(self) -> str:
        """Why the rule is unstable; empty if it is stable."""
        if self.low <= 0 <= self.high:
            return (
                f"its points lie between {self.low} and {self.high} when the history is resampled: the sign is not sure"
            )
        if self.picked < _SELDOM:
            return f"only {self.picked:.0%} of the cross-validation's models chose a rule about these attributes"
        return ""


@dataclass(frozen=True)
class Warned:
    """`about`: a column, a rule's id, or empty."""

    kind: str
    about: str
    text: str


def evidence(data: Outcomes, model: Learnt, validated: Validated, seed: int) -> list[Evidence]:
    matches = np.column_stack([rule.holds(data) for rule in model.rules]).astype(np.float64)
    low, high = _resampled(matches, data.won, model, seed)
    result = []
    for position, rule in enumerate(model.rules):
        about = matches[:, position] > 0
        picked = validated.picked[signature(rule, data)] / max(validated.models, 1)
        won = int(data.won[about].sum())
        leads = int(about.sum())
        result.append(Evidence(leads, won, won / max(leads, 1), int(low[position]), int(high[position]), picked))
    return result


def _resampled(matches: Floats, won: Floats, model: Learnt, seed: int) -> tuple[Floats, Floats]:
    """5 % and 95 % quantiles of the points when the weights are refitted on resampled leads (bootstrap)."""
    random = np.random.default_rng(seed)
    scale = max(abs(rule.points) for rule in model.rules) / max(abs(rule.weight) for rule in model.rules)
    start = np.append(0.0, [rule.weight for rule in model.rules])
    points = []
    for _ in range(_RESAMPLES):
        rows = random.integers(0, len(won), len(won))
        points.append(fit(matches[rows], won[rows], RIDGE, start=start).weights * scale)
    low, high = np.quantile(np.array(points), [0.05, 0.95], axis=0)
    return np.rint(low), np.rint(high)


def warnings(
    data: Outcomes, screened: Screened, rules: Sequence[Written], proofs: Sequence[Evidence], validated: Validated
) -> list[Warned]:
    """Warnings in review order."""
    result = [Warned("leakage-suspect", one.column, one.reason) for one in screened.suspects]
    for rule, proof in zip(rules, proofs, strict=True):
        result += _protected_attributes(rule, data)
        if proof.unstable:
            result.append(Warned("unstable-rule", rule.id, proof.unstable))
    return [*result, *_amount(data, len(rules), validated)]


def _protected_attributes(rule: Written, data: Outcomes) -> list[Warned]:
    result = []
    for test in rule.rule.tests:
        column = data.columns[test.column]
        if protected := _protected(test, column):
            text = f"judges people by what is protected ({protected}); may you do that, and do you want to?"
            result.append(Warned("protected-attribute", rule.id, text))
        elif leakage.PROXY.search(words(column.name)):
            text = f"{column.name} may stand for nationality, language or origin; is there a business reason?"
            result.append(Warned("proxy-attribute", rule.id, text))
    return result


def _protected(test: Test, column: Column) -> str:
    """The column or value that reveals sex, age, belief or another protected attribute; else empty."""
    if leakage.PROTECTED.search(words(column.name)):
        return column.name
    values = [column.levels[code] for code in test.levels]
    return next((f"{column.name}: {value}" for value in values if leakage.PROTECTED.search(words(value))), "")


def _amount(data: Outcomes, rules: int, validated: Validated) -> list[Warned]:
    result = []
    rarer = int(min(data.won.sum(), len(data) - data.won.sum()))
    if len(data) < _FEW_LEADS or rarer < _EVENTS_PER_RULE * rules:
        text = (
            f"{len(data):,} leads, {rarer:,} of the rarer outcome, {rules} rules: at least {_FEW_LEADS:,} leads and"
            f" {_EVENTS_PER_RULE} of the rarer outcome for each rule are wanted; try fewer rules (--max-rules)"
        )
        result.append(Warned("little-data", "", text))
    learnt = sum(validated.learnt_from) / max(len(validated.learnt_from), 1)
    if learnt - validated.auc > _OPTIMISM:
        text = f"AUC {learnt:.3f} on the leads learnt from, {validated.auc:.3f} on unseen ones: learnt partly by heart"
        result.append(Warned("overfit", "", text))
    return result
