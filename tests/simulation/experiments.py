"""Thousands of experiments of broadcasts, looked at as production looks: false winners, power, assignment.

Leads, their clicks and the times of their emails are made up; cells, times of looks and the decision are the production
code. In an A/A experiment all variants are the same email, so every winner is a false one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from scipy.stats import chisquare
from sodate.broadcasts.broadcast import Broadcast, local_of
from sodate.broadcasts.cells import cell_of
from sodate.broadcasts.decide_variant import LOOK_AGAIN, first_look, is_complete
from sodate.broadcasts.measure import UNREPORTED
from sodate.broadcasts.schedule import decides_at, exposure, sender_instant
from sodate.email.delivery.broadcast_message import MAIN
from sodate.email.mailing import Mailing
from sodate.experiments.decision import Outcome, Verdict, decide
from sodate.experiments.intervals import Count
from sodate.experiments.look import Look
from sodate.scenarios.advance import ActiveEnrollment
from sodate.scenarios.decide import choose
from sodate.scenarios.steps import SplitStep

OCCURRENCE, LEVEL = "20261204T1000", 0.05
_SENDER = {"name": "n", "from_address": "n@example.jp", "postal_address": "p", "contact": "c"}
MAILING = Mailing.model_validate({"sender": _SENDER, "topics": [{"id": "news", "name": "News"}]})
#: Of an A/B experiment: clicks of the others, of the better variant, and leads per variant.
_BASE, _BETTER, _LEADS = 0.05, 0.08, 1_500
#: Share of emails that a cap delays by hours.
_DELAYED = 0.005


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


def play(seed: int, experiments: int = 2_000, ab_experiments: int = 300) -> Result:
    """`experiments`: A/A experiments of each kind."""
    result, rng = Result(seed), np.random.default_rng(seed)
    for always_valid in (False, True):
        kind = "always_valid" if always_valid else "horizon"
        for number in range(experiments):
            broadcast = _broadcast(f"aa-{seed}-{number}", int(rng.integers(2, 5)), always_valid)
            leads, rate = int(rng.integers(150, 900)), float(rng.choice([0.01, 0.03, 0.08, 0.2]))
            verdict, was_ahead = _decided(rng, broadcast, leads, dict.fromkeys(_variants(broadcast), rate))
            result.figures[f"aa_{kind}"] += 1
            result.figures["aa_peeking_false_winners"] += was_ahead
            result.figures[f"aa_{kind}_false_winners"] += verdict.outcome is Outcome.WINNER
        for number in range(ab_experiments):
            broadcast = _broadcast(f"ab-{seed}-{number}", 2, always_valid)
            verdict, _ = _decided(rng, broadcast, _LEADS, {"v0": _BASE, "v1": _BETTER})
            result.figures[f"ab_{kind}"] += 1
            result.figures[f"ab_{kind}_found"] += verdict.variant == "v1"
            result.figures[f"ab_{kind}_wrong"] += verdict.variant == "v0"
        false = result.figures[f"aa_{kind}_false_winners"]
        result.must(false <= LEVEL * experiments, f"{false} false winners in {experiments} A/A experiments ({kind})")
    _assign(result, seed)
    return result


def _broadcast(name: str, variants: int, always_valid: bool) -> Broadcast:
    experiment: dict[str, Any] = {
        "variants": [{"id": f"v{number}"} for number in range(variants)],
        "default": "v0",
        "sample": 50,
        "metric": "click",
        "decide_after_hours": 4,
        "minimum_per_variant": 50,
        "always_valid": always_valid,
        "level": LEVEL,
    }
    body = {"id": name, "topic": "news", "template": "t", "segment": "s", "once": "2026-12-04T10:00"}
    return Broadcast.model_validate({**body, "experiment": experiment})


def _variants(broadcast: Broadcast) -> list[str]:
    assert broadcast.experiment is not None
    return list(broadcast.experiment.arms.weights)


def _decided(
    rng: np.random.Generator, broadcast: Broadcast, leads: int, rates: dict[str, float]
) -> tuple[Verdict, bool]:
    """The verdict, and whether a design that decides by the interval of one look would have found a winner in any of
    several looks. `leads`: per variant, about.
    """
    experiment, local = broadcast.experiment, local_of(OCCURRENCE)
    assert experiment is not None
    cells = [cell_of(broadcast, OCCURRENCE, f"lead{number}") for number in range(2 * leads * len(rates))]
    sample = np.array([cell for cell in cells if cell != MAIN])
    sent, clicked = _what_happens(rng, sample, rates)
    begins, at = sender_instant(MAILING, local), first_look(broadcast, MAILING, OCCURRENCE)
    latest = decides_at(broadcast, MAILING, local) + timedelta(hours=broadcast.valid_hours)
    peeking, was_ahead = experiment.model_copy(update={"always_valid": False}), False
    while True:
        until = at - UNREPORTED
        look = _look(sample, sent, clicked, until - begins, Look(until, exposure(broadcast, MAILING, local, until)))
        horizon = decides_at(broadcast, MAILING, local)
        at_horizon = until >= latest or (until >= horizon and is_complete(look.open, look.leads))
        verdict = decide(experiment, experiment.arms, look.counts, at_horizon=at_horizon)
        peeked = decide(peeking, experiment.arms, look.counts, at_horizon=True)
        was_ahead |= experiment.always_valid and peeked.outcome is Outcome.WINNER
        if verdict.is_final:
            return verdict, was_ahead
        at += LOOK_AGAIN


def _what_happens(
    rng: np.random.Generator, sample: np.ndarray, rates: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Hours after the beginning at which each lead's email leaves, and at which it clicks (never: infinite).

    A batch of one variant leaves as a whole; leads are unequal in whether and when they click.
    """
    rate = np.array([rates[cell] for cell in sample])
    inclined = rng.gamma(2.0, 0.5, len(sample))
    hours = rng.lognormal(0.0, 1.2, len(sample))
    clicks = rng.random(len(sample)) < np.minimum(0.9, rate * inclined)
    sent = np.zeros(len(sample))
    for variant in rates:
        own = np.flatnonzero(sample == variant)
        batches = np.arange(len(own)) // 50
        sent[own] = rng.uniform(0.0, 0.45, batches.max(initial=0) + 1)[batches]
    delayed = rng.random(len(sample)) < _DELAYED
    sent = np.where(delayed, sent + rng.uniform(1, 12, len(sample)), sent)
    return sent, np.where(clicks, sent + hours, np.inf)


def _look(sample: np.ndarray, sent: np.ndarray, clicked: np.ndarray, until: timedelta, look: Look) -> Look:
    """What `broadcasts.measure` counts."""
    seen, end = look.exposure.total_seconds() / 3600, until.total_seconds() / 3600
    counts = sent + seen <= end
    success = counts & (clicked < sent + seen)
    for variant in np.unique(sample):
        own = sample == variant
        count = Count(int((own & counts).sum()), int((own & success).sum()))
        look = look.counted(str(variant), count, 0, int((own & ~counts).sum()))
    return look


# -- assignment --------------------------------------------------------------------------------------------------------


def _assign(result: Result, seed: int, leads: int = 30_000) -> None:
    """Balance by the weights, independence of sample and variant, and what a change of weights does."""
    names = [f"lead{seed}-{number}" for number in range(leads)]
    broadcast = _broadcast(f"balance-{seed}", 3, always_valid=False)
    cells = Counter(cell_of(broadcast, OCCURRENCE, name) for name in names)
    expected = {MAIN: leads / 2, **{variant: leads / 6 for variant in _variants(broadcast)}}
    p_value = chisquare([cells[cell] for cell in expected], list(expected.values())).pvalue
    result.must(p_value > 0.0005, f"the cells are not balanced: {dict(cells)}")
    arms = dict(_arms(names, (1, 2, 1), {}))
    kept = dict(_arms(names, (7, 1, 2), arms))
    again = dict(_arms(names, (7, 1, 2), {}))
    result.figures["assigned"] = leads
    result.figures["reassigned"] = sum(kept[name] != arms[name] for name in names)
    result.figures["reassigned_without_memory"] = sum(again[name] != arms[name] for name in names)
    result.must(result.figures["reassigned"] == 0, f"{result.figures['reassigned']} leads were reassigned")
    result.must(result.figures["reassigned_without_memory"] > leads / 10, "the new weights had no effect")
    shares = Counter(arms.values())
    p_value = chisquare([shares[arm] for arm in "abc"], [leads / 4, leads / 2, leads / 4]).pvalue
    result.must(p_value > 0.0005, f"the arms do not follow the weights: {dict(shares)}")


@dataclass(frozen=True)
class _Lead:
    id: str
    time_zone: str | None = None

    def attribute(self, path: str) -> None:
        return None

    def holds(self, condition: Any) -> bool:
        return False

    def has_happened(self, trigger: Any, since: datetime, key: Any) -> bool:
        return False


def _arms(names: list[str], weights: tuple[int, ...], known: dict[str, str]) -> Iterator[tuple[str, str]]:
    arms = [{"id": arm, "weight": weight, "then": "end"} for arm, weight in zip("abc", weights, strict=True)]
    step, at = SplitStep.model_validate({"id": "which", "split": arms}), sender_instant(MAILING, local_of(OCCURRENCE))
    for name in names:
        enrollment = ActiveEnrollment("e", 0, at, at, arms={"which": known[name]} if name in known else {})
        yield name, choose(step, "nurture", enrollment, _Lead(name)).arms["which"]
