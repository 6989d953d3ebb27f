"""Base model of playbook files: frozen, closed (an unknown key is an error), validated once at `apply`.

Functions read stored definitions that a newer release may have validated: `read` ignores unknown keys.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, model_validator

from sodate.messages import Message

Language = Literal["ja", "en"]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$"),
    Field(description="Lower-case letters, digits and hyphens, 60 at most; it appears in URLs and mail tags."),
]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")]
#: Of a form: also any port of the developer's own machine.
FormOrigin = Annotated[str, StringConstraints(pattern=r"^(https?://[a-z0-9.-]+(:\d{1,5})?|http://localhost:\*)$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\\]+$", max_length=2000)]


class InvalidPart(ValueError):
    """A part of a definition that is refused.

    `hint`: what its author can do. `path`: keys and positions of the part, inside of the model that refuses it.
    """

    def __init__(self, message: str, hint: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.hint, self.path = hint, path


def unlike(names: Sequence[str], path: tuple[str, ...], key: str) -> None:
    """Each entry of the list at `path` has another `key`.

    Raises: `InvalidPart` at the first entry whose name was there before.
    """
    for number, name in enumerate(names):
        if name in names[:number]:
            message = Message("`{key}: {name}` is there twice", key=key, name=name)
            raise InvalidPart(message, Message("give each its own"), (*path, number, key))


class Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NarrowedByEachKey(Definition):
    """A model in which each key narrows the meaning, so that unknown keys must not be ignored (conditions)."""

    @model_validator(mode="wrap")
    @classmethod
    def _knows_every_key(cls, data: Any, handler: Any, info: ValidationInfo) -> Self:
        if info.context is _READER and isinstance(data, dict):
            data = cls.renewed(data)
            known = {field.alias or name for name, field in cls.model_fields.items()}
            if unknown := sorted(str(key) for key in data if key not in known):
                raise ValueError(Message("this release does not know {unknown}", unknown=", ".join(unknown)))
        made: Self = handler(data)
        return made

    @classmethod
    def renewed(cls, data: dict[str, Any]) -> dict[str, Any]:
        """What a former release stored, in the keys of this one. Files of a playbook are written in these only."""
        return data


_READER = {"reader": True}
_Model = TypeVar("_Model", bound=BaseModel)


def unreadable(definition: str, error: ValidationError) -> Message:
    """Of a stored definition, by its name, that `read` refuses."""
    first = error.errors(include_url=False, include_input=False)[0]
    return Message(
        "this release cannot read {definition} ({where}: {problem}); deploy the release that wrote it, or apply a"
        " playbook that this one understands",
        definition=definition,
        where=".".join(str(part) for part in first["loc"]),
        problem=first["msg"],
    )


def read(model: type[_Model], body: Any) -> _Model:
    """Parse a stored definition.

    Raises: pydantic's `ValidationError` when this release cannot read it.
    """
    return model.model_validate(body, extra="ignore", context=_READER)
