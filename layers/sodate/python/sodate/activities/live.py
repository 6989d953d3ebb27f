"""The activities that the live playbook declares, and those that it ever declared."""

from collections.abc import Iterable

from sodate.activities.declared import NOTHING_DECLARED, DeclaredActivities
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, bodies_back, parsed


def declared_activities(definitions: Definitions) -> DeclaredActivities:
    """Nothing where the playbook has no activities.yaml.

    Raises: `DefinitionUnreadable`.
    """
    try:
        stored = definitions.live("activities")
    except NotFound:
        return NOTHING_DECLARED
    return parsed(stored, DeclaredActivities)


def never_declared(names: Iterable[str]) -> list[str]:
    """Those that no version of activities.yaml ever declared. Nothing is read for none.

    Not only the live version: an activity may leave the playbook while an older definition that names it is in force,
    for years where leads are in a version of a scenario. What was never declared is of a newer release.
    """
    left = set(names)
    for body in bodies_back("activities") if left else ():
        left -= {str(one.get("id")) for one in body.get("activities", ())}
        if not left:
            break
    return sorted(left)
