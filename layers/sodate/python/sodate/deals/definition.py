"""The part `deals` of sales.yaml: stages with their probability, and the rates between currencies."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sodate.deals.deal import DealStatus, StageValue
from sodate.email.mailing import Line
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.money import Money, digits_of
from sodate.playbook.model import Definition, Slug, unlike


def _known(currency: str) -> str:
    try:
        digits_of(currency)
    except Invalid as error:
        raise ValueError(str(error)) from error
    return currency


Currency = Annotated[str, AfterValidator(_known)]


class DealStage(Definition):
    id: Slug
    label: Line
    forecast_percent: int = Field(ge=0, le=100, description="Probability of an order at this stage, in percent.")
    status: DealStatus = Field(default=DealStatus.OPEN, description="`won` and `lost` close the deal.")

    @property
    def value(self) -> StageValue:
        return StageValue(self.id, self.status, self.forecast_percent)


class Rate(Definition):
    """One unit of `currency` is `rate` units of the base currency, from this day until the next rate."""

    # `from` is a word of the language; playbooks and stored versions say `from`.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    currency: Currency
    from_: date = Field(alias="from")
    rate: Decimal = Field(gt=0, le=10**9, max_digits=18)


_STAGES = (
    DealStage(id="open", label="案件化 / Open", forecast_percent=20),
    DealStage(id="proposal", label="提案 / Proposal", forecast_percent=40),
    DealStage(id="negotiation", label="交渉 / Negotiation", forecast_percent=70),
    DealStage(id="won", label="受注 / Won", forecast_percent=100, status=DealStatus.WON),
    DealStage(id="lost", label="失注 / Lost", forecast_percent=0, status=DealStatus.LOST),
)


class Deals(Definition):
    stages: tuple[DealStage, ...] = Field(default=_STAGES, min_length=3, max_length=30)
    base_currency: Currency = Field(default="JPY", description="Reports convert to it, where a rate is known.")
    rates: tuple[Rate, ...] = Field(default=(), max_length=2000)
    meeting_opens_deal: bool = Field(
        default=False, description="The feedback “meeting set” opens a deal for a lead that has none."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        unlike([stage.id for stage in self.stages], ("stages",), "id")
        missing = [status.value for status in DealStatus if status not in {stage.status for stage in self.stages}]
        if missing:
            raise ValueError(
                Message(
                    "no stage has the status {missing}; a deal must be able to come to each", missing=", ".join(missing)
                )
            )
        if self.stages[0].status is not DealStatus.OPEN:
            raise ValueError(Message("the first stage is the one of a new deal; its status must be `open`"))
        return self

    @model_validator(mode="after")
    def _one_rate_per_day(self) -> Self:
        days = [(rate.currency, rate.from_) for rate in self.rates]
        if len(set(days)) < len(days):
            raise ValueError(Message("two rates of one currency are from the same day"))
        if any(rate.currency == self.base_currency for rate in self.rates):
            raise ValueError(
                Message("{base_currency} is the base currency; it has no rate", base_currency=self.base_currency)
            )
        return self

    def stage(self, stage_id: str) -> DealStage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def first_with(self, status: DealStatus) -> DealStage:
        return next(stage for stage in self.stages if stage.status is status)

    def in_base(self, money: Money, day: date) -> Money | None:
        """The amount in the base currency by the rate of `day`, rounded to even; None: not defined without a rate."""
        if money.currency == self.base_currency:
            return money
        rate = self.rate_on(money.currency, day)
        if rate is None:
            return None
        digits = digits_of(self.base_currency) - digits_of(money.currency)
        return Money(self.base_currency, round((money.amount * rate.rate).scaleb(digits)))

    def rate_on(self, currency: str, day: date) -> Rate | None:
        """The newest rate of the day; None for the base currency."""
        known = [rate for rate in self.rates if rate.currency == currency and rate.from_ <= day]
        return max(known, key=lambda one: one.from_, default=None)

    def total_in_base(self, amounts: Iterable[Money], day: date) -> tuple[Money, tuple[Rate, ...]] | None:
        """The sum in the base currency by the rates of `day`, and these rates; None: one of them has no rate."""
        given = list(amounts)
        converted = [self.in_base(one, day) for one in given]
        if None in converted:
            return None
        total = sum(one.amount for one in converted if one is not None)
        rates = (self.rate_on(currency, day) for currency in sorted({one.currency for one in given}))
        return Money(self.base_currency, total), tuple(rate for rate in rates if rate is not None)
