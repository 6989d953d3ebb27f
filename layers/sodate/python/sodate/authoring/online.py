"""`check --online`: does every linked page answer? Bounded in number and time, and no way into a private network.

Like the sales webhook: the host is resolved once, only a public address is asked, and at the very address that was
checked. Redirects are not followed: a redirect is an answer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import urllib3

from sodate.authoring.check import Checked
from sodate.authoring.lint.context import Context, Mail
from sodate.authoring.lint.links import links_of
from sodate.errors import Invalid, Transient
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.sales import webhook

MOST_LINKS = 100
_TIMEOUT = urllib3.Timeout(connect=3, read=5)
#: Says what is wrong, or nothing.
Ask = Callable[[str], str]


def with_dead_links(checked: Checked, ask: Ask | None = None) -> Checked:
    """Links with a merge field are left out; what cannot be asked now is a warning, never an error."""
    context = Context(checked.playbook, checked.compiled)
    places: dict[str, Mail] = {}
    for mail in context.finished():
        for link in links_of(mail.template.html):
            if link.lower().startswith(("http://", "https://")) and "{" not in link:
                places.setdefault(link, mail)
    links = list(places)[:MOST_LINKS]
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip(links, pool.map(ask or why_dead, links), strict=True))
    found = [_problem(places[link], link, wrong) for link, wrong in answers.items() if wrong]
    return replace(checked, problems=sorted({*checked.problems, *found}))


def _problem(mail: Mail, link: str, wrong: str) -> Problem:
    return mail.at(
        link,
        Message("`{name}` {wrong}", name=link[:80], wrong=wrong),
        Message("correct the link or the page"),
        "link-dead",
        severity="warning",
    )


def why_dead(link: str) -> str:
    """Only what a reader would see as dead: not found, gone, a broken server, or no answer at all."""
    parts = urlsplit(link)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = webhook.public_address(host, port)
        pool = webhook.pool(parts.scheme, address, port, host)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"host": parts.netloc.rsplit("@", 1)[-1], "user-agent": "sodate"}
        reply = pool.request("HEAD", target, headers=headers, redirect=False, retries=False, timeout=_TIMEOUT)
    except Invalid:
        return Message("leads into a private network")
    except (Transient, urllib3.exceptions.HTTPError, UnicodeError) as error:
        return Message("does not answer ({name})", name=type(error.__cause__ or error).__name__)
    return Message("answers {status}", status=reply.status) if reply.status in (404, 410) or reply.status >= 500 else ""
