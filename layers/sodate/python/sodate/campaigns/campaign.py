"""A campaign as a marketer writes it (`campaigns/<id>.yaml`), and as it is published."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from sodate.conditions.one_activity import OneActivity
from sodate.deals.definition import Currency
from sodate.leads.text import fold
from sodate.messages import Message
from sodate.money import digits_of
from sodate.playbook.model import Definition, Slug


def _few_stars(pattern: str) -> str:
    if pattern.count("*") > 3:
        raise ValueError(Message("at most three `*` in one pattern"))
    return pattern


#: `*` stands for anything; compared folded, so that ＡＢＣ equals abc.
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_few_stars)]
Amount = Annotated[Decimal, Field(ge=0, le=10**12, max_digits=18)]
ClickKind = Literal["gclid", "gbraid", "wbraid", "fbclid", "msclkid", "yclid"]
Platform = Literal["google", "yahoo", "generic"]
UTM = ("source", "medium", "campaign", "term", "content", "referrer")


class Utm(Definition):
    """Each key that is given must match; `referrer` is a host name."""

    source: Pattern | None = None
    medium: Pattern | None = None
    campaign: Pattern | None = None
    term: Pattern | None = None
    content: Pattern | None = None
    referrer: Pattern | None = None

    @property
    def given(self) -> dict[str, str]:
        return {name: pattern for name in UTM if (pattern := getattr(self, name)) is not None}

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.given:
            raise ValueError(
                Message("an entry of `utm` needs at least one of {names}", names=", ".join(f"`{name}`" for name in UTM))
            )
        return self


class Sources(Definition):
    """What counts as a touch of the campaign: any one of these."""

    forms: tuple[Slug, ...] = Field(default=(), max_length=50, description="A post of one of these forms.")
    utm: tuple[Utm, ...] = Field(default=(), max_length=100)
    click_ids: tuple[ClickKind, ...] = Field(default=(), description="A visit by an ad that is marked with one.")
    broadcasts: tuple[Slug, ...] = Field(default=(), max_length=50, description="A click in one of these emails.")
    scenarios: tuple[Slug, ...] = Field(
        default=(), max_length=50, description="A click in an email of one of these scenarios or sequences."
    )
    activities: tuple[OneActivity, ...] = Field(default=(), max_length=50)
    imports: tuple[Slug, ...] = Field(
        default=(), max_length=50, description="Activities that an import with this `source` brought."
    )

    @property
    def is_empty(self) -> bool:
        named = (self.forms, self.utm, self.click_ids, self.broadcasts, self.scenarios, self.activities, self.imports)
        return not any(named)


class Targets(Definition):
    """Whom the campaign is aimed at: who entered one of these is a member before any touch."""

    segments: tuple[Slug, ...] = Field(default=(), max_length=50)
    scenarios: tuple[Slug, ...] = Field(default=(), max_length=50)


class AdCost(Definition):
    """Imported ad cost (`sodate campaign cost import`) of these ad campaigns."""

    platform: Platform
    campaigns: tuple[Pattern, ...] = Field(min_length=1, max_length=100)


class CostLine(Definition):
    """One of: `amount` with `on`, `amount` spread evenly over `from` to `until`, `per_lead`, `ad_cost`."""

    # `from` is a word of the language; playbooks and stored versions say `from`.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    title: Annotated[str, StringConstraints(max_length=200)] = ""
    amount: Amount | None = Field(default=None, description="In the campaign's currency: yen, dollars and cents.")
    on: date | None = None
    from_: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, description="The last day.")
    per_lead: Amount | None = Field(default=None, description="Of each lead that the campaign acquired.")
    ad_cost: AdCost | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if sum(value is not None for value in (self.amount, self.per_lead, self.ad_cost)) != 1:
            raise ValueError(Message("a cost has exactly one of `amount`, `per_lead`, `ad_cost`"))
        spread = self.from_ is not None and self.until is not None
        days = (self.on, self.from_, self.until)
        if self.amount is None and any(day is not None for day in days):
            raise ValueError(Message("`on`, `from` and `until` go with `amount`"))
        if self.amount is not None and (self.on is not None) == spread:
            raise ValueError(Message("an `amount` needs either `on`, or `from` and `until`"))
        if self.on is not None and (self.from_ is not None or self.until is not None):
            raise ValueError(Message("an `amount` needs either `on`, or `from` and `until`"))
        if self.from_ is not None and self.until is not None and self.from_ > self.until:
            raise ValueError(Message("`until` is the last day, and comes before `from`"))
        return self


class Goal(Definition):
    kpi: Literal["leads", "mqls", "sqls", "conversions", "deals", "revenue"]
    target: Annotated[Decimal, Field(gt=0, le=10**15, max_digits=18)]


class Campaign(Definition):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    id: Slug
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    from_: date = Field(alias="from", description="First day, in the sender's time zone.")
    until: date = Field(description="Last day.")
    currency: Currency = "JPY"
    goal: Goal | None = None
    conversion: OneActivity | None = Field(default=None, description="The activity that counts as a conversion.")
    conversion_within_days: int = Field(default=30, ge=1, le=365, description="So long after a touch it counts.")
    costs: tuple[CostLine, ...] = Field(default=(), max_length=200)
    sources: Sources
    targets: Targets = Targets()

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.from_ > self.until:
            raise ValueError(Message("`until` is the last day, and comes before `from`"))
        if (self.until - self.from_).days > 3660:
            raise ValueError(Message("a campaign takes ten years at most"))
        if self.sources.is_empty:
            raise ValueError(Message("`sources` is empty: nothing would ever be a touch of this campaign"))
        return self

    @model_validator(mode="after")
    def _opens_are_nothing(self) -> Self:
        named = [*self.sources.activities, *([self.conversion] if self.conversion else [])]
        if any(test.activity == "mail_opened" for test in named):
            raise ValueError(
                Message("an open is no touch and no conversion: mail programs open most emails by themselves")
            )
        return self

    @model_validator(mode="after")
    def _amounts_have_the_digits_of_the_currency(self) -> Self:
        digits = digits_of(self.currency)
        for line in self.costs:
            amount = line.amount if line.amount is not None else line.per_lead
            if amount is not None and amount.scaleb(digits) != amount.scaleb(digits).to_integral_value():
                raise ValueError(
                    Message(
                        "{amount}: {currency} has {digits} digits after the decimal point",
                        amount=amount,
                        currency=self.currency,
                        digits=digits,
                    )
                )
        return self


class PublishedCampaign(Campaign):
    """As stored. `time_zone`: of the sender when it was published; days of the campaign are days there."""

    time_zone: str


@lru_cache(maxsize=4096)
def pattern_matcher(pattern: str) -> Callable[[str], bool]:
    """Predicate over folded text."""
    parts = (re.escape(part) for part in fold(pattern).split("*"))
    match = re.compile(".*".join(parts), re.DOTALL).fullmatch
    return lambda text: match(text) is not None
