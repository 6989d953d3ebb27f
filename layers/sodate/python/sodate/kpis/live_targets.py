"""The targets of the live playbook."""

from sodate.errors import NotFound
from sodate.kpis.target import KpiTargets
from sodate.playbook.store import Definitions, parsed


def live_targets(definitions: Definitions) -> KpiTargets:
    """None where the playbook has no kpis.yaml. Raises: `DefinitionUnreadable`."""
    try:
        return parsed(definitions.live("kpis"), KpiTargets)
    except NotFound:
        return KpiTargets()
