"""Activities that a playbook declares in activities.yaml: their labels and fields, and whether they are engagement."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from sodate.activities.catalog import DECLARED_NAME, ActivityType, DeclaredType
from sodate.messages import Message
from sodate.playbook.model import Definition, unlike

Name = Annotated[str, StringConstraints(pattern=rf"^{DECLARED_NAME}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
Value = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]


class ActivityField(Definition):
    """What is said of one such activity. Ids and whole numbers only: text of people could be personal data."""

    id: Name
    type: Literal["id", "number"] = "id"
    values: tuple[Value, ...] = Field(default=(), max_length=100, description="The only ids that may occur.")
    at_least: int = Field(default=0, ge=-(10**9), le=10**9, description="Of a number.")
    at_most: int = Field(default=10**9, ge=-(10**9), le=10**9, description="Of a number.")
    required: bool = False

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type == "number" and self.values:
            raise ValueError(Message("`values` are ids; a number has `at_least` and `at_most`"))
        if self.at_least > self.at_most:
            raise ValueError(Message("`at_least` is more than `at_most`"))
        return self


class Labels(Definition):
    ja: Label
    en: Label


class DeclaredActivity(Definition):
    id: Name
    label: Labels
    engagement: bool = Field(default=True, description="The lead did it; it ends the lead's inactivity.")
    fields: tuple[ActivityField, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _is_its_own(self) -> Self:
        if self.id in list(ActivityType):
            raise ValueError(Message("`{id}` is an activity of Sodate; choose another name", id=self.id))
        unlike([field.id for field in self.fields], ("fields",), "id")
        return self


class DeclaredActivities(Definition):
    activities: tuple[DeclaredActivity, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        unlike([activity.id for activity in self.activities], ("activities",), "id")
        return self

    def named(self, name: str) -> DeclaredActivity | None:
        return next((one for one in self.activities if one.id == name), None)


def types_not_of_the_catalog(value: object) -> set[str]:
    """Names of activities in a definition that only a playbook can declare."""
    if isinstance(value, DeclaredType):
        return {str(value)}
    if isinstance(value, BaseModel):
        value = tuple(value.__dict__.values())
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return set().union(*map(types_not_of_the_catalog, value)) if isinstance(value, list | tuple) else set()


NOTHING_DECLARED = DeclaredActivities()
