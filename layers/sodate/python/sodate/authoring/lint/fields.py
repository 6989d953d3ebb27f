"""Lint rules of merge fields: only known ones, and none that may be empty.

The sender rejects an email with an empty merge field (`sodate.email.content.render`), so a field that a lead may lack
needs `default` or an `{% if %}` around it. The rules find such fields by rendering for a lead with only
the required fields.
"""

import re
from collections.abc import Iterator, Sequence

from liquid.exceptions import LiquidError

from sodate.authoring.compile.liquid_guard import LIQUID
from sodate.authoring.lint.context import Context, Mail
from sodate.authoring.lint.liquid import unknown_filters, why_unreadable
from sodate.authoring.lint.reader import values_for
from sodate.email.brand import MERGE_FIELDS
from sodate.email.content.render import environment
from sodate.email.mailing import Sender
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean

_MISSING = re.compile(r"^([\w.]+) is undefined")


def known_fields(context: Context, mail: Mail) -> set[str]:
    """Transactional email has no lead fields: its address is unconfirmed, and anyone may have typed the values."""
    of_all = {"preheader"} | {f"sender.{name}" for name in Sender.model_fields}
    of_all |= {f"brand.{name}" for name in MERGE_FIELDS}
    of_all |= {f"variables.{name}" for name in mail.template.variables}
    if mail.template.purpose == "transactional":
        return {"opt_in_url", "form.title"} | of_all
    lead = {path.replace("primary.", "lead.", 1) for path in context.lead_fields if path.startswith("primary.")}
    lead |= {f"lead.{path}" for path in context.lead_fields if path.startswith("secondary.")}
    return lead | {"lead.email", "unsubscribe_url", "preferences_url"} | of_all


def merge_fields_are_known(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        known = known_fields(context, mail)
        if not context.lead_fields_are_known and mail.template.purpose == "marketing":
            known |= {name for name in _used_in(mail) if name.startswith("lead.")}
        for name in used_fields(mail.body.text):
            if name not in known:
                message, hint = _unknown(name, known, mail)
                yield mail.at(_piece(mail.body.text, name), message, hint, "merge-field")
        for key in ("subject", "preheader"):
            for name in used_fields(getattr(mail.template, key)):
                if name not in known:
                    message, hint = _unknown(name, known, mail)
                    yield mail.doc.problem((key,), message, hint, "merge-field")


def _unknown(name: str, known: set[str], mail: Mail) -> tuple[str, str]:
    if name.split(".")[0] == "lead" and mail.template.purpose == "transactional":
        message = Message(
            "`{name}` was typed by whoever posted the form, and this mail goes to an address that nobody confirmed",
            name=name,
        )
        return message, Message("a stranger could send any words with it; write a greeting without it")
    if name in ("opt_in_url", "unsubscribe_url", "preferences_url"):
        message = Message("`{name}` does not exist in {purpose} mail", name=name, purpose=mail.template.purpose)
        return message, Message("see docs/playbook.md, Merge fields")
    near = did_you_mean(name, known)
    hints = {
        "lead": Message("no form of this playbook collects it; {near}", near=near),
        "variables": Message("declare it in `variables`; {near}", near=near),
    }
    return Message("`{name}` is not known", name=name), hints.get(name.split(".")[0], near)


def used_fields(text: str) -> list[str]:
    """Dotted names of all merge fields, in the order of the text."""
    if why_unreadable(text):
        return []
    found = environment().from_string(text).analyze().globals.values()
    fields = sorted((use.span.index, _dotted(use.segments)) for uses in found for use in uses)
    return list(dict.fromkeys(name for _, name in fields))


def _dotted(segments: Sequence[object]) -> str:
    """`lead.secondary.interest`; `.size`, `[0]` and computed names are left off."""
    names = [segment for segment in segments if isinstance(segment, str)]
    depth = 3 if names[:2] == ["lead", "secondary"] else 2
    names = names[:depth]
    return ".".join(name for name in names if name not in ("size", "first", "last"))


def _piece(text: str, name: str) -> str:
    tail = name.split(".")[-1]
    return next((match.group() for match in LIQUID.finditer(text) if tail in match.group()), name)


def no_mail_has_a_hole(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        parts = {"subject": mail.template.subject, "": mail.template.html, "text": mail.template.text}
        reported: set[str] = set()
        for key, text in parts.items():
            for name in _holes(context, mail, text):
                if name in reported or name not in known_fields(context, mail):
                    continue
                reported.add(name)
                message = Message("`{name}` is empty for some leads, and a mail with a hole is not sent", name=name)
                hint = Message('write `{{{{ {name} | default: "…" }}}}`, or require the field in every form', name=name)
                if key == "subject":
                    yield mail.doc.problem((key,), message, hint, "merge-field-default", severity="warning")
                else:
                    yield mail.at(
                        _piece(mail.body.text, name), message, hint, "merge-field-default", severity="warning"
                    )


def _holes(context: Context, mail: Mail, text: str) -> Iterator[str]:
    values = values_for(context, mail, complete=False)
    if why_unreadable(text):
        return
    template = environment().from_string(text)
    for _ in range(20):
        try:
            template.render(**values)
        except LiquidError as error:
            missing = _MISSING.match(str(error.message))
            if missing is None or missing[1].split(".")[0] != "lead" or "lead" not in values:
                return
            yield missing[1]
            _fill(values["lead"], missing[1].split(".")[1:])
        except (TypeError, ValueError):
            return
        else:
            return


def every_mail_can_be_filled_in(context: Context) -> Iterator[Problem]:
    """Rendering with a value for every field must succeed; otherwise it fails for every lead."""
    for mail in context.finished():
        values = values_for(context, mail, complete=True)
        for key, text in (("subject", mail.template.subject), ("body", mail.template.html)):
            wrong = _why_not(text, values) if not why_unreadable(text) and not _unknown_in(context, mail) else ""
            if wrong:
                message = Message("Liquid: it cannot be filled in: {wrong}", wrong=wrong)
                yield mail.doc.problem((key,), message, Message("correct the filter or the loop"), "liquid-render")


def _unknown_in(context: Context, mail: Mail) -> bool:
    """Merge fields or filters, which have rules of their own."""
    known = known_fields(context, mail)
    texts = (mail.body.text, mail.template.subject, mail.template.preheader)
    return any(name not in known for name in _used_in(mail)) or any(
        True for text in texts for _ in unknown_filters(text)
    )


def _used_in(mail: Mail) -> list[str]:
    return used_fields(mail.body.text) + used_fields(mail.template.subject) + used_fields(mail.template.preheader)


def _why_not(text: str, values: dict[str, object]) -> str:
    try:
        environment().from_string(text).render(**values)
    except (LiquidError, TypeError, ValueError) as error:
        return str(getattr(error, "message", "") or error).split("\n")[0][:160]
    return ""


def _fill(lead: dict[str, object], path: list[str]) -> None:
    if len(path) == 1:
        lead[path[0]] = "zz"
    elif path and isinstance(inner := lead.setdefault(path[0], {}), dict):
        inner[path[-1]] = "zz"


def sender_fields_are_written(context: Context) -> Iterator[Problem]:
    """`sender.website` and `sender.reply_to` are optional; a template that prints one needs it in playbook.yaml."""
    if context.mailing is None:
        return
    empty = {f"sender.{name}" for name, value in context.mailing.sender if value is None}
    for mail in context.finished():
        for name in used_fields(mail.body.text):
            piece = _piece(mail.body.text, name)
            if name in empty and "default" not in piece:
                message = Message("`{name}` is used here and not written in playbook.yaml", name=name)
                yield mail.at(
                    piece, message, Message("write it there, or add `| default: …`"), "sender-field", severity="warning"
                )


RULES = (merge_fields_are_known, no_mail_has_a_hole, every_mail_can_be_filled_in, sender_fields_are_written)
