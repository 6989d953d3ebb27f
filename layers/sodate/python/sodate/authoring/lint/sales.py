"""Hand-off to sales: every lead gets an owner, recycling names existing sequences, and webhooks use TLS."""

import re
from collections.abc import Iterator

from sodate.authoring.lint.attributes import not_offered, unknown_field
from sodate.authoring.lint.context import Context
from sodate.conditions.language import AttributeTest
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Path
from sodate.sales.definition import Fit, Sales

_LOCAL = re.compile(r"^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)")


def owners_differ(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    seen: set[str] = set()
    for index, owner in enumerate(doc.model.owners if doc and doc.model else ()):
        if doc and owner.id in seen:
            message = Message("the owner `{id}` is there twice", id=owner.id)
            yield doc.problem(("owners", index, "id"), message, Message("give each an own id"), "owner-twice")
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
            hint = did_you_mean(back.sequence, known, Message("add it to sequences/"))
            path = ("recycle", reason, "sequence")
            yield doc.problem(
                path, Message("there is no sequence `{sequence}`", sequence=back.sequence), hint, "sequence-exists"
            )
    for index, talk in enumerate(doc.model.talks if doc and doc.model else ()):
        forms = context.declared("forms")
        if doc and talk.form and talk.form not in forms:
            hint = did_you_mean(talk.form, forms, Message("add it to forms/"))
            yield doc.problem(
                ("talks", index, "form"), Message("there is no form `{form}`", form=talk.form), hint, "form-exists"
            )


def data_leaves_over_tls(context: Context) -> Iterator[Problem]:
    doc = context.book.sales
    for path, url in _addresses(doc.model) if doc and doc.model else ():
        if doc and not url.startswith("https://") and not _LOCAL.match(url):
            message = Message("personal data would leave without encryption")
            yield doc.problem(path, message, Message("use https://"), "webhook-tls")


def _addresses(sales: Sales) -> Iterator[tuple[Path, str]]:
    if sales.webhook is not None:
        yield ("webhook", "url"), sales.webhook.url
    of_owners = [(("owners", index, "channels"), owner.channels) for index, owner in enumerate(sales.owners)]
    for path, channels in [(("channels",), sales.channels), *of_owners]:
        for name in ("slack", "teams", "webhook"):
            url = getattr(channels, name) if channels is not None else None
            if url is not None:
                yield (*path, name), url


def territories_can_match(context: Context) -> Iterator[Problem]:
    """A value that no form offers belongs to no lead, so its owner never gets one."""
    doc = context.book.sales
    for path, attribute, values in _compared(doc.model) if doc and doc.model and context.lead_fields_are_known else ():
        field = context.lead_fields.get(attribute)
        for key, value in values:
            test = AttributeTest(attribute=attribute, **{_SINGLE.get(key, key): value})
            if doc and any(not_offered(field, test)):
                message = Message(
                    "no form offers `{value}` for {attribute}, so no lead matches", value=value, attribute=attribute
                )
                hint = did_you_mean(value, (field and field.options) or (), Message("write one of its options"))
                yield doc.problem((*path, key), message, hint, "value-offered")


_SINGLE = {"any_of": "equals"}


def _compared(sales: Sales) -> Iterator[tuple[Path, str, list[tuple[str, str]]]]:
    for index, assignment in enumerate(sales.assignments):
        yield ("assignments", index), assignment.attribute, [("contains", assignment.contains)]
    for index, owner in enumerate(sales.owners):
        for kind in ("territories", "products"):
            for number, fit in enumerate(getattr(owner, kind)):
                yield ("owners", index, kind, number), fit.attribute, _values(fit)
    for index, talk in enumerate(sales.talks):
        if talk.lead is not None:
            yield ("talks", index, "lead"), talk.lead.attribute, _values(talk.lead)


def _values(fit: Fit) -> list[tuple[str, str]]:
    contains = [("contains", fit.contains)] if fit.contains is not None else []
    return [*contains, *(("any_of", value) for value in fit.any_of or ())]


def territories_have_an_effect(context: Context) -> Iterator[Problem]:
    """`assignment.by` says what owners are chosen by; what it does not name is never asked."""
    doc = context.book.sales
    for index, owner in enumerate(doc.model.owners if doc and doc.model else ()):
        by = doc.model.assignment.by if doc and doc.model and doc.model.assignment else ()
        for key, name in (("territories", "territory"), ("products", "product")):
            if doc and getattr(owner, key) and name not in by:
                message = Message("nothing asks for the `{key}` of `{owner}`", key=key, owner=owner.id)
                hint = Message("write `assignment: {{ by: [{name}] }}`, or leave `{key}` out", name=name, key=key)
                yield doc.problem(("owners", index, key), message, hint, "owner-unused", severity="warning")


def escalations_reach_another_owner(context: Context) -> Iterator[Problem]:
    """A signal that its owner does not answer, escalated to the same owner, reaches nobody new."""
    doc = context.book.sales
    sales = doc.model if doc else None
    if doc is None or sales is None or sales.sla is None:
        return
    who = sales.sla.escalate_to
    fallback = sales.default_owner if sales.assignment is None or sales.assignment.then == "default_owner" else None
    own = next((bool(owner.territories or owner.products) for owner in sales.owners if owner.id == who), False)
    gets_leads = own or who in {fallback, *(one.owner for one in sales.assignments)} or len(sales.owners) == 1
    if gets_leads:
        message = Message(
            "`{owner}` gets leads too: what `{owner}` leaves unanswered goes to `{owner}` again", owner=who
        )
        hint = Message("name somebody who gets no leads, such as the head of sales")
        yield doc.problem(("sla", "escalate_to"), message, hint, "escalation", severity="warning")


RULES = (
    territories_can_match,
    territories_have_an_effect,
    escalations_reach_another_owner,
    owners_differ,
    questions_look_at_fields_that_exist,
    leads_come_back_to_what_exists,
    data_leaves_over_tls,
)
