"""The live `tracking.yaml`."""

from sodate.playbook.store import Definitions, derived, parsed
from sodate.tracking.definition import Site, Tracking


def live_site(definitions: Definitions) -> Site:
    """Raises: `NotFound` when the playbook has no `tracking.yaml`."""
    stored = definitions.live("tracking")
    return derived(stored, Site, lambda: Site(parsed(stored, Tracking)))
