"""Who in sales hears of a hot lead, and where."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.playbook.model import Definition, HttpUrl, Slug


class Owner(Definition):
    id: Slug
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    email: Annotated[str, StringConstraints(pattern=r"^[!-9;-?A-~]+@[a-z0-9.-]+$", max_length=254)]


class Webhook(Definition):
    url: HttpUrl
    format: Literal["slack", "sodate"] = Field(default="slack", description="`slack`: `text` and `blocks` too.")


class Assignment(Definition):
    """First match wins: leads whose attribute contains the text belong to this owner."""

    attribute: Annotated[str, StringConstraints(pattern=r"^(primary|secondary)\.[a-z][a-z0-9_]{0,39}$")]
    contains: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    owner: Slug


class Sales(Definition):
    owners: tuple[Owner, ...] = Field(min_length=1, max_length=200)
    default_owner: Slug
    assignments: tuple[Assignment, ...] = ()
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _known_owners(self) -> Self:
        known = {owner.id for owner in self.owners}
        for wanted in (self.default_owner, *(a.owner for a in self.assignments)):
            if wanted not in known:
                raise ValueError(f"owner {wanted!r} is not in `owners` ({', '.join(sorted(known))})")
        return self
