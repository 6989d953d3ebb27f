"""The funnel for an operator: of any group of leads, divided by any of them, and where leads left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sodate.kpis import read as kpis
from sodate.kpis.email_counts import ALL
from sodate.playbook.store import Definitions, Kind
from sodate.reports.document import Report
from sodate.reports.frame import Frame
from sodate.reports.from_counters import days_of, form_rows
from sodate.reports.funnel import SILENT_DAYS, FunnelRow, funnel_report
from sodate.reports.funnel_fold import Dimension, FunnelFold, Wanted
from sodate.reports.funnel_values import stages_in
from sodate.reports.read_funnel import counted_visitors, fold_funnel, group_of, has_counters, visitors_of
from sodate.reports.titles import segment_titles, titles_of

#: Most groups of one division: strangers choose the sources.
MOST_ROWS = 100
_KINDS: Mapping[Dimension, Kind] = {Dimension.CAMPAIGN: "campaign", Dimension.FORM: "form"}


@dataclass(frozen=True)
class FunnelWanted:
    """`by`: divisions; without any, by form from counters. `leaving`: also where leads left. Both read every lead."""

    by: tuple[Dimension, ...] = ()
    leaving: bool = False


def build_funnel(definitions: Definitions, frame: Frame, wanted: FunnelWanted) -> Report:
    """`frame.subject`: a scope (`segment:managers`); empty: all.

    Raises: `Invalid` for a scope that is no group of leads; `NotFound` for an unknown campaign.
    """
    scope, days = frame.subject or ALL, days_of(frame)
    group = group_of(scope)
    silent_since = frame.as_of - timedelta(days=SILENT_DAYS) if wanted.leaving else None
    asked = Wanted(days, frame.period.time_zone, group, wanted.by, silent_since)
    is_counted = has_counters(scope)
    fold = fold_funnel(definitions, asked) if wanted.by or wanted.leaving or not is_counted else None
    if fold is None or is_counted:
        whole = stages_in(kpis.funnel(scope, days), counted_visitors(scope, days))
    else:
        whole = stages_in(fold.stages(), visitors_of(fold, group, None) if group else None)
    rows = list(form_rows(definitions, days)) if group is None and not wanted.by else []
    rows += [row for by in wanted.by if fold is not None for row in _rows(definitions, fold, by)]
    points = fold.points(frame.words.language) if fold is not None else ()
    return funnel_report(whole, rows, frame, points, notes=_notes(fold, wanted, frame))


def _notes(fold: FunnelFold | None, wanted: FunnelWanted, frame: Frame) -> list[str]:
    """What is read from leads has none of the erased ones, whom counters keep."""
    if fold is None:
        return []
    cut = sum(max(0, len(_named(fold, by)) - MOST_ROWS) for by in wanted.by)
    return [frame.text("funnel_erased"), *([frame.text("groups_cut", number=cut)] if cut else [])]


def _rows(definitions: Definitions, fold: FunnelFold, by: Dimension) -> Iterable[FunnelRow]:
    """Of leads of one group only there are no visitors: nobody knows to which group a visitor belongs."""
    titles, has_visitors = _titles(definitions, by), fold.wanted.subject is None
    for id_ in _ids(fold, by):
        group = (by, id_)
        visitors = visitors_of(fold, group, group) if id_ and has_visitors else None
        yield FunnelRow(by.value, titles.get(id_, id_), stages_in(fold.stages(group), visitors))


def _ids(fold: FunnelFold, by: Dimension) -> Sequence[str]:
    """Most leads first; at the end, however many groups there are, the leads that are in none."""
    return [*_named(fold, by)[:MOST_ROWS], *(one for one in fold.ids(by) if not one)]


def _named(fold: FunnelFold, by: Dimension) -> list[str]:
    return [one for one in fold.ids(by) if one]


def _titles(definitions: Definitions, by: Dimension) -> Mapping[str, str]:
    if by is Dimension.SEGMENT:
        return segment_titles(definitions)
    return dict(titles_of(definitions, _KINDS[by])) if by in _KINDS else {}
