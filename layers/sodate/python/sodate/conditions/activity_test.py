"""The predicate about what a lead did, and the parts of predicates that have ranges."""

from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from sodate.activities.catalog import DECLARED_NAME, ActivityType, CallOutcome, DeclaredType, activity_type, text_of
from sodate.messages import Message
from sodate.playbook.model import NarrowedByEachKey, Slug

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Range(NarrowedByEachKey):
    at_least: float | None = Field(default=None, ge=-1e12, le=1e12)
    less_than: float | None = Field(default=None, ge=-1e12, le=1e12)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.at_least is not None and self.less_than is not None and self.at_least >= self.less_than:
            raise ValueError(
                Message(
                    "nothing is at least {at_least:g} and less than {less_than:g}",
                    at_least=self.at_least,
                    less_than=self.less_than,
                )
            )
        return self

    def includes(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.less_than is None or value < self.less_than)


ActivityName = Annotated[
    ActivityType | DeclaredType,
    PlainValidator(activity_type),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [type_.value for type_ in ActivityType]},
                {"type": "string", "pattern": f"^{DECLARED_NAME}$", "description": "An activity of activities.yaml."},
            ]
        }
    ),
]


#: Of fields of activities.yaml, and of events, whose names may have one letter.
_FIELD_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class FieldTest(Range):
    """One field of the activity: an id, a flag (`true`), a number or a range of one."""

    name: Annotated[str, StringConstraints(pattern=_FIELD_NAME)]
    equals: Text | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        is_range = self.at_least is not None or self.less_than is not None
        if (self.equals is None) != is_range:
            raise ValueError(
                Message("write one value for `{name}`, or a range of `at_least` and `less_than`", name=self.name)
            )
        return self


def _fields(value: Any) -> Any:
    """`{exhibition: spring, minutes: {at_least: 30}}` as the list of its parts."""
    if not isinstance(value, dict):
        return value
    return [
        {"name": name, **part} if isinstance(part, dict) else {"name": name, "equals": _as_text(part)}
        for name, part in value.items()
    ]


def _as_text(part: Any) -> Any:
    return text_of(part) if isinstance(part, bool | int | float) else part


#: As it is written in a file; stored, it is the list of the parts.
_FIELDS: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 10,
    "propertyNames": {"pattern": _FIELD_NAME},
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean"], "maxLength": 200},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {name: {"type": "number"} for name in ("at_least", "less_than")},
            },
        ]
    },
}


class ActivityTest(NarrowedByEachKey):
    """The activity happened at least `times` times, within the last `within_days` days if set.

    `fields`: any attribute of the activity, of those of activities.yaml and of events of tracking.yaml too:
    `{exhibition: spring}`.

    `first_within_days`: the first time was within the last so many days. `same_key`: only activities that have the
    enrollment's own key in the attribute of this name (scenarios with a key).
    """

    activity: ActivityName
    form: Slug | None = None
    template: Slug | None = None
    sequence: Slug | None = None
    product: Slug | None = None
    seminar: Slug | None = None
    outcome: CallOutcome | None = None
    link_contains: Text | None = None
    page: Annotated[str, StringConstraints(pattern=r"^/[^*]*(\*[^*]*){0,2}$", max_length=200)] | None = Field(
        default=None, description="A page's path; `*` (two at most) stands for anything: /pricing/*"
    )
    event: Slug | None = Field(default=None, description="Id of a call to action or an event of tracking.yaml.")
    fields: Annotated[tuple[FieldTest, ...] | None, BeforeValidator(_fields), WithJsonSchema(_FIELDS)] = Field(
        default=None, min_length=1, max_length=10, description="A map of names to values or ranges."
    )
    times: int = Field(default=1, ge=1, le=20)
    within_days: int | None = Field(default=None, ge=1, le=3650)
    first_within_days: int | None = Field(default=None, ge=1, le=3650)
    same_key: Slug | None = None

    @classmethod
    def renewed(cls, data: dict[str, Any]) -> dict[str, Any]:
        """`field: plan=pro` was one field of a custom event; it is one of `fields` now."""
        if not isinstance(field := data.get("field"), str):
            return {key: value for key, value in data.items() if key != "field" or value is not None}
        name, _, value = field.partition("=")
        rest = {key: value for key, value in data.items() if key != "field"}
        return {**rest, "fields": [*(_fields(data.get("fields")) or ()), {"name": name, "equals": value}]}
