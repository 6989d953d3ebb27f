"""The page that answers a plain HTML form with wrong entries: the form again, each reason beside its field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sodate.forms.answers import FieldErrors, is_yes
from sodate.forms.definition import Form, FormField
from sodate.forms.names import fields_by_name
from sodate.forms.submission import carried
from sodate.web import pages
from sodate.web.form_pages import Entry, SentForm, form_errors_page


def error_page(form: Form, error: FieldErrors, raw: Mapping[str, Any], issuer: pages.Issuer) -> pages.Page:
    """In the language of the form. `raw`: the post."""
    names = [field.name for field in form.fields]
    unknown = [Entry(name, name, codes=codes) for name, codes in error.fields.items() if name not in names]
    values = _values(form, raw)
    entries = [_entry(one, form, values.get(one.name, []), error.fields.get(one.name, [])) for one in form.fields]
    sent = SentForm(
        form.title,
        [*unknown, *entries],
        [(name, value) for name, value in carried(raw) if name not in error.fields],
        form.bots.captcha == "none",
        [str(url) for url in form.redirects],
    )
    return form_errors_page(sent, form.language, issuer)


def _values(form: Form, raw: Mapping[str, Any]) -> dict[str, list[str]]:
    """The texts of each field, under whichever of its names they came."""
    owners, values = fields_by_name(form), dict[str, list[str]]()
    for name, value in raw.items():
        field = owners.get(name)
        if field is not None:
            sent = value if isinstance(value, list) else [value]
            values.setdefault(field.name, []).extend(one for one in sent if isinstance(one, str))
    return values


def _entry(field: FormField, form: Form, values: list[str], codes: list[str]) -> Entry:
    is_consent = form.consent is not None and field.name == form.consent.field
    label = form.consent.wording if form.consent and is_consent else field.label or field.name
    if field.type == "checkbox":
        values = [value for value in values if is_yes(value)]
    return Entry(
        field.name,
        label,
        field.type,
        values,
        [(choice.value, choice.label) for choice in field.choices],
        field.required,
        codes,
        f"{field.length_limit:,}",
        _number(field.minimum),
        _number(field.maximum),
    )


def _number(end: float | None) -> str:
    """A whole number without `.0`, and with separators of thousands."""
    return "" if end is None else f"{Decimal(str(end)).normalize():,f}"
