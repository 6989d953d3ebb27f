"""What one open or click shows by itself: from an event to a `Hit` of the evidence. Pure."""

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network

from sodate.consent.links import is_ours
from sodate.email.content.hidden_link import is_hidden
from sodate.email.events.event import Client, EmailEvent
from sodate.email.events.known_robots import APPLE_PREFETCH_AGENT, IMAGE_PROXIES, ROBOT_AGENTS, SCANNER_NETWORKS
from sodate.email.ledger.engagement import NO_SIGNS, Hit, Sign

_NETWORKS = tuple(ip_network(text) for text in SCANNER_NETWORKS)
_TENTH = timedelta(milliseconds=100)
_LATEST = 10**9


def hit_of(event: EmailEvent, accepted: datetime) -> Hit:
    """`accepted`: when SES accepted the email. The verdict is still open."""
    client = event.client or Client()
    is_click = event.type == "Click"
    return Hit(
        "c" if is_click else "o",
        event.key,
        max(-_LATEST, min(tenths(event.at - accepted), _LATEST)),
        link=_mark(event.link or "") if is_click else "",
        client=_mark(event.message_id, client.address, client.user_agent),
        signs=signs_of(client, event.link if is_click else None),
    )


def tenths(span: timedelta) -> int:
    return span // _TENTH


def signs_of(client: Client, link: str | None) -> Sign:
    """`link`: of a click."""
    signs = _signs_of_agent(client.user_agent.strip().lower(), is_click=link is not None)
    if client.method == "HEAD":
        signs |= Sign.HEAD
    if client.is_automated:
        signs |= Sign.SES_SAYS_ROBOT
    if _is_in_scanner_network(client.address):
        signs |= Sign.SCANNER_NETWORK
    if link is not None and is_hidden(link):
        signs |= Sign.HIDDEN_LINK
    elif link is not None and is_ours(link):
        signs |= Sign.OWN_LINK
    return signs


def _signs_of_agent(agent: str, *, is_click: bool) -> Sign:
    if any(part in agent for part in IMAGE_PROXIES):
        return Sign.IMAGE_PROXY
    if agent == APPLE_PREFETCH_AGENT:
        return Sign.ROBOT_AGENT if is_click else Sign.APPLE_PREFETCH  # no browser is named so
    if not agent or any(part in agent.replace("cubot", "") for part in ROBOT_AGENTS):  # a maker of phones
        return Sign.ROBOT_AGENT
    return NO_SIGNS


@lru_cache(maxsize=4096)
def _is_in_scanner_network(address: str) -> bool:
    try:
        found = ip_address(address.strip())
    except ValueError:
        return False
    return any(found in network for network in _NETWORKS)


def _mark(*parts: str) -> str:
    """Four hex digits: enough to tell a few apart, too few to find out what they were made of."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:4]
