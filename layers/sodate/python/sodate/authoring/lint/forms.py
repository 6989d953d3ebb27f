"""Lint rules of forms: mapping of answers, choices, and how consent is requested."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.messages import Message
from sodate.playbook.problem import Problem

_GUIDELINE = (
    "特定電子メールの送信等に関するガイドライン (consent is given freely, boxes off by default, double opt-in advised)"
)


def one_answer_for_each_profile_value(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        taken: dict[str, str] = {"primary.email": "email (the address)"}
        for index, field in enumerate(doc.model.fields if doc.model else ()):
            target = field.maps_to
            if target is None or (field.type == "email" and target == "primary.email"):
                continue
            if target in taken:
                message = Message(
                    "`{name}` and `{taken}` both fill {target}; one would overwrite the other",
                    name=field.name,
                    taken=taken[target],
                    target=target,
                )
                yield doc.problem(
                    ("fields", index, "maps_to"), message, Message("give one another name"), "profile-collision"
                )
            taken.setdefault(target, field.name)


def one_type_for_each_profile_value(context: Context) -> Iterator[Problem]:
    for path, holders in context.form_fields.items():
        kinds = {field.type for _, field in holders}
        lists = {"multiple_choice"} & kinds
        if not lists or len(kinds) == 1:
            continue
        for doc in context.book.forms:
            for index, field in enumerate(doc.model.fields if doc.model else ()):
                if field.maps_to == path and field.type not in lists:
                    message = Message("{key} is a list in another form (multiple_choice) and one value here", key=path)
                    hint = Message("use the same type, or another name")
                    yield doc.problem(("fields", index, "maps_to"), message, hint, "profile-type", severity="warning")


def choices_differ(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        for index, field in enumerate(doc.model.fields if doc.model else ()):
            seen: set[str] = set()
            for position, choice in enumerate(field.choices):
                if choice.value in seen:
                    path = ("fields", index, "choices", position, "value")
                    message = Message("the value `{value}` is offered twice", value=choice.value)
                    yield doc.problem(path, message, Message("give each its own value"), "choice-twice")
                seen.add(choice.value)


def limits_make_sense(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        for index, field in enumerate(doc.model.fields if doc.model else ()):
            if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
                path = ("fields", index, "minimum")
                yield doc.problem(path, Message("`minimum` is larger than `maximum`"), Message("swap them"), "limits")


def consent_is_free(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        consent = doc.model.consent if doc.model else None
        if doc.model is None or consent is None:
            continue
        for index, field in enumerate(doc.model.fields):
            if field.name == consent.field and field.required:
                message = Message("consent to marketing mail is required to post the form; that is no free consent")
                path = ("fields", index, "required")
                yield doc.problem(
                    path, message, Message("make it optional"), "free-consent", severity="warning", source=_GUIDELINE
                )
        if not consent.double_opt_in:
            message = Message("without double opt-in anybody can sign up somebody else's address")
            hint = Message("`double_opt_in: true` with a `template`")
            where = ("consent", "double_opt_in")
            yield doc.problem(where, message, hint, "double-opt-in", severity="warning", source=_GUIDELINE)


def fields_that_people_see_have_a_label(context: Context) -> Iterator[Problem]:
    for doc in context.book.forms:
        for index, field in enumerate(doc.model.fields if doc.model else ()):
            if field.type != "hidden" and not field.label:
                message = Message("`{name}` has no label", name=field.name)
                yield doc.problem(
                    ("fields", index), message, Message("write what people read beside it"), "label", severity="warning"
                )


RULES = (
    one_answer_for_each_profile_value,
    one_type_for_each_profile_value,
    choices_differ,
    limits_make_sense,
    consent_is_free,
    fields_that_people_see_have_a_label,
)
