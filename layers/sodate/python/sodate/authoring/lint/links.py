"""Links and images of an email: http(s), mailto or tel, never a target taken from an answer of a form."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from sodate.authoring.compile.liquid_guard import BRAND_COLOR, IN_STYLE, LIQUID
from sodate.authoring.compile.text_part import parse_html
from sodate.authoring.lint.context import Context, Mail
from sodate.authoring.lint.reader import rendered
from sodate.messages import Message
from sodate.playbook.problem import Problem

_OWN = re.compile(r"^\{\{-?\s*(unsubscribe_url|preferences_url|opt_in_url|sender\.website)\s*-?\}\}$")
#: The company's own playbook has them, and demands https.
_LOGO = re.compile(r"^\{\{-?\s*brand\.logo\s*-?\}\}$")
_URL_OF = re.compile(r"^\{\{-?\s*(\w+)\.url\s*-?\}\}$")
_LOOP = re.compile(r"\{%-?\s*(?:for|tablerow)\s+(\w+)\s+in\s+([\w.]+)")
_BINDING = re.compile(r"\{%-?\s*(?:assign|capture)\s+(\w+)")
_MAIL_OR_TELEPHONE = re.compile(
    r"^(mailto:[^\s{}@?]+@[^\s{}@?]+\.[^\s{}@?]+(\?[^\s{}]*)?|tel:\+?[0-9().-]{3,25})$", re.I
)
_PLAIN = re.compile(r"^https?://[^/?#\s{}]+([/?#].*)?$", re.IGNORECASE | re.DOTALL)
#: Their targets can be changed after the mail has left, so spam filters distrust them.
# fmt: off
SHORTENERS = frozenset((
    "bit.ly", "bitly.com", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "s.id",
    "shorturl.at", "soo.gd", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "urlzs.com", "ux.nu", "v.gd", "x.gd",
))
# fmt: on
#: RFC 6761 and RFC 2606: reserved names, and names of the local machine.
_NOWHERE = re.compile(r"(^|\.)(localhost|local|test|invalid|internal|example|example\.(com|net|org)|lan|home\.arpa)$")
_ACTIVE = {"script", "iframe", "object", "embed", "form", "input", "button", "base", "applet"}
_HINT = Message("write https://…, `{{ unsubscribe_url }}` or `{{ opt_in_url }}`")


def links_lead_where_we_say(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        own = _loops_over_brand_links(mail.template.html)
        for attribute, target in _targets(mail):
            wrong = "" if _is_of_brand(attribute, target, own) else _why_wrong(attribute, target)
            if wrong:
                yield mail.at(target, Message("`{name}` {wrong}", name=target[:80], wrong=wrong), _HINT, "link")


def _targets(mail: Mail) -> Iterator[tuple[str, str]]:
    seen = set()
    for node in parse_html(mail.template.html).iter():
        if not isinstance(node.tag, str):
            continue
        for attribute in ("href", "src", "background", "action", "poster"):
            target = (node.get(attribute) or "").strip()
            if target and (attribute, target) not in seen:
                seen.add((attribute, target))
                yield attribute, target


def _is_of_brand(attribute: str, target: str, own: set[str]) -> bool:
    link = _URL_OF.match(target)
    return (
        bool(_LOGO.match(target)) if attribute == "src" else attribute == "href" and link is not None and link[1] in own
    )


def _loops_over_brand_links(html: str) -> set[str]:
    """Names of loop variables that are links of `brand` wherever they have a value."""
    loops = set(_LOOP.findall(html))
    other = {name for name, what in loops if what != "brand.links"} | set(_BINDING.findall(html))
    return {name for name, what in loops if what == "brand.links"} - other


def _why_wrong(attribute: str, target: str) -> str:
    if target.startswith("#"):
        return ""
    if attribute == "href" and (_OWN.match(target) or _MAIL_OR_TELEPHONE.match(target)):
        return ""
    if re.match(r"^(mailto|tel):", target, re.IGNORECASE):
        return Message("is no mail address and no telephone number")
    if _PLAIN.match(target):
        return _why_unreachable(target)
    if target.startswith("{{") or re.match(r"^https?://[^/?#]*\{[{%]", target):
        return Message("lets a merge field decide where the link goes")
    scheme = target.split(":")[0] if ":" in target else ""
    return (
        Message("has the scheme `{scheme}`, which mail must not have", scheme=scheme)
        if scheme
        else Message("is not a full address")
    )


def _why_unreachable(target: str) -> str:
    try:
        parts = urlsplit(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "zz", target, flags=re.DOTALL))
        host, _ = (parts.hostname or "").rstrip("."), parts.port
        host.encode("idna")
    except (ValueError, UnicodeError):
        return Message("is no well-formed address")
    if parts.username is not None or "\\" in target or re.search(r"\s", parts.netloc + parts.path):
        return Message("is no well-formed address")
    if _is_nowhere(host):
        return Message("leads to a machine that no reader can reach")
    return Message("hides its target behind a link shortener") if host.removeprefix("www.") in SHORTENERS else ""


def _is_nowhere(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host or _NOWHERE.search(host) is not None


def no_liquid_is_left_in_a_link(context: Context) -> Iterator[Problem]:
    """`{ { x }}` or an encoded `%7B%7B` is no merge field: it would be sent unchanged."""
    for mail in context.finished():
        left = {
            target for reader in rendered(context, mail) for target in links_of(reader.html) if _LEFT.search(target)
        }
        for target in sorted(left):
            message = Message("`{target}` still has braces when the mail is filled in", target=target[:80])
            yield mail.at(target, message, Message("write `{{ … }}` without spaces between the braces"), "link-liquid")


_LEFT = re.compile(r"[{}]|%7b|%7d", re.IGNORECASE)


def links_of(html: str) -> list[str]:
    return [str(node.get("href")) for node in parse_html(html).iter("a") if node.get("href")]


def nothing_active(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        for node in parse_html(mail.template.html).iter():
            if not isinstance(node.tag, str):
                continue
            if node.tag in _ACTIVE:
                yield mail.at(
                    f"<{node.tag}",
                    Message("<{tag}> does not work in mail", tag=node.tag),
                    Message("remove it"),
                    "active-content",
                )
            style = BRAND_COLOR.sub("", node.get("style") or "")
            if "{{" in style or "{%" in style:
                piece = next(iter(LIQUID.findall(style)), "style")
                message = Message(
                    "`{piece}` decides how the mail looks; a stranger's answer could hide the footer", piece=piece[:60]
                )
                yield mail.at(piece, message, IN_STYLE, "active-content")
            for name in node.attrib:
                if str(name).lower().startswith("on"):
                    yield mail.at(
                        str(name),
                        Message("`{name}` does not work in mail", name=name),
                        Message("remove it"),
                        "active-content",
                    )


RULES = (links_lead_where_we_say, no_liquid_is_left_in_a_link, nothing_active)
