"""The lead schema: profile fields that a form fills, `fields` of playbook.yaml declares, or only scenarios set."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from sodate.companies.company import COPIED
from sodate.conditions.language import Text
from sodate.email.mailing import Mailing
from sodate.forms.definition import Form, ProfilePath
from sodate.messages import Message
from sodate.playbook.model import Definition, unlike
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import INTERESTS, TAGS, SetStep

FieldKind = Literal["text", "number", "date", "set", "flag"]
_KIND_OF: dict[str, FieldKind] = {
    "number": "number", "nps": "number", "date": "date", "checkbox": "flag", "multiple_choice": "set",
}  # fmt: skip


class DeclaredField(Definition):
    """A field that no form fills: it comes by import, from a CRM or over the API."""

    name: ProfilePath = Field(description="`primary.<name>` (基礎情報) or `secondary.<name>` (二次情報).")
    type: Literal["text", "number", "date", "set"] = "text"
    options: tuple[Text, ...] = Field(default=(), max_length=500, description="The values that occur; empty: any.")

    @model_validator(mode="after")
    def _options_are_texts(self) -> Self:
        if self.options and self.type not in ("text", "set"):
            raise ValueError(Message("`options` goes with `type: text` and `type: set`"))
        return self


class PlaybookFile(Mailing):
    """`playbook.yaml`. `fields` is for checking only and is not published."""

    fields: tuple[DeclaredField, ...] = Field(default=(), max_length=500)

    @model_validator(mode="after")
    def _origins_are_written_once(self) -> Self:
        if self.tracked_origins:
            raise ValueError(Message("`tracked_origins` is not written here: set `tokens_in_links` in tracking.yaml"))
        return self

    @model_validator(mode="after")
    def _fields_are_named_once(self) -> Self:
        unlike([field.name for field in self.fields], ("fields",), "name")
        return self


@dataclass(frozen=True)
class LeadField:
    """What the values of one field may be. `options`: texts; None: any value of these kinds."""

    kinds: frozenset[FieldKind]
    options: frozenset[str] | None

    @property
    def is_single(self) -> bool:
        """A lead has one value at most."""
        return "set" not in self.kinds

    def also(self, other: "LeadField") -> "LeadField":
        """The field, when it may also be filled as `other` says."""
        both = None if self.options is None or other.options is None else self.options | other.options
        return LeadField(self.kinds | other.kinds, both)


def lead_fields(
    forms: Iterable[Form], declared: Iterable[DeclaredField], scenarios: Iterable[Scenario]
) -> dict[str, LeadField]:
    fields = {"primary.email": LeadField(frozenset({"text"}), None)}
    for name in COPIED:
        fields[f"company.{name}"] = LeadField(frozenset({"number" if name == "employees" else "text"}), None)

    def fill(path: str, kind: FieldKind, options: Iterable[str]) -> None:
        field = LeadField(frozenset({kind}), frozenset(options) or None)
        fields[path] = fields[path].also(field) if path in fields else field

    for each in (field for form in forms for field in form.fields if field.maps_to):
        fill(str(each.maps_to), _KIND_OF.get(each.type, "text"), [choice.value for choice in each.choices])
    for one in declared:
        fill(one.name, one.type, one.options)
    elsewhere = frozenset(fields)
    for scenario in scenarios:
        for path, kind, value in _set_by(scenario, elsewhere):
            fill(path, kind, [value])
    return fields


def _set_by(scenario: Scenario, elsewhere: frozenset[str]) -> Iterator[tuple[str, FieldKind, str]]:
    """Tags, interests, and values of secondary fields that are named nowhere else."""
    for change in (change for step in scenario.steps if isinstance(step, SetStep) for change in step.set):
        if change.field is not None and change.to is not None:
            if change.field.startswith("secondary.") and change.field not in elsewhere:
                yield change.field, "text", change.to
        elif change.add_tag is not None:
            yield TAGS, "set", change.add_tag
        elif change.add_interest is not None:
            yield INTERESTS, "set", change.add_interest
