"""How long data of leads is kept, and what a lead may do with it by itself: `privacy` of playbook.yaml. Pure."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from sodate.messages import Message
from sodate.playbook.model import Definition

#: As `forms` writes them.
_QUARANTINE_DAYS = 90


class SelfService(Definition):
    """What the preference page offers. Both need a link that is mailed to the address, so they prove the mailbox."""

    export: bool = Field(default=True, description="A lead may download what is stored about it.")
    erase: Literal["off", "review"] = Field(
        default="review",
        description="A lead may ask for its erasure; `review`: marketing stops at once, and a person erases"
        " (`sodate privacy requests`), or Sodate by itself after `erase_after_days`.",
    )

    @property
    def is_offered(self) -> bool:
        return self.export or self.erase != "off"


class DataPolicy(Definition):
    """The function `privacy_review` applies these ends; nothing else of a lead ends by itself."""

    submissions_days: int | None = Field(
        default=None, ge=30, le=3650, description="Form answers are deleted after this time; empty: kept with the lead."
    )
    activities_days: int | None = Field(
        default=None,
        ge=365,
        le=3650,
        description="Activities are deleted after this time; scores that are replayed later do without them.",
    )
    quarantine_days: int = Field(
        default=_QUARANTINE_DAYS, ge=1, le=_QUARANTINE_DAYS, description="Doubtful form posts are kept this long."
    )
    access_log_days: int = Field(default=365, ge=30, le=3650, description="Who looked at a lead is kept this long.")
    inactive_months: int | None = Field(
        default=None, ge=6, le=120, description="Leads without an own activity for this time are proposed for erasure."
    )
    inactive: Literal["list", "erase"] = Field(
        default="list", description="`erase`: the review erases inactive leads as well."
    )
    self_service: SelfService = SelfService()
    erase_after_days: int | None = Field(
        default=None,
        ge=0,
        le=30,
        description="A lead that asked for its erasure is erased after so many days, unless it withdraws; empty: a"
        " person decides.",
    )

    @model_validator(mode="after")
    def _activities_outlive_inactivity(self) -> Self:
        if self.activities_days and self.inactive_months and self.activities_days < self.inactive_months * 30:
            raise ValueError(
                Message(
                    "`activities_days` is shorter than `inactive_months`: a lead whose last activity has ended would"
                    " look inactive; make it at least 30 times `inactive_months`"
                )
            )
        return self

    @property
    def ends_anything(self) -> bool:
        """A review has something to do. Doubtful posts end after 90 days by themselves."""
        ends = (self.submissions_days, self.activities_days, self.inactive_months)
        return any(end is not None for end in ends) or self.quarantine_days < _QUARANTINE_DAYS

    @property
    def access_log(self) -> timedelta:
        return timedelta(days=self.access_log_days)
