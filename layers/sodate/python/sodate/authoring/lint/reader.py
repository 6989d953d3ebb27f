"""Each email, rendered for two leads: one with every optional field empty, one with every field filled in.

Rules about required displays check these renderings, so that an `{% if %}`, a comment or a hidden element cannot hide
a display that the law requires.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from liquid.exceptions import LiquidError

from sodate.authoring.lint.context import Context, Mail
from sodate.email.brand import Brand
from sodate.email.content.render import environment
from sodate.messages import Message

#: Placeholders for the sender's data and the links; no other text of an email equals them.
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

#: The two renderings of an email.
HTML, TEXT_PART = Message("the HTML"), Message("the text part")


def both_or_one(places: Sequence[str]) -> str:
    """Names one rendering or both; `places` are `HTML` and `TEXT_PART`."""
    return Message("the HTML and the text part") if len(places) > 1 else places[0]


@dataclass(frozen=True)
class Reader:
    name: str
    values: dict[str, Any]
    html: str
    text: str


def values_for(context: Context, mail: Mail, *, complete: bool) -> dict[str, Any]:
    lead: dict[str, Any] = {"secondary": {}}
    for path, field in context.lead_fields.items():
        group, name = path.split(".", 1)
        if group != "source" and (complete or context.is_always_filled(path)):
            value: Any = "zz" if field.is_single else ["zz", "zz"]
            (lead if group == "primary" else lead["secondary"])[name] = value
    lead["email"] = "zz@zz.example"
    more: dict[str, Any] = {"lead": lead, "unsubscribe_url": UNSUBSCRIBE, "preferences_url": PREFERENCES}
    if mail.template.purpose == "transactional":
        more = {"opt_in_url": OPT_IN, "form": {"title": "zztitlezz"}}
    brand = (context.mailing.brand if context.mailing else Brand()).merge_fields
    more |= {"sender": dict(SENDER), "brand": brand}
    return {"preheader": mail.template.preheader, "variables": mail.template.values({}), **more}


def rendered(context: Context, mail: Mail) -> Iterator[Reader]:
    """Without a lead for whom rendering fails; the rules in `liquid` and `fields` report that."""
    for name, complete in (
        (Message("a lead with required fields only"), False),
        (Message("a lead with every field"), True),
    ):
        values = values_for(context, mail, complete=complete)
        try:
            html = environment(autoescape=True).from_string(mail.template.html).render(**values)
            text = environment(autoescape=False).from_string(mail.template.text).render(**values)
        except (LiquidError, TypeError, ValueError):
            continue
        yield Reader(name, values, html, text)
