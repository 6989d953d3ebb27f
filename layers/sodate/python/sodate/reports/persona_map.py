"""The persona and journey map: what the leads of each phase and segment did, read and asked for. Pure.

It counts leads, never events, and shows no number of leads that is so small that it could tell who they are.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, label_of
from sodate.reports.document import Block, Cell, Drawing, Figure, Reason, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count
from sodate.reports.lead_record import LeadRecord
from sodate.reports.log_folds import is_engagement

#: Fewer leads are not shown as a number.
FEWEST = 5
#: Most rows per group and block.
_TOP = 8
_READ = {
    ActivityType.DOCUMENT_DOWNLOADED: ("link", "product", "form"),
    ActivityType.PAGE_VIEWED: ("page", "link", "product"),
    ActivityType.MAIL_CLICKED: ("link",),
    ActivityType.MAIL_OPENED: ("template", "sequence"),
}
_ASKED = {
    ActivityType.FORM_SUBMITTED: ("form",),
    ActivityType.SEMINAR_REGISTERED: ("seminar",),
    ActivityType.SEMINAR_ATTENDED: ("seminar",),
}
ASPECTS = ("did", "read", "asked")
_LONGEST = 120


@dataclass(frozen=True)
class Group:
    """`kind`: `phase` or `segment`."""

    kind: str
    id: str
    title: str


class PersonaMapFold:
    """Leads by group; and by group, aspect and item, the leads that did it at least once."""

    def __init__(self) -> None:
        self.leads: Counter[tuple[str, str]] = Counter()
        self.items: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)

    def count(self, lead: LeadRecord) -> None:
        groups = [("segment", one) for one in lead.segments] + ([("phase", lead.phase)] if lead.phase else [])
        self.leads.update(groups)
        found = {(aspect, item) for one in lead.log if is_engagement(one) for aspect, item in items_of(one)}
        for group in groups:
            for aspect, item in found:
                self.items[(*group, aspect)][item] += 1

    def merge(self, other: "PersonaMapFold") -> None:
        self.leads.update(other.leads)
        for key, counter in other.items.items():
            self.items[key].update(counter)


def items_of(activity: Activity) -> Iterator[tuple[str, str]]:
    """Aspect and item of one activity. Links have no query strings in the log."""
    yield "did", activity.type
    for aspect, attributes in (("read", _READ), ("asked", _ASKED)):
        names = attributes.get(activity.type, ())  # type: ignore[call-overload]
        item = next((str(activity.about[name]) for name in names if activity.about.get(name)), None)
        if item is not None:
            yield aspect, item[:_LONGEST]


def persona_map_report(fold: PersonaMapFold, groups: Sequence[Group], frame: Frame) -> Report:
    blocks = [_sizes(fold, groups, frame)]
    names: Mapping[str, Callable[[str], str]] = {"did": lambda item: label_of(item, frame.words.language)}
    for aspect in ASPECTS:
        rows = [row for group in groups for row in _rows(fold, group, aspect, names.get(aspect, str))]
        columns = [("group", None), ("item", None), ("leads", Unit.COUNT), ("share_of_group", Unit.PERCENT)]
        blocks.append(Sheet(f"journey_{aspect}", columns, rows).block(frame))
    notes = [frame.text("journey"), frame.text("too_few", number=FEWEST)]
    return frame.report("journey", blocks, notes=notes)


def _sizes(fold: PersonaMapFold, groups: Sequence[Group], frame: Frame) -> Block:
    rows: list[tuple[Cell, ...]] = []
    for group in groups:
        kind = frame.words.text("group", group.kind)
        leads = fold.leads[group.kind, group.id]
        size = Figure(None, reason=Reason.TOO_FEW) if 0 < leads < FEWEST else count(leads)
        rows.append((group.title, kind, size))
    columns = [("group", None), ("group_kind", None), ("leads", Unit.COUNT)]
    return Sheet("groups", columns, rows, Drawn(Drawing.BARS, ("leads",))).block(frame)


def _rows(fold: PersonaMapFold, group: Group, aspect: str, name: Callable[[str], str]) -> Iterator[tuple[Cell, ...]]:
    """The most frequent items; those of few leads are left out, and a small group has one row that says so."""
    whole = fold.leads[group.kind, group.id]
    if 0 < whole < FEWEST:
        hidden = Figure(None, reason=Reason.TOO_FEW)
        yield group.title, "", hidden, Figure(None, Unit.PERCENT, reason=Reason.TOO_FEW)
        return
    counted = fold.items[group.kind, group.id, aspect]
    for item, leads in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]:
        if leads >= FEWEST:
            yield group.title, name(item), count(leads), share(leads, whole)
