"""What a playbook knows of leads: fields with labels and values, for comparison with columns of a file. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sodate.leads.text import fold

FieldType = Literal["", "text", "number", "date", "bool", "choice", "phone", "list"]

_IN_BRACKETS = re.compile(r"[(\[{〔【「『<][^)\]}〕】」』>]*[)\]}〕】」』>]")
_SPLIT = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class KnownField:
    """One attribute of leads. `labels`: what people call it. `choices`: folded value or label → stored value.

    `type` is empty where only conditions name the field: then the cells of a column decide.
    """

    path: str
    type: FieldType = ""
    labels: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)

    def also(self, other: "KnownField") -> "KnownField":
        """The same attribute, as another form or condition has it."""
        types = {one for one in (self.type, other.type) if one}
        type_: FieldType = next(iter(types)) if len(types) == 1 else "text" if types else ""
        return KnownField(
            self.path, type_, tuple(dict.fromkeys([*self.labels, *other.labels])), {**self.choices, **other.choices}
        )


def joined(fields: Iterable[KnownField]) -> dict[str, KnownField]:
    """By path."""
    found: dict[str, KnownField] = {}
    for one in fields:
        found[one.path] = found[one.path].also(one) if one.path in found else one
    return found


def plain_name(name: str) -> str:
    """A name for comparison: without regard to case, width, punctuation, and what stands in brackets (`(必須)`)."""
    text = _IN_BRACKETS.sub("", unicodedata.normalize("NFKC", name)) or name
    return "".join(character for character in fold(text) if character.isalnum())


def words_of(name: str) -> frozenset[str]:
    """The words of a name in Latin letters, without the s of a plural; empty for Japanese, which has no spaces."""
    text = unicodedata.normalize("NFKC", name)
    words = (word.casefold() for word in _SPLIT.split(text) if word.isascii())
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words if word)
