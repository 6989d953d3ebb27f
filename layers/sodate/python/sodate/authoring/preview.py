"""An email of a playbook directory as one lead would get it: merged and rendered by the code that sends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from sodate.authoring.check import Checked
from sodate.authoring.document import validated
from sodate.authoring.lint.fields import used_fields
from sodate.email.content.merge import merge_values, opt_in_values
from sodate.email.content.render import Rendered, render
from sodate.email.content.template import Template
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.lead import Profile
from sodate.messages import Message
from sodate.playbook.model import Definition, Language
from sodate.playbook.yamlfile import parse

#: Widths of a desktop window and of a phone, in CSS pixels.
WIDTHS = {"desktop": 1024, "phone": 390}
_LINKS = "https://preview.example"
_Value = str | int | float | bool | list[str]
_Values = dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")], _Value]


class SampleLead(Definition):
    """A lead as a file describes it."""

    email: str = Field(default="lead@example.jp", max_length=254)
    language: Language = "ja"
    primary: _Values = Field(default_factory=dict)
    secondary: _Values = Field(default_factory=dict)

    def as_profile(self) -> Profile:
        return Profile("preview", self.email, self.email, self.language, self.primary, self.secondary)


@dataclass(frozen=True)
class Preview:
    """`email` is None when it would not be sent; `refused` says why. `fields`: merge fields, None: no value."""

    template: Template
    email: Rendered | None
    refused: str
    fields: Mapping[str, Any]


def read_sample(path: Path) -> Profile:
    """The lead of a YAML file.

    Raises: `Invalid` with file and line of the first problem.
    """
    try:
        read = parse(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(Message("{key} cannot be read: {error}", key=path, error=error)) from error
    sample, problems = validated(SampleLead, str(path), read.data, read.lines)
    if sample is None or read.problems:
        raise Invalid(str((read.problems or problems)[0]))
    return sample.as_profile()


def preview(checked: Checked, template_id: str, profile: Profile) -> Preview:
    """The email with this lead's values, and links that lead nowhere.

    Raises: `NotFound` for an unknown template; `Invalid` for one that cannot be compiled, or without a sender.
    """
    compiled = next((one for one in checked.compiled if one.doc.id == template_id), None)
    mailing = checked.playbook.mailing.model if checked.playbook.mailing else None
    if compiled is None:
        known = ", ".join(sorted(one.doc.id for one in checked.compiled))
        raise NotFound(
            Message(
                "there is no template {template_id}; the playbook has: {known}",
                template_id=template_id,
                known=known or "none",
            )
        )
    if compiled.template is None or mailing is None:
        raise Invalid(
            Message("{file} or playbook.yaml has errors; see `sodate playbook check`", file=compiled.doc.file)
        )
    template = compiled.template.in_language(profile.language)
    values = _values(template, mailing, profile)
    names = dict.fromkeys(
        name for text in (template.subject, template.html, template.text) for name in used_fields(text)
    )
    fields = {name: _at(values, name) for name in names}
    try:
        return Preview(template, render(template.subject, template.html, template.text, values), "", fields)
    except Invalid as error:
        return Preview(template, None, str(error), fields)


def _values(template: Template, mailing: Mailing, profile: Profile) -> dict[str, Any]:
    more = {"preheader": template.preheader, "variables": template.values({})}
    if template.purpose == "transactional":
        form = {"title": "(title of the form)"}
        return opt_in_values(mailing, opt_in_url=f"{_LINKS}/opt-in", form=form, **more)
    links = {"unsubscribe_url": f"{_LINKS}/unsubscribe", "preferences_url": f"{_LINKS}/preferences"}
    return merge_values(profile, mailing, **more, **links)


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def write_preview(shown: Preview, directory: Path) -> list[Path]:
    """Writes `<id>.html`, `<id>.txt`, and `<id>.preview.html`, which shows the email at both widths in any browser."""
    if shown.email is None:
        return []
    name = shown.template.id
    files = {
        f"{name}.html": shown.email.html,
        f"{name}.txt": f"Subject: {shown.email.subject}\n\n{shown.email.text}",
        f"{name}.preview.html": _page(name, shown.email.subject),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (directory / file).write_text(text, encoding="utf-8")
    return [directory / file for file in files]


def _page(name: str, subject: str) -> str:
    """The frames are sandboxed: nothing in the email runs."""
    frames = "".join(
        f'<figure><figcaption>{kind}, {width} px</figcaption><iframe sandbox src="{name}.html" width="{width}"'
        f' height="1600" title="{kind}"></iframe></figure>'
        for kind, width in WIDTHS.items()
    )
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(subject)}</title>'
        "<style>body{font-family:sans-serif;background:#eee}div{display:flex;gap:2em}iframe{background:#fff}</style>"
        f"<h1>{escape(subject)}</h1><div>{frames}</div>\n"
    )
