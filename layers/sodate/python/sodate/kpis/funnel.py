"""The stages of the funnel from counts: how many came as far, drop-off, time between stages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sodate.kpis import formula
from sodate.kpis.formula import Value
from sodate.scoring.score_state import FUNNEL


@dataclass(frozen=True)
class FunnelStage:
    """`reached`: of the cohort. `rate`: of those of the stage before. `lost`: of the stage before, went no further."""

    stage: str
    reached: int
    rate: Value
    lost: int
    minutes: Value
    """Mean time since the stage before, of leads that reached this stage in the period."""


def stages_of(counts: Mapping[str, float]) -> list[FunnelStage]:
    stages: list[FunnelStage] = []
    for place, stage in enumerate(FUNNEL):
        reached = int(counts.get(f"cohort_{stage}", 0))
        before = stages[-1].reached if place else reached
        lost = dropped(before, reached)
        minutes = formula.ratio(counts.get(f"minutes_to_{stage}", 0), counts.get(f"reached_{stage}", 0) if place else 0)
        stages.append(FunnelStage(stage, reached, formula.percent(reached, before), lost, minutes))
    return stages


def dropped(before: int, reached: int) -> int:
    """How many of the stage before went no further. Both are of the same leads."""
    return max(0, before - reached)
