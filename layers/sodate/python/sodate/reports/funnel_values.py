"""Values of the funnel as stages of a report. Pure."""

from collections.abc import Sequence

from sodate.kpis.formula import NotDefined
from sodate.kpis.funnel import FunnelStage
from sodate.reports.funnel import VISITOR, Stage


def stages_in(funnel_stages: Sequence[FunnelStage], visitors: int | None) -> list[Stage]:
    """`visitors`: distinct ones of the period; 0 and None: the stage is left out, for nobody counts them."""
    stages = [
        Stage(one.stage, one.reached, None if isinstance(one.minutes, NotDefined) else one.minutes.value / 60)
        for one in funnel_stages
    ]
    return [*([Stage(VISITOR, visitors)] if visitors else []), *stages]
