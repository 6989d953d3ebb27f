"""Which pages may send events from a browser."""

from collections.abc import Mapping

from sodate.errors import NotAllowed
from sodate.messages import Message
from sodate.tracking.definition import Site


def check_origin(site: Site, headers: Mapping[str, str]) -> None:
    """A post without an Origin header does not come from a browser; it is accepted, for CORS is not authorisation.

    Raises: `NotAllowed` for an origin that `tracking.yaml` does not list.
    """
    origin = headers.get("origin")
    if origin is not None and origin not in site.tracking.origins:
        raise NotAllowed(
            Message("this page may not send events; add its origin to `origins` in tracking.yaml"), "origin"
        )
