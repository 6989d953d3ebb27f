"""The opt-in email: a transactional email that contains the confirmation link."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.authoring.lint.reader import HTML, TEXT_PART, both_or_one, rendered
from sodate.authoring.lint.visible import visible_links
from sodate.messages import Message
from sodate.playbook.problem import Problem


def opt_in_email_is_transactional(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        wanted = doc.model.consent.template if doc.model and doc.model.consent else None
        template = context.templates.get(wanted or "")
        if template and template.purpose != "transactional":
            message = Message("`{wanted}` is marketing mail; it would need the consent that it asks for", wanted=wanted)
            hint = Message("write `purpose: transactional` in templates/{wanted}.yaml", wanted=wanted)
            yield doc.problem(("consent", "template"), message, hint, "opt-in-transactional")


def opt_in_mail_has_the_link(context: Context) -> Iterator[Problem]:
    asked = {form.consent.template for form in context.forms.values() if form.consent}
    for mail in context.finished():
        if mail.template.id not in asked or mail.template.purpose != "transactional":
            continue
        for reader in rendered(context, mail):
            places: list[str] = []
            if reader.values["opt_in_url"] not in visible_links(reader.html):
                places.append(HTML)
            if reader.values["opt_in_url"] not in reader.text:
                places.append(TEXT_PART)
            if places:
                message = Message(
                    "no visible link to `{{{{ opt_in_url }}}}` in {places} ({name})",
                    places=both_or_one(places),
                    name=reader.name,
                )
                hint = Message('add `<mj-button href="{{ opt_in_url }}">…</mj-button>`')
                yield mail.doc.problem(("body",), message, hint, "opt-in-link")
                break


RULES = (opt_in_email_is_transactional, opt_in_mail_has_the_link)
