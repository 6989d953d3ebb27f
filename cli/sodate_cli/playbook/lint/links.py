"""Links and images of a mail: http(s), mail or telephone, never a target that a stranger's answer decides."""

import re
from collections.abc import Iterator

from sodate_cli.playbook.lint.context import Context, Mail
from sodate_cli.playbook.liquid_guard import LIQUID
from sodate_cli.playbook.problem import Problem
from sodate_cli.playbook.text_part import parse_html

_OWN = re.compile(r"^\{\{-?\s*(unsubscribe_url|preferences_url|opt_in_url|sender\.website)\s*-?\}\}$")
_PLAIN = re.compile(r"^https?://[^/?#\s{}]+([/?#].*)?$", re.IGNORECASE | re.DOTALL)
_ACTIVE = {"script", "iframe", "object", "embed", "form", "input", "button", "base", "applet"}
_HINT = "write https://…, `{{ unsubscribe_url }}` or `{{ opt_in_url }}`"


def links_lead_where_we_say(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        for attribute, target in _targets(mail):
            wrong = _why_wrong(attribute, target)
            if wrong:
                yield mail.at(target, f"`{target[:80]}` {wrong}", _HINT, "link")


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


def _why_wrong(attribute: str, target: str) -> str:
    if target.startswith("#"):
        return ""
    if attribute == "href" and (_OWN.match(target) or re.match(r"^(mailto|tel):[^\s{}]+$", target)):
        return ""
    if _PLAIN.match(target):
        return ""
    if target.startswith("{{") or re.match(r"^https?://[^/?#]*\{[{%]", target):
        return "lets a merge field decide where the link goes"
    scheme = target.split(":")[0] if ":" in target else ""
    return f"has the scheme `{scheme}`, which mail must not have" if scheme else "is not a full address"


def nothing_active(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        for node in parse_html(mail.template.html).iter():
            if not isinstance(node.tag, str):
                continue
            if node.tag in _ACTIVE:
                yield mail.at(f"<{node.tag}", f"<{node.tag}> does not work in mail", "remove it", "active-content")
            if "{{" in (node.get("style") or "") or "{%" in (node.get("style") or ""):
                piece = next(iter(LIQUID.findall(node.get("style") or "")), "style")
                message = f"`{piece[:60]}` decides how the mail looks; a stranger's answer could hide the footer"
                yield mail.at(piece, message, "write the style itself", "active-content")
            for name in node.attrib:
                if str(name).lower().startswith("on"):
                    yield mail.at(str(name), f"`{name}` does not work in mail", "remove it", "active-content")


RULES = (links_lead_where_we_say, nothing_active)
