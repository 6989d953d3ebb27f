"""Puts conversions into the queues of ad platforms when their activity is logged; a repeat changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import ad_clicks_of
from sodate.campaigns import store
from sodate.campaigns.attribution_rules import AttributionRules, Upload
from sodate.campaigns.conversion import BY_ADDRESS, CLICK_KINDS, EXPIRY, PLATFORMS, Conversion
from sodate.campaigns.live import live_rules
from sodate.campaigns.sources import did
from sodate.deals.store import load_deal
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid, NotFound
from sodate.money import DIGITS, Money, from_whole_units
from sodate.playbook.store import Definitions


def queue_conversions(lead_id: str, activities: Sequence[Activity], definitions: Definitions, now: datetime) -> None:
    """Raises: `Transient`."""
    rules = live_rules(definitions)
    found = list(conversions_in(lead_id, activities, rules, now)) if rules.uploads else []
    if not found:
        return
    kinds = {kind for _, ids in ad_clicks_of(lead_id) for kind in ids}
    for conversion in found:
        may_hash = rules.hashed_email_needs and conversion.platform in BY_ADDRESS
        if may_hash or kinds.intersection(CLICK_KINDS[conversion.platform]):
            with suppress(ConditionFailed):
                store.put_pending(conversion)


def conversions_in(
    lead_id: str, activities: Sequence[Activity], rules: AttributionRules, now: datetime
) -> Iterator[Conversion]:
    """Without those that are too old already."""
    for upload in rules.uploads:
        matches = did(upload.on)
        for activity in activities:
            if matches(activity):
                yield from _for_each_platform(lead_id, activity, upload, now)


def _for_each_platform(lead_id: str, activity: Activity, upload: Upload, now: datetime) -> Iterator[Conversion]:
    for platform in PLATFORMS:
        name = getattr(upload, platform)
        if name is not None and now - activity.at <= EXPIRY[platform]:
            key = activity_key("conversion", platform, upload.id, lead_id, activity.key)
            money = _money(activity.about) if upload.value else None
            yield Conversion(platform, key, lead_id, name, activity.at, money)


def _money(about: dict[str, Any]) -> Money | None:
    """Of the deal that the activity names; else what the feedback said, in whole units of the currency."""
    if deal_id := about.get("deal"):
        with suppress(NotFound):
            return load_deal(str(deal_id)).money
    amount, currency = about.get("amount"), str(about.get("currency") or "")
    if amount is None or currency not in DIGITS:
        return None
    with suppress(ValueError, Invalid):
        return Money(currency, from_whole_units(int(amount), currency))
    return None
