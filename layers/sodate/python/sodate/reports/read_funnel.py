"""Reads the funnel: from counters where there are any, otherwise from every lead. Only for an operator.

A session of the website is kept for `retention_days`: visitors of a campaign of older days are not known any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.store import ActivityItem, from_image
from sodate.campaigns.live import live_campaigns, must_be_known
from sodate.campaigns.results import acquisition_campaign
from sodate.campaigns.sources import LiveCampaign
from sodate.campaigns.touch import touches_in
from sodate.dynamodb import keys, tracking_keys
from sodate.dynamodb.item import Row, TableItem, plain, values
from sodate.errors import Invalid
from sodate.kpis import read as kpis
from sodate.kpis.contribution import UNCOUNTED
from sodate.kpis.email_counts import ALL
from sodate.kpis.funnel import FunnelStage
from sodate.kpis.period import Period
from sodate.kpis.sketch import Sketch
from sodate.kpis.web_counts import visitor_of
from sodate.leads.store import ProfileItem
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.reports.funnel_fold import Dimension, FunnelFold, FunnelLead, Group, Wanted, groups_of, last_touchpoint
from sodate.reports.read_leads import fold_partitions
from sodate.reports.titles import known_segment
from sodate.scoring.score_state import loaded
from sodate.scoring.store import ScoreItem, snapshot_of
from sodate.tracking.origin import marks_of
from sodate.tracking.store import SessionItem, to_visit

#: Groups that change, or that only the playbook knows: no counter has them.
READ_FROM_LEADS = frozenset({Dimension.CAMPAIGN, Dimension.SEGMENT, Dimension.OWNER})


@dataclass(frozen=True)
class Funnel:
    """`visitors`: distinct ones of the period, an estimate; None: nobody counts them. See `docs/kpis.md`."""

    stages: Sequence[FunnelStage]
    visitors: int | None = None


def group_of(scope: str) -> Group | None:
    """The group that a scope names (`segment:managers`); None for `all`.

    Raises: `Invalid` for a scope that is no group of leads.
    """
    kind, _, id_ = scope.partition(":")
    if scope != ALL and (kind not in set(Dimension) or not id_):
        known = ", ".join(f"{one}:ID" for one in Dimension)
        raise Invalid(Message("{scope!r} is no group of leads: all, {known}", scope=scope[:60], known=known), "scope")
    return (Dimension(kind), id_) if scope != ALL else None


def has_counters(scope: str) -> bool:
    """False: the funnel of the scope reads every lead. Raises: `Invalid`, as `group_of`."""
    group = group_of(scope)
    return group is None or group[0] not in READ_FROM_LEADS


def read_funnel(definitions: Definitions, scope: str, period: Period, zone: str) -> Funnel:
    """Of one scope (`all`, `segment:managers`). It reads every lead for a campaign, segment or owner, and otherwise
    the counters only.

    Raises: `Invalid` for a scope that is no group of leads; `NotFound` for an unknown campaign.
    """
    group = group_of(scope)
    if group is None or has_counters(scope):
        return Funnel(kpis.funnel(scope, period), counted_visitors(scope, period))
    fold = fold_funnel(definitions, Wanted(period, zone, group))
    return Funnel(fold.stages(), visitors_of(fold, group, None))


def counted_visitors(scope: str, period: Period) -> int | None:
    """Of the whole site and of a source. Those of a form are who posted it; nobody knows the segment of a visitor."""
    return kpis.visitors(scope, period) or None if scope == ALL or scope.startswith(f"{Dimension.SOURCE}:") else None


def visitors_of(fold: FunnelFold, group: Group, key: Group | None) -> int | None:
    """`key`: that of the fold, None for its subject."""
    if group[0] is Dimension.CAMPAIGN:
        return Sketch.of(fold.visitors[key]).count or None
    return counted_visitors(f"{group[0]}:{group[1]}", fold.wanted.period)


def fold_funnel(definitions: Definitions, wanted: Wanted) -> FunnelFold:
    """Raises: `NotFound` for a campaign that no playbook had, or a segment that it does not have; `Invalid` for a lead
    whose items cannot be read.
    """
    if wanted.subject is not None:
        _must_be_known(definitions, wanted.subject)
    asked = {*wanted.by, *([wanted.subject[0]] if wanted.subject else [])}
    campaigns = live_campaigns(definitions) if Dimension.CAMPAIGN in asked else []
    kinds: list[type[TableItem]] = [ScoreItem, ProfileItem]
    kinds += [ActivityItem] if campaigns or wanted.silent_since is not None else []
    kinds += [SessionItem] if campaigns else []
    reader = _Reader(wanted, campaigns)
    return fold_partitions(kinds, lambda: FunnelFold(wanted), reader.count)


def _must_be_known(definitions: Definitions, group: Group) -> None:
    """Sources, forms of another year and owners who left have leads without being in the playbook."""
    if group[0] is Dimension.CAMPAIGN:
        must_be_known(definitions, group[1])
    if group[0] is Dimension.SEGMENT:
        known_segment(definitions, group[1])


@dataclass(frozen=True)
class _Reader:
    """One partition after the other: a lead, or the sessions of a visitor."""

    wanted: Wanted
    campaigns: Sequence[LiveCampaign]

    def count(self, fold: FunnelFold, pk: str, rows: list[Row]) -> None:
        if pk.startswith(tracking_keys.VISITORS):
            self._count_visits(fold, rows)
            return
        by_sk = {row["sk"]["S"]: row for row in rows if not row["sk"]["S"].startswith(keys.ACTIVITIES)}
        score, profile = by_sk.get(keys.SCORE), by_sk.get(keys.PROFILE)
        if score is None or profile is None or "state_json" not in score or any(name in score for name in UNCOUNTED):
            return
        log = [from_image(plain({"M": row})) for row in rows if row["sk"]["S"].startswith(keys.ACTIVITIES)]
        fold.count(self._lead(score, values(ProfileItem, profile), log))

    def _lead(self, score: Row, profile: dict[str, object], log: list[Activity]) -> FunnelLead:
        state = loaded(values(ScoreItem, score)["state_json"])
        created = datetime.fromisoformat(str(profile["created"]))
        campaign = acquisition_campaign(touches_in(log, self.campaigns), created) if self.campaigns else None
        owner = str(profile["owner"]) if profile.get("owner") else None
        groups = groups_of(state.origin, snapshot_of(score).facts.facts.segments, owner, campaign)
        return FunnelLead(state.reached, groups, last_touchpoint(log))

    def _count_visits(self, fold: FunnelFold, rows: list[Row]) -> None:
        for row in rows:
            visitor, session = visitor_of(plain({"M": row})), to_visit(row).session
            if visitor is not None and self.wanted.has(int(session.first_at.timestamp()) // 60):
                visit = Activity("", ActivityType.WEB_SESSION.value, session.last_at, "", marks_of(session.arrival))
                groups = [(Dimension.CAMPAIGN, one.id) for one in self.campaigns if one.is_touched_by(visit)]
                fold.count_visitor(visitor[2], groups)
