"""The activities that people and other systems may log: those of the catalog and of the playbook. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from sodate.activities.catalog import BY_HAND, NUMBERS, PASSIVE, VALUES, ActivityType, label_of
from sodate.activities.declared import ActivityField, DeclaredActivities
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.problem import did_you_mean

#: Ids and codes: what a person types in words could be personal data, and no condition could ask for it.
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_WHOLE = re.compile(r"-?[0-9]{1,12}")


@dataclass(frozen=True)
class FieldRule:
    """`numbers`: the least and the most of a whole number; None: an id, one of `values` if there are any."""

    values: tuple[str, ...] = ()
    numbers: tuple[int, int] | None = None
    required: bool = False


@dataclass(frozen=True)
class ActivityKind:
    """One type of activity that may be logged. `engagement`: it ends the lead's inactivity."""

    name: str
    label_ja: str
    label_en: str
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    engagement: bool = True

    def read_about(self, given: Mapping[str, object]) -> dict[str, str | int]:
        """What is kept in the activity.

        Raises: `Invalid`, its code the field: an unknown field, a value that it cannot have, a missing one.
        """
        about: dict[str, str | int] = {}
        for name, value in given.items():
            rule = self.fields.get(name)
            if rule is None:
                has = ", ".join(self.fields) or "none"
                raise Invalid(
                    Message(
                        "{activity} has no attribute {attribute}; it has {known}",
                        activity=self.name,
                        attribute=name[:60],
                        known=has,
                    ),
                    name[:60],
                )
            about[name] = _read(name, value, rule)
        for name, rule in self.fields.items():
            if rule.required and name not in about:
                raise Invalid(
                    Message("{activity} needs {attribute}; give it", activity=self.name, attribute=name), name
                )
        return about if self.engagement or self.name in BY_HAND else {**about, PASSIVE: 1}


def kind_named(name: str, declared: DeclaredActivities) -> ActivityKind:
    """Raises: `Invalid` for a type that does not exist, or that only the system writes."""
    known = next((type_ for type_ in BY_HAND if type_.value == name), None)
    if known is not None:
        rules = {attribute: _rule(known, attribute) for attribute in known.attributes}
        return ActivityKind(known.value, known.label_ja, known.label_en, rules, known.is_engagement)
    own = declared.named(name)
    if own is not None:
        fields = {one.id: _declared_rule(one) for one in own.fields}
        return ActivityKind(own.id, own.label.ja, own.label.en, fields, own.engagement)
    listed = [*BY_HAND, *(one.id for one in declared.activities)]
    if name in list(ActivityType):
        raise Invalid(
            Message("only the system writes {name}; by hand: {listed}", name=name, listed=", ".join(listed)), "type"
        )
    raise Invalid(
        Message(
            "there is no activity {name!r}: {did_you_mean}", name=name[:60], did_you_mean=did_you_mean(name, listed)
        ),
        "type",
    )


def labels_of(declared: DeclaredActivities, language: str) -> dict[str, str]:
    """Type → label, of the catalog and of the playbook."""
    own = {one.id: one.label.ja if language == "ja" else one.label.en for one in declared.activities}
    return {type_.value: label_of(type_.value, language) for type_ in ActivityType} | own


def _rule(type_: ActivityType, attribute: str) -> FieldRule:
    return FieldRule(VALUES.get((type_, attribute), ()), NUMBERS.get(attribute))


def _declared_rule(one: ActivityField) -> FieldRule:
    numbers = (one.at_least, one.at_most) if one.type == "number" else None
    return FieldRule(one.values, numbers, one.required)


def _read(name: str, value: object, rule: FieldRule) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(Message("{name}: write an id or a whole number", name=name), name)
    text = unicodedata.normalize("NFKC", str(value)[:200]).strip()
    if rule.numbers is not None:
        return _number(name, text, *rule.numbers)
    if rule.values and text not in rule.values:
        raise Invalid(
            Message(
                "{name}={text}: it must be one of {values}", name=name, text=text[:60], values=", ".join(rule.values)
            ),
            name,
        )
    if not _ID.fullmatch(text):
        raise Invalid(
            Message(
                "{name}={text}: an id has lower-case letters, digits, - and _, at most 60", name=name, text=text[:60]
            ),
            name,
        )
    return text


def _number(name: str, text: str, least: int, most: int) -> int:
    plain = text.replace(",", "")
    if not _WHOLE.fullmatch(plain) or not least <= int(plain) <= most:
        raise Invalid(
            Message(
                "{name}={text}: it must be a whole number from {least} to {most}",
                name=name,
                text=text[:60],
                least=least,
                most=most,
            ),
            name,
        )
    return int(plain)
