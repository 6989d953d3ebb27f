"""A link that no person sees or reaches: whoever follows it follows every link. Pure; on when the playbook says so.

It leads to the sender's own site, so that a stray visitor lands somewhere sensible.
"""

import re
from html import escape
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_MARK = "sodate-hidden"
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
#: Not displayed by any client, not reached by the keyboard, not read aloud.
_STYLE = "display:block;width:0;height:0;max-height:0;overflow:hidden;font-size:0;line-height:0;opacity:0;mso-hide:all"


def is_hidden(link: str) -> bool:
    if _MARK not in link:
        return False
    try:
        return any(name == _MARK for name, _ in parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except ValueError:
        return False


def with_hidden_link(html: str, site: str) -> str:
    """`html` with the link at its beginning, where a scanner of the first link finds it. `site`: an http(s) URL."""
    parts = urlsplit(site)
    url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, f"{_MARK}=1"))), fragment=""))
    link = f'<a href="{escape(url)}" style="{_STYLE}" tabindex="-1" aria-hidden="true" rel="nofollow"></a>'
    body = _BODY.search(html)
    at = body.end() if body else 0
    return html[:at] + link + html[at:]
