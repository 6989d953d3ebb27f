"""Mails as two readers get them: one who left every optional field empty, one who filled in everything.

Rules about what must be seen are judged on these, so that an `{% if %}`, a comment or a hidden element cannot hide
a display that the law demands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from liquid.exceptions import LiquidError

from sodate.authoring.lint.context import Context, Mail
from sodate.email.content.render import environment

#: Stand for the sender's data and the links; nothing else in a mail can look like them.
SENDER = {
    "name": "zzsendernamezz",
    "from_address": "zzfrom@zz.example",
    "reply_to": "zzreply@zz.example",
    "postal_address": "zzpostaladdresszz",
    "contact": "zzcontactzz",
    "website": "https://zzwebsite.example",
    "language": "ja",
    "time_zone": "Asia/Tokyo",
}
UNSUBSCRIBE = "https://zzunsubscribe.example/unsubscribe/zz"
PREFERENCES = "https://zzpreferences.example/preferences/zz"
OPT_IN = "https://zzoptin.example/opt-in/zz"


@dataclass(frozen=True)
class Reader:
    name: str
    values: dict[str, Any]
    html: str
    text: str


def values_for(context: Context, mail: Mail, *, complete: bool) -> dict[str, Any]:
    lead: dict[str, Any] = {"secondary": {}}
    for path, holders in context.form_fields.items():
        group, name = path.split(".", 1)
        if complete or context.is_always_filled(path):
            value: Any = ["zz", "zz"] if holders[0][1].type == "multiple_choice" else "zz"
            (lead if group == "primary" else lead["secondary"])[name] = value
    lead["email"] = "zz@zz.example"
    more: dict[str, Any] = {"lead": lead, "unsubscribe_url": UNSUBSCRIBE, "preferences_url": PREFERENCES}
    if mail.template.purpose == "transactional":
        more = {"opt_in_url": OPT_IN, "form": {"title": "zztitlezz"}}
    return {"sender": dict(SENDER), "preheader": mail.template.preheader, **more}


def rendered(context: Context, mail: Mail) -> Iterator[Reader]:
    """Nothing for a reader who could not get this mail; that is told by the rules in `liquid` and `fields`."""
    for name, complete in (("a lead with required fields only", False), ("a lead with every field", True)):
        values = values_for(context, mail, complete=complete)
        try:
            html = environment(autoescape=True).from_string(mail.template.html).render(**values)
            text = environment(autoescape=False).from_string(mail.template.text).render(**values)
        except (LiquidError, TypeError, ValueError):
            continue
        yield Reader(name, values, html, text)
