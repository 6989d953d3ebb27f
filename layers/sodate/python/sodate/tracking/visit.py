"""A session as it is stored: the fold, whose it is, and what is planned for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sodate.tracking.session import Session


@dataclass(frozen=True)
class Visit:
    """`started`: the beginning by the browser's clock, a part of the key. `part`: see `tracking_keys.session`.

    `returning`: the visitor was here before. `lead_id`: who the visitor is known to be. `form`: which form it posted.
    `due`: for when the end of the session is planned, None: nothing is planned. `moved`: the visitor was identified as
    another lead, and later batches belong to the next part. `version`: 0 for one that is not stored. `logged`: time of
    each activity by its key, in seconds since 1970: decided once, for a late batch may change the times of a session.
    """

    visitor: str
    session_id: str
    started: datetime
    session: Session
    part: int = 0
    returning: bool = False
    lead_id: str | None = None
    form: str | None = None
    due: datetime | None = None
    moved: bool = False
    version: int = 0
    logged: Mapping[str, int] = field(default_factory=dict)

    def after(self, session: Session) -> "Visit":
        return replace(self, session=session)


@dataclass(frozen=True)
class Binding:
    """Which lead a visitor is. `earlier`: the leads that it was before, with the times, oldest first."""

    visitor: str
    lead_id: str
    since: datetime
    by: str
    earlier: tuple[tuple[str, str, str], ...] = ()
