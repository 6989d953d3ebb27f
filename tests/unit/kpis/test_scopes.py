"""Which counters a scope has: every scope that an item adds to has the counter."""

from typing import Any

import pytest
from sodate.activities.catalog import ActivityType
from sodate.kpis.activity_counts import counts_of_activity
from sodate.kpis.catalog import BY_NAME, COUNTED
from sodate.kpis.contribution import Part
from sodate.kpis.email_counts import counts_of_email
from sodate.kpis.funnel_counts import counts_of_stages
from sodate.kpis.scopes import has_counter, is_counted_in
from sodate.kpis.web_counts import counts_of_session

_AT = "2026-11-27T05:00:00.000Z"
_EMAIL = {"state": "sent", "purpose": "marketing", "template": "t", "template_version": 1, "sent_at": _AT}
_USED = {name for kpi in COUNTED for name in kpi.names}


def parts() -> list[Part]:
    about = {"form": "f", "source": "s", "campaign": "c", "scenario": "x", "seminar": "y", "nps": 9}
    kinds: list[dict[str, Any]] = [{"sequence": "q", "step": 1}, {"broadcast": "b"}, {"purpose": "transactional"}]
    found = [part for kind in kinds for part in counts_of_email({**_EMAIL, **kind})]
    session = {name: 1 for name in ("page_views", "bounced", "dwell_s", "scroll_max", "is_return")}
    found += counts_of_session({**session, **{name: about[name] for name in ("form", "source", "campaign")},
                                "started_at": _AT})  # fmt: skip
    for type_ in ActivityType:
        names = about if type_ is not ActivityType.FORM_SUBMITTED else dict(list(about.items())[:3])
        found += counts_of_activity({"type": type_.value, "at": _AT, "about": names})
    return found


def test_a_scope_has_every_counter_that_an_item_adds_to_it() -> None:
    for part in parts():
        for scope in part.scopes:
            for name in _USED & part.counts.keys():
                assert has_counter(scope, name), (scope, name)


def test_every_counter_of_the_catalog_is_one_of_all() -> None:
    assert all(has_counter("all", name) for name in _USED)
    stages = {name for _, counts in counts_of_stages([1, 2]) for name in counts} & _USED
    assert stages and all(has_counter("source:google", name) for name in stages)


@pytest.mark.parametrize(
    ("scope", "kpi", "is_counted"),
    [
        ("campaign:autumn", "sent", False),
        ("template:welcome@2", "sent", True),
        ("template:welcome", "leads", False),
        ("scenario:nurture", "sessions", False),
        ("source:google", "cvr", True),
        ("owner:sato", "leads", False),
    ],
)
def test_a_kpi_of_which_the_scope_counts_a_part_only_is_unknown(scope: str, kpi: str, is_counted: bool) -> None:
    assert is_counted_in(BY_NAME[kpi], scope) is is_counted
