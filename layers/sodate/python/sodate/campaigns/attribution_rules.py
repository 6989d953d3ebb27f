"""How revenue is divided among touches: `attribution.yaml`, and what goes back to ad platforms."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sodate.conditions.one_activity import OneActivity
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug, unlike

Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Share = Annotated[Decimal, Field(ge=0, le=100, max_digits=6, decimal_places=3)]


class AttributionModel(StrEnum):
    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"
    U = "u"
    W = "w"
    FULL_PATH = "full_path"
    TIME_DECAY = "time_decay"
    OWN = "own"


class Weights(Definition):
    """Percent of each anchor; `others` is divided evenly among all other touches. Together 100."""

    first: Share = Decimal(0)
    lead: Share = Field(default=Decimal(0), description="The touch with which the first contact became a lead.")
    deal: Share = Field(default=Decimal(0), description="The last touch before the deal was opened.")
    last: Share = Field(default=Decimal(0), description="The last touch before the deal was won.")
    others: Share = Decimal(0)

    @model_validator(mode="after")
    def _make_a_whole(self) -> Self:
        if self.first + self.lead + self.deal + self.last + self.others != 100:
            raise ValueError(Message("the weights must make 100 together"))
        return self


def _in_cp932(name: str) -> str:
    """The file for Yahoo!広告 is in CP932."""
    try:
        name.encode("cp932")
    except UnicodeEncodeError as error:
        raise ValueError(
            Message("{name!r} cannot be written in CP932 (Shift_JIS), as the file must be", name=name[error.start])
        ) from error
    return name


class Upload(Definition):
    """One kind of conversion that ad platforms are told of."""

    id: Slug
    on: OneActivity
    google: Label | None = Field(default=None, description="Name of the conversion action in Google Ads.")
    meta: Label | None = Field(default=None, description="Name of the event in Meta (a stage of the CRM).")
    yahoo: Annotated[Label, AfterValidator(_in_cp932)] | None = Field(
        default=None, description="Name of the imported conversion (コンバージョン名) in Yahoo!広告, search."
    )
    microsoft: Label | None = Field(default=None, description="Name of the offline conversion goal in Microsoft Ads.")
    value: bool = Field(default=False, description="With the amount that the activity has (`deal_won`).")

    @model_validator(mode="after")
    def _has_a_platform(self) -> Self:
        if not any((self.google, self.meta, self.yahoo, self.microsoft)):
            raise ValueError(
                Message("`uploads` needs `google`, `meta`, `yahoo` or `microsoft`: the name of the conversion there")
            )
        if self.on.activity == "mail_opened":
            raise ValueError(Message("an open is no conversion: mail programs open most emails by themselves"))
        return self


class AttributionRules(Definition):
    model: AttributionModel = AttributionModel.W
    lookback_days: int = Field(default=365, ge=1, le=3650, description="Touches so long before the deal was opened.")
    half_life_days: int = Field(default=7, ge=1, le=365, description="Of `time_decay`.")
    weights: Weights | None = Field(default=None, description="Of the model `own`.")
    uploads: tuple[Upload, ...] = Field(default=(), max_length=50)
    hashed_email_needs: Slug | None = Field(
        default=None,
        description="Topic whose confirmed consent allows to send a hashed address to ad platforms; absent: never.",
    )

    @model_validator(mode="after")
    def _own_weights(self) -> Self:
        if self.model is AttributionModel.OWN and self.weights is None:
            raise ValueError(Message("`model: own` needs `weights`"))
        unlike([upload.id for upload in self.uploads], ("uploads",), "id")
        return self
