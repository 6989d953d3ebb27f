"""Title and consent wording of one version of a form, for the page that confirms the consent."""

from sodate.errors import NotFound, Transient
from sodate.forms.definition import Form
from sodate.playbook.store import Definitions, parsed


def form_words(definitions: Definitions, form_id: str, version: int) -> tuple[str, str] | None:
    """None when that version cannot be read: the page then asks without them."""
    try:
        form = parsed(definitions.version("form", form_id, version), Form)
    except (NotFound, Transient):
        return None
    return form.title, form.consent.wording if form.consent else ""
