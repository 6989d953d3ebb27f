"""Which pages may read an answer (CORS). The function decides, because only it knows the list that is published.

No answer depends on a cookie, so a page that reads a refusal learns nothing: refusals are readable by every page, which
can then say truthfully why a form does not work. Everything else is readable by the listed pages only.
"""

import re
from collections.abc import Collection

from sodate.web.http import Response

#: In a list of origins: a page of the developer's own machine, on any port.
LOCALHOST = "http://localhost:*"
_LOCALHOST = re.compile(r"http://localhost(:[0-9]{1,5})?")
#: Seconds for which a browser remembers a preflight. A page that leaves the list is still refused at its next post.
_MAX_AGE = "3600"
#: Not allowed, and not there (also: closed).
_REFUSALS = (403, 404)


def is_listed(origin: str, origins: Collection[str]) -> bool:
    return origin in origins or (LOCALHOST in origins and _LOCALHOST.fullmatch(origin) is not None)


def preflight(listed: bool) -> Response:
    """The answer to `OPTIONS`. A page that is not listed gets no permission, and its browser sends no post."""
    if not listed:
        return Response(403)
    allowed = {"allow-methods": "GET, POST", "allow-headers": "content-type", "max-age": _MAX_AGE}
    return Response(204, headers={f"access-control-{name}": value for name, value in allowed.items()})


def readable(response: Response, origin: str, listed: bool, is_preflight: bool = False) -> Response:
    """The response with the headers that let the page of `origin` read it, if it may."""
    headers = {**response.headers, "vary": "origin"}
    if listed:
        # The names as the local gateway writes them: it adds its own, and a name in two spellings would stand twice.
        headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "retry-after"}
    elif response.status in _REFUSALS and not is_preflight:
        headers |= {"Access-Control-Allow-Origin": "*"}
    return Response(response.status, response.body, headers, response.is_base64)
