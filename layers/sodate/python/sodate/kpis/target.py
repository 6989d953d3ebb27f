"""Targets of KPIs per period, from `kpis.yaml`. Pure.

Whether a KPI exists, and in this scope, is a rule of `playbook check`: a stored version stays readable, and a target of
what a release does not know stands beside no figure.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.kpis import formula
from sodate.kpis.catalog import BY_NAME
from sodate.kpis.definition import Unit
from sodate.kpis.formula import NotDefined, Value
from sodate.messages import Message
from sodate.money import DIGITS
from sodate.playbook.model import Definition

Scope = Annotated[str, StringConstraints(pattern=r"^(all|[a-z_]{1,20}:.{1,250})$")]


class KpiTarget(Definition):
    """One target: a value that the KPI is to reach, or not to exceed, in each week, month, quarter or year."""

    kpi: str = Field(description="Name of a KPI (docs/kpis.md), for example `open_rate`.")
    period: Literal["week", "month", "quarter", "year"] = Field(
        default="month", description="Of the calendar in the sender's time zone; a week begins on Monday."
    )
    value: float = Field(
        gt=0, le=1e12, description="In the KPI's unit: 25 is 25 % for a rate, yen or dollars for money."
    )
    at_most: bool = Field(default=False, description="The KPI is not to exceed the value (costs, bounces).")
    scope: Scope = Field(default="all", description="`all`, or one scope, for example `template:welcome`.")

    def smallest(self, currency: str) -> float:
        """The value as figures have it: money in the smallest unit of `currency`, anything else as it is written."""
        is_money = self.kpi in BY_NAME and BY_NAME[self.kpi].unit is Unit.MONEY
        return self.value * 10 ** DIGITS.get(currency, 0) if is_money else self.value

    def attainment(self, value: Value, currency: str = "") -> Value:
        """Percent of the target; of one that is not to be exceeded, target ÷ value. `currency`: of a value in money."""
        goal = self.smallest(currency)
        if not self.at_most or isinstance(value, NotDefined):
            return formula.attainment(value, goal)
        return formula.percent(goal, value.value)


class KpiTargets(Definition):
    """`kpis.yaml`."""

    targets: tuple[KpiTarget, ...] = Field(
        default=(), max_length=500, description="At most one per KPI, period, scope."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [(one.kpi, one.period, one.scope) for one in self.targets]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(
                    Message(
                        "`targets` has two for {kpi}, {period}, {scope}: keep one",
                        kpi=key[0],
                        period=key[1],
                        scope=key[2],
                    )
                )
        return self

    def find(self, kpi: str, period: str | None, scope: str) -> KpiTarget | None:
        found = (one for one in self.targets if (one.kpi, one.period, one.scope) == (kpi, period, scope))
        return next(found, None)
