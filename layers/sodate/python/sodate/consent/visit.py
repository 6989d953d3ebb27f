"""A visit of a signed link: verified, or answered with a page that says why it does not work and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sodate.errors import Invalid, NotFound
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state
from sodate.signing import Signer
from sodate.web import pages
from sodate.web.http import Response, broken_link


@dataclass(frozen=True)
class Visits:
    """`issuer` names the sender on each page. `topics`: (id, name, description) of the playbook."""

    signer: Signer
    issuer: pages.Issuer = field(default_factory=pages.Issuer)
    topics: tuple[tuple[str, str, str], ...] = ()

    def visit(
        self,
        link: tuple[str, str],
        preferred: str,
        now: datetime,
        act: Callable[[Mapping[str, Any], ContactState], Response],
    ) -> Response:
        """`link`: purpose and token. `preferred`: the browser's language, used when the lead's is unknown."""
        try:
            payload = self.signer.verify(*link, now)
            state = find_state(str(payload["l"]))
            if state is None:
                raise NotFound("erased")
            return act(payload, state)
        except (Invalid, NotFound) as error:
            name = error.code if isinstance(error, Invalid) else "link_expired"
            return broken_link(pages.message(name, preferred, self.issuer))

    def topic_name(self, topic: str) -> str:
        """Empty for a topic that the playbook no longer has."""
        return next((name for id_, name, _ in self.topics if id_ == topic), "")
