"""Whether an activity is a touch of a campaign, aims at a lead, or is its conversion. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.campaigns.campaign import PublishedCampaign, Utm, pattern_matcher
from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest
from sodate.leads.text import fold

#: Few marks are on many links.
_folded = lru_cache(maxsize=4096)(fold)
Matches = Callable[[Activity], bool]
#: Activities that carry where a visitor came from (`activities.arrival`).
ARRIVING = frozenset(
    {
        ActivityType.WEB_SESSION.value,
        ActivityType.FORM_SUBMITTED.value,
        ActivityType.DOCUMENT_DOWNLOADED.value,
        ActivityType.PAGE_VIEWED.value,
    }
)
#: Never a touch, whatever a playbook says: mail programs open emails, and leaving is no interest.
_NEVER = frozenset(
    {
        ActivityType.MAIL_OPENED.value,
        ActivityType.MAIL_BOUNCED.value,
        ActivityType.MAIL_COMPLAINED.value,
        ActivityType.UNSUBSCRIBED.value,
        ActivityType.PREFERENCES_CHANGED.value,
    }
)
_POSTED = frozenset({ActivityType.FORM_SUBMITTED.value})
_CLICKED = frozenset({ActivityType.MAIL_CLICKED.value})
_ENTERED_SEGMENT = frozenset({ActivityType.SEGMENT_ENTERED.value, ActivityType.SEGMENT_ADDED.value})


@dataclass(frozen=True)
class LiveCampaign:
    """A campaign with its sources as predicates. `version`: of its definition."""

    campaign: PublishedCampaign
    version: int

    @property
    def id(self) -> str:
        return self.campaign.id

    @cached_property
    def begin(self) -> datetime:
        return _midnight(self.campaign.from_, self.campaign.time_zone)

    @cached_property
    def end(self) -> datetime:
        """The first moment after it."""
        return _midnight(self.campaign.until + timedelta(days=1), self.campaign.time_zone)

    def is_touched_by(self, activity: Activity) -> bool:
        if activity.type in _NEVER or not self.begin <= activity.at < self.end:
            return False
        return any(matches(activity) for matches in self._touches)

    def targets(self, activity: Activity) -> bool:
        """The lead came to be aimed at. Also before the period: invitations are sent earlier."""
        targets, about = self.campaign.targets, activity.about
        if activity.type in _ENTERED_SEGMENT:
            return about.get("segment") in targets.segments
        return activity.type == ActivityType.SCENARIO_ENTERED and about.get("scenario") in targets.scenarios

    def converts(self, activity: Activity) -> bool:
        return self._conversion is not None and self._conversion(activity)

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.campaign.conversion_within_days)

    @cached_property
    def _conversion(self) -> Matches | None:
        return did(self.campaign.conversion) if self.campaign.conversion is not None else None

    @cached_property
    def _touches(self) -> tuple[Matches, ...]:
        sources = self.campaign.sources
        found: list[Matches] = [did(test) for test in sources.activities]
        found += [_came_by(utm) for utm in sources.utm]
        if sources.forms:
            found.append(_about(_POSTED, "form", sources.forms))
        if sources.click_ids:
            found.append(_about(ARRIVING, "click", sources.click_ids))
        if sources.broadcasts:
            found.append(_about(_CLICKED, "broadcast", sources.broadcasts))
        if sources.scenarios:
            found.append(_about(_CLICKED, "sequence", sources.scenarios))
        if sources.imports:
            imports = frozenset(sources.imports)
            found.append(lambda one: import_source(one) in imports)
        return tuple(found)


def _midnight(day: date, time_zone: str) -> datetime:
    """In UTC, which compares ten times as fast."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def did(test: ActivityTest) -> Matches:
    matches = matcher(test)
    return lambda one: one.type == test.activity and (matches is None or matches(one.about))


def import_source(activity: Activity) -> str | None:
    """The `source` of the import that brought the activity, which has nothing else to say."""
    return str(activity.about["source"]) if set(activity.about) == {"source"} else None


def _about(types: frozenset[str], name: str, wanted: tuple[str, ...]) -> Matches:
    values = frozenset(wanted)
    return lambda one: one.type in types and one.about.get(name) in values


def _came_by(utm: Utm) -> Matches:
    patterns = {name: pattern_matcher(pattern) for name, pattern in utm.given.items()}

    def matches(activity: Activity) -> bool:
        return activity.type in ARRIVING and _all(patterns, activity.about)

    return matches


def _all(patterns: Mapping[str, Callable[[str], bool]], about: Mapping[str, Any]) -> bool:
    return all(about.get(name) and matches(_folded(str(about[name]))) for name, matches in patterns.items())
