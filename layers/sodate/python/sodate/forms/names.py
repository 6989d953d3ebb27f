"""Names of a post's values: a form's own, or those of another system (WordPress: `your-email`, `topics[]`)."""

from typing import Any

from sodate.forms.answers import FieldErrors
from sodate.forms.definition import Form, FormField

_SENT_AS_LIST = ("choice", "checkbox")


def by_field(form: Form, sent: dict[str, Any]) -> dict[str, Any]:
    """The values under the form's own names.

    Contact Form 7 sends each choice and each tick as a list; a list of one value is that value there.

    A name that no field has stays, for the form to refuse, or is left out when the form ignores such names.

    Raises: `FieldErrors` when two names of one field have different values.
    """
    own = fields_by_name(form)
    values: dict[str, Any] = {}
    twice: dict[str, list[str]] = {}
    for name, value in sent.items():
        field = own.get(name)
        if field is None:
            if form.unknown_fields == "refuse":
                values[name] = value
            continue
        single = field.type in _SENT_AS_LIST or (name != field.name and field.type != "multiple_choice")
        if single and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if values.get(field.name, value) != value:
            twice[field.name] = ["sent_twice"]
        values[field.name] = value
    if twice:
        raise FieldErrors(twice)
    return values


def fields_by_name(form: Form) -> dict[str, FormField]:
    """Each field under its own name and its aliases, and under these as PHP sends a group: `topics[]`."""
    names = {name: field for field in form.fields for name in (field.name, *field.aliases)}
    return {f"{name}[]": field for name, field in names.items()} | names
