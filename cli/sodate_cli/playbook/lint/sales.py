"""Hand-off to sales: leads find an owner, and data leaves over TLS."""

import re
from collections.abc import Iterator

from sodate.playbook.problem import Problem, did_you_mean

from sodate_cli.playbook.lint.context import Context

_LOCAL = re.compile(r"^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)")


def owners_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    seen: set[str] = set()
    for index, owner in enumerate(doc.model.owners if doc and doc.model else ()):
        if doc and owner.id in seen:
            message = f"the owner `{owner.id}` is there twice"
            yield doc.problem(("owners", index, "id"), message, "give each an own id", "owner-twice")
        seen.add(owner.id)


def assignments_look_at_collected_data(context: Context) -> Iterator[Problem]:
    doc = context.book.sales if context.all_forms_are_valid else None
    for index, assignment in enumerate(doc.model.assignments if doc and doc.model else ()):
        if doc and assignment.attribute not in context.form_fields:
            message = f"no form fills `{assignment.attribute}`, so nobody is assigned here"
            hint = did_you_mean(assignment.attribute, context.form_fields, "add `maps_to` to a form field")
            path = ("assignments", index, "attribute")
            yield doc.problem(path, message, hint, "attribute-collected", severity="warning")


def webhook_uses_tls(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    url = doc.model.webhook.url if doc and doc.model and doc.model.webhook else "https://"
    if doc and not url.startswith("https://") and not _LOCAL.match(url):
        message = "personal data would leave without encryption"
        yield doc.problem(("webhook", "url"), message, "use https://", "webhook-tls")


RULES = (owners_differ, assignments_look_at_collected_data, webhook_uses_tls)
