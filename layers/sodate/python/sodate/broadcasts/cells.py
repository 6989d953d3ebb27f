"""The cell of a lead in the experiment of a run: one of its variants, or those who wait for the decision. Pure."""

from datetime import datetime

from sodate.broadcasts.broadcast import Broadcast, occurrence_of
from sodate.broadcasts.schedule import instant_for, local_of_variant
from sodate.broadcasts.variants import BroadcastExperiment, Variant
from sodate.conditions.evaluate import random_bucket
from sodate.email.content.template import Template
from sodate.email.delivery.broadcast_message import MAIN
from sodate.email.mailing import Mailing
from sodate.experiments.assignment import variant_at

#: Of a broadcast without an experiment.
_AS_IT_IS = Variant(id="as-it-is")


def cell_of(broadcast: Broadcast, occurrence: str, lead_id: str) -> str | None:
    """None: the broadcast has no experiment. Each run assigns anew: who got a variant once is no fixed group."""
    experiment, run = broadcast.experiment, f"{broadcast.id}/{occurrence}"
    if experiment is None:
        return None
    if random_bucket(f"{run}/sample", lead_id) >= experiment.sample:
        return MAIN
    return variant_at(list(experiment.arms.weights.items()), random_bucket(f"{run}/variant", lead_id))


def cell_and_instant(
    broadcast: Broadcast, mailing: Mailing, local: datetime, lead_id: str, time_zone: str | None
) -> tuple[str | None, datetime]:
    """The instant of leads that wait for the decision is that of the broadcast, without a meaning."""
    cell = cell_of(broadcast, occurrence_of(local), lead_id)
    if cell is not None and cell != MAIN and broadcast.experiment is not None:
        local = local_of_variant(local, broadcast.experiment.variant(cell))
    return cell, instant_for(broadcast, mailing, local, time_zone)


def variants_of(broadcast: Broadcast) -> tuple[Variant, ...]:
    """Of the experiment; without one, the email as it is."""
    return broadcast.experiment.variants if broadcast.experiment is not None else (_AS_IT_IS,)


def with_variant(template: Template, variant: Variant) -> Template:
    return template if variant.subject is None else template.model_copy(update={"subject": variant.subject})


def variant_of(experiment: BroadcastExperiment | None, variant_id: str | None) -> Variant:
    return _AS_IT_IS if experiment is None or variant_id is None else experiment.variant(variant_id)
