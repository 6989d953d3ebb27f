"""A compiled email template: MJML and CSS are resolved, only Liquid remains. A stored version never changes."""

from collections.abc import Mapping
from operator import not_
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.email.content.variables import Value, Variable, VariableName
from sodate.messages import Message
from sodate.playbook.model import Definition, Language, Slug

Purpose = Literal["marketing", "transactional"]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Preheader = Annotated[str, StringConstraints(max_length=300)]
Html = Annotated[str, StringConstraints(max_length=250_000)]
Text = Annotated[str, StringConstraints(max_length=100_000)]


class TemplateHead(Definition):
    """Attributes besides the body; the playbook adds `body` (a file), the compiler adds `html` and `text`."""

    id: Slug
    purpose: Purpose = "marketing"
    topic: Slug | None = Field(default=None, description="Consent topic; required for marketing email.")
    language: Language = "ja"
    subject: Subject
    preheader: Preheader = ""
    variables: dict[VariableName, Variable] = Field(
        default_factory=dict,
        max_length=50,
        exclude_if=not_,
        description="Values that are equal for all leads: `{{ variables.<name> }}`. A broadcast or step may set them.",
    )

    @model_validator(mode="after")
    def _marketing_needs_a_topic(self) -> Self:
        if (self.purpose == "marketing") != (self.topic is not None):
            raise ValueError(
                Message("`topic` is required for `purpose: marketing` and not allowed for transactional emails")
            )
        return self


class TemplateText(Definition):
    """A compiled template in a further language."""

    subject: Subject
    preheader: Preheader = ""
    html: Html
    text: Text


class Template(TemplateHead):
    html: Html
    text: Text
    languages: dict[Language, TemplateText] = Field(default_factory=dict, exclude_if=not_)

    def in_language(self, language: str) -> "Template":
        """As a lead with this language gets it: in that language where there is one, otherwise in its own."""
        variant = next((text for name, text in self.languages.items() if name == language), None)
        return self if variant is None else self.model_copy(update={"language": language, **dict(variant)})

    def in_each_language(self) -> "list[Template]":
        return [self, *(self.in_language(language) for language in self.languages)]

    def values(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Of its variables: the given ones, and the defaults of the others."""
        return {name: given.get(name, variable.default) for name, variable in self.variables.items()}
