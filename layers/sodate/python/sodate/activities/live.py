"""The activities that the live playbook declares."""

from sodate.activities.declared import NOTHING_DECLARED, DeclaredActivities
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, parsed


def declared_activities(definitions: Definitions) -> DeclaredActivities:
    """Nothing where the playbook has no activities.yaml.

    Raises: `DefinitionUnreadable`.
    """
    try:
        stored = definitions.live("activities")
    except NotFound:
        return NOTHING_DECLARED
    return parsed(stored, DeclaredActivities)
