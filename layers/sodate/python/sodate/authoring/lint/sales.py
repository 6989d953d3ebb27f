"""Hand-off to sales: every lead gets an owner, recycling names existing sequences, and webhooks use TLS."""

import re
from collections.abc import Iterator

from sodate.authoring.lint.attributes import unknown_field
from sodate.authoring.lint.context import Context
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.sales.definition import Sales

_LOCAL = re.compile(r"^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)")


def owners_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    seen: set[str] = set()
    for index, owner in enumerate(doc.model.owners if doc and doc.model else ()):
        if doc and owner.id in seen:
            message = f"the owner `{owner.id}` is there twice"
            yield doc.problem(("owners", index, "id"), message, "give each an own id", "owner-twice")
        seen.add(owner.id)


def questions_look_at_fields_that_exist(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    for path, attribute in _attributes(doc.model) if doc and doc.model else ():
        if doc:
            yield from unknown_field(context, doc, path, attribute)


def _attributes(sales: Sales) -> Iterator[tuple[Path, str]]:
    for index, assignment in enumerate(sales.assignments):
        yield ("assignments", index, "attribute"), assignment.attribute
    for index, owner in enumerate(sales.owners):
        for kind in ("territories", "products"):
            for number, fit in enumerate(getattr(owner, kind)):
                yield ("owners", index, kind, number, "attribute"), fit.attribute
    for index, talk in enumerate(sales.talks):
        if talk.lead is not None:
            yield ("talks", index, "lead", "attribute"), talk.lead.attribute


def leads_come_back_to_what_exists(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    known = context.declared("sequences")
    for reason, back in doc.model.recycle.items() if doc and doc.model else ():
        if doc and back.sequence not in known:
            hint = did_you_mean(back.sequence, known, "add it to sequences/")
            path = ("recycle", reason, "sequence")
            yield doc.problem(path, f"there is no sequence `{back.sequence}`", hint, "sequence-exists")
    for index, talk in enumerate(doc.model.talks if doc and doc.model else ()):
        forms = context.declared("forms")
        if doc and talk.form and talk.form not in forms:
            hint = did_you_mean(talk.form, forms, "add it to forms/")
            yield doc.problem(("talks", index, "form"), f"there is no form `{talk.form}`", hint, "form-exists")


def data_leaves_over_tls(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    for path, url in _addresses(doc.model) if doc and doc.model else ():
        if doc and not url.startswith("https://") and not _LOCAL.match(url):
            message = "personal data would leave without encryption"
            yield doc.problem(path, message, "use https://", "webhook-tls")


def _addresses(sales: Sales) -> Iterator[tuple[Path, str]]:
    if sales.webhook is not None:
        yield ("webhook", "url"), sales.webhook.url
    of_owners = [(("owners", index, "channels"), owner.channels) for index, owner in enumerate(sales.owners)]
    for path, channels in [(("channels",), sales.channels), *of_owners]:
        for name in ("slack", "teams", "webhook"):
            url = getattr(channels, name) if channels is not None else None
            if url is not None:
                yield (*path, name), url


RULES = (
    owners_differ,
    questions_look_at_fields_that_exist,
    leads_come_back_to_what_exists,
    data_leaves_over_tls,
)
