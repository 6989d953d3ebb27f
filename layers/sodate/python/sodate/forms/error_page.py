"""The page that answers a plain HTML form with wrong entries: each field by its label, with the reason."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from sodate.forms.answers import FieldErrors
from sodate.forms.definition import Form, FormField
from sodate.web import pages
from sodate.web.cors import is_listed
from sodate.web.form_pages import WrongEntry, field_errors_page


def error_page(form: Form, error: FieldErrors, headers: Mapping[str, str], issuer: pages.Issuer) -> pages.Page:
    """In the language of the form."""
    fields = {field.name: field for field in form.fields}
    entries = [_entry(name, codes, fields.get(name)) for name, codes in error.fields.items()]
    return field_errors_page(entries, form.title, _back(form, headers), form.language, issuer)


def _entry(name: str, codes: list[str], field: FormField | None) -> WrongEntry:
    if field is None:
        return WrongEntry(name, name, codes)
    limit = str(field.length_limit) if "too_long" in codes else _range(field)
    return WrongEntry(name, field.label or name, codes, limit)


def _range(field: FormField) -> str:
    """`1–100`, `1–` or `–100`; a whole number without `.0`."""
    ends = ["" if end is None else f"{end:g}" for end in (field.minimum, field.maximum)]
    return "–".join(ends) if any(ends) else ""


def _back(form: Form, headers: Mapping[str, str]) -> str:
    """The page with the form, without its query, which may name a person; empty for a site that is not on the list."""
    try:
        parts = urlsplit(headers.get("referer", "")[:2000])
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"{origin}{parts.path}" if is_listed(origin, form.origins) else ""
