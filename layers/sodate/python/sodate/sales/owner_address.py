"""The email address of the owner of a lead, for what is sent to owners from other rooms."""

from collections.abc import Callable

from sodate.errors import NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.sales.definition import Sales


def owner_addresses(definitions: Definitions) -> Callable[[str | None], str | None]:
    """A function of the owner's id. The default owner's address for no or an unknown id; None without a sales team."""

    def address_of(owner: str | None) -> str | None:
        try:
            return parsed(definitions.live("sales"), Sales).owner(owner).email
        except NotFound:
            return None

    return address_of
