"""What a statistics library adds to the analysis of an experiment; it is loaded for this command only.

The decision itself is made from the closed forms of `sodate.experiments`, also on Lambda, which has no such library.
"""

from dataclasses import dataclass
from math import sqrt

from scipy.stats import binomtest, fisher_exact, norm
from sodate.experiments.intervals import Count, Interval

#: Of the smallest difference that is reported as detectable.
_POWER = 0.8


@dataclass(frozen=True)
class Evidence:
    """`p_value`: of Fisher's exact test against the default; None of the default itself. `detectable`: by how much a
    rate must differ from the default's to be found, four times of five, with so many leads looked at once.
    """

    interval: Interval
    p_value: float | None = None
    detectable: float | None = None


def evidence(count: Count, base: Count | None, level: float) -> Evidence:
    """`base`: of the default; None: this is the default."""
    if not count.leads:
        return Evidence(Interval(0.0, 1.0))
    found = binomtest(count.successes, count.leads).proportion_ci(1 - level, method="wilsoncc")
    interval = Interval(float(found.low), float(found.high))
    if base is None or not base.leads:
        return Evidence(interval)
    table = [[one.successes, one.leads - one.successes] for one in (count, base)]
    return Evidence(interval, float(fisher_exact(table).pvalue), _detectable(count, base, level))


def _detectable(count: Count, base: Count, level: float) -> float:
    pooled = (count.successes + base.successes) / (count.leads + base.leads)
    error = sqrt(pooled * (1 - pooled) * (1 / count.leads + 1 / base.leads))
    return float(norm.ppf(1 - level / 2) + norm.ppf(_POWER)) * error
