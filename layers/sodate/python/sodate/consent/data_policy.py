"""How long data of leads is kept, and what a lead may do with it by itself: `privacy` of playbook.yaml. Pure."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from sodate.playbook.model import Definition


class SelfService(Definition):
    """What the preference page offers. Both need a link that is mailed to the address, so they prove the mailbox."""

    export: bool = Field(default=True, description="A lead may download what is stored about it.")
    erase: Literal["off", "review"] = Field(
        default="review",
        description="A lead may ask for its erasure; `review`: marketing stops at once, and a person erases"
        " (`sodate privacy requests`).",
    )

    @property
    def is_offered(self) -> bool:
        return self.export or self.erase != "off"


class DataPolicy(Definition):
    """`sodate privacy review` applies these ends; nothing else of a lead ends by itself."""

    submissions_days: int | None = Field(
        default=None, ge=30, le=3650, description="Form answers are deleted after this time; empty: kept with the lead."
    )
    activities_days: int | None = Field(
        default=None,
        ge=365,
        le=3650,
        description="Activities are deleted after this time; scores that are replayed later do without them.",
    )
    quarantine_days: int = Field(default=90, ge=1, le=90, description="Doubtful form posts are kept this long.")
    access_log_days: int = Field(default=365, ge=30, le=3650, description="Who looked at a lead is kept this long.")
    inactive_months: int | None = Field(
        default=None, ge=6, le=120, description="Leads without an own activity for this time are proposed for erasure."
    )
    inactive: Literal["list", "erase"] = Field(
        default="list", description="`erase`: `sodate privacy review --apply` erases inactive leads as well."
    )
    self_service: SelfService = SelfService()

    @property
    def access_log(self) -> timedelta:
        return timedelta(days=self.access_log_days)
