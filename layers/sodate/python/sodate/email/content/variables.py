"""Variables of templates: typed, each with a default, the same for all leads of an email."""

from datetime import date
from operator import not_
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.messages import Message, joined
from sodate.playbook.model import Definition

VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
#: A date is text as YAML has it, `2026-12-10`. An empty text would leave a hole in the email.
Value = bool | int | float | Annotated[str, StringConstraints(min_length=1, max_length=2000)]
#: What a broadcast or step sends a template with.
GivenValues = Annotated[
    dict[VariableName, Value],
    Field(
        max_length=50, exclude_if=not_, description="Values of variables of the template, instead of their defaults."
    ),
]
_WRITTEN = {
    "text": Message("text, in quotes when it looks like a number"),
    "number": Message("digits without quotes"),
    "date": Message("a date as 2026-12-10"),
    "boolean": Message("`true` or `false`"),
}


class Variable(Definition):
    type: Literal["text", "number", "date", "boolean"] = "text"
    default: Value

    @model_validator(mode="after")
    def _default_has_the_type(self) -> Self:
        if wrong := self.why_not(self.default):
            raise ValueError(joined("", ["`default` ", wrong]))
        return self

    def why_not(self, value: Value) -> str:
        """What is wrong with the value; empty for one of the type."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {
            "text": isinstance(value, str),
            "number": is_number,
            "date": isinstance(value, str) and _is_date(value),
            "boolean": isinstance(value, bool),
        }[self.type]
        return "" if fits else Message("is no {type}: write {written}", type=self.type, written=_WRITTEN[self.type])


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-12-10") and date.fromisoformat(text) is not None
    except ValueError:
        return False
