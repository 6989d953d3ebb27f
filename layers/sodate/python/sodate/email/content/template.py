"""A compiled email template: MJML and CSS are resolved, only Liquid remains. A stored version never changes."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.playbook.model import Definition, Language, Slug

Purpose = Literal["marketing", "transactional"]


class TemplateHead(Definition):
    """Attributes besides the body; the playbook adds `body` (a file), the compiler adds `html` and `text`."""

    id: Slug
    purpose: Purpose = "marketing"
    topic: Slug | None = Field(default=None, description="Consent topic; required for marketing email.")
    language: Language = "ja"
    subject: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    preheader: Annotated[str, StringConstraints(max_length=300)] = ""

    @model_validator(mode="after")
    def _marketing_needs_a_topic(self) -> Self:
        if (self.purpose == "marketing") != (self.topic is not None):
            raise ValueError("`topic` is required for `purpose: marketing` and not allowed for transactional emails")
        return self


class Template(TemplateHead):
    html: Annotated[str, StringConstraints(max_length=250_000)]
    text: Annotated[str, StringConstraints(max_length=100_000)]
