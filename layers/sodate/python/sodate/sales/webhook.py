"""One signed POST to a webhook (Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`).

The URL comes from the playbook and is still treated as untrusted: only public addresses outside the local stage, the
connection goes to the checked IP address, and redirects are not followed (SSRF, DNS rebinding).
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3

from sodate.errors import Invalid, Transient
from sodate.messages import Message

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PREFIX = "whsec_"
_TIMEOUT = urllib3.Timeout(connect=3, read=5)


@dataclass(frozen=True)
class Post:
    url: str
    message_id: str
    body: bytes
    headers: dict[str, str]


def keys_of(secret: str) -> list[bytes]:
    """Keys separated by spaces, newest first: during a key rotation each message has both signatures.

    `whsec_` and base64 as Standard Webhooks writes a key; another text is the key itself, which a library of Standard
    Webhooks takes as `whsec_` and the base64 of that text.

    Raises: `Invalid` for an empty or undecodable secret.
    """
    keys = []
    for written in secret.split():
        try:
            encoded = written.removeprefix(_PREFIX)
            keys.append(written.encode() if encoded == written else base64.b64decode(encoded, validate=True))
        except ValueError as error:
            raise Invalid(Message("the webhook secret is not `whsec_` and base64"), "webhook") from error
    if not keys or not all(keys):
        raise Invalid(Message("the webhook secret is empty"), "webhook")
    return keys


def sign(url: str, message_id: str, payload: dict[str, Any], secret: str, now: datetime) -> Post:
    body = json.dumps(payload, ensure_ascii=False).encode()
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys_of(secret)]
    headers = {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
        "user-agent": "sodate",
    }
    return Post(url, message_id, body, headers)


def deliver(post: Post, *, allow_private: bool) -> int:
    """Post once; the HTTP status, always 2xx.

    Raises: `Transient` for failures worth a retry, `Invalid` for permanent ones.
    """
    try:
        parts = urlsplit(post.url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Invalid(Message("the webhook is no address: {error}", error=error), "webhook") from error
    if not host or (parts.scheme != "https" and not allow_private):
        raise Invalid(Message("the webhook must be an https address"), "webhook")
    address = host if allow_private else public_address(host, port)
    if not allow_private and ":" in address:
        raise Invalid(Message("the webhook has no IPv4 address; a function has no way out over IPv6"), "webhook")
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        reply = pool(parts.scheme, address, port, host).request(
            "POST",
            target,
            body=post.body,
            headers={**post.headers, "host": parts.netloc.rsplit("@", 1)[-1]},
            redirect=False,
            retries=False,
            timeout=_TIMEOUT,
            preload_content=False,  # the answer's body is not read, whatever its size
        )
        reply.close()
    except urllib3.exceptions.HTTPError as error:
        raise Transient(Message("the webhook did not answer: {name}", name=type(error).__name__)) from error
    if 200 <= reply.status < 300:
        return int(reply.status)
    if reply.status in (408, 425, 429) or reply.status >= 500:
        raise Transient(Message("the webhook answered {status}", status=reply.status))
    raise Invalid(
        Message("the webhook answered {status}; check its address in the playbook", status=reply.status), "webhook"
    )


def pool(scheme: str, address: str, port: int, host: str) -> urllib3.HTTPConnectionPool:
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(address, port, server_hostname=host, assert_hostname=host)
    return urllib3.HTTPConnectionPool(address, port)


def public_address(host: str, port: int) -> str:
    """An address of the host, IPv4 if it has one.

    Raises: `Invalid` when any address is not public, `Transient` when the lookup fails.
    """
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise Transient(Message("the host has no address: {error}", error=error)) from error
    except UnicodeError as error:
        raise Invalid(Message("this can be no host name"), "webhook") from error
    if not addresses or not all(is_public(address) for address in addresses):
        raise Invalid(Message("this host is in a private network"), "webhook")
    return str(min(map(ipaddress.ip_address, addresses), key=lambda one: (one.version, int(one))))


def is_public(address: str) -> bool:
    """IPv6 can embed an IPv4 address (mapped, 6to4, NAT64): the embedded one must be public as well."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed.is_global and not parsed.is_multicast
    inside = parsed.ipv4_mapped or parsed.sixtofour
    if parsed in _NAT64:
        inside = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    if inside is not None:
        return is_public(str(inside))
    return parsed.is_global and not parsed.is_multicast
