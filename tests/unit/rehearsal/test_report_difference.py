"""Two rehearsals as a difference: only what differs, short enough for a pull request, safe as Markdown."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from sodate.rehearsal.report.difference import MOST_LINES, difference
from sodate.rehearsal.report.summary import document

from tests.unit.rehearsal.played import FIRST, SPAN, WEBINAR, assumptions, definitions, figures

STEPS = WEBINAR["steps"]


def played(**changes: Any) -> dict[str, Any]:
    return document(replace(figures(), **changes), definitions(), assumptions(), SPAN, 7)


def rows(text: str) -> dict[str, list[str]]:
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ") and "before" not in line]
    return {name.strip(): [value.strip() for value in values] for name, *values in cells}


def test_a_rehearsal_does_not_differ_from_itself() -> None:
    assert difference(played(), played()) == "The rehearsal shows no difference.\n"


def test_only_what_differs_is_shown_with_before_after_and_change() -> None:
    more = figures().sent + Counter({(FIRST, "webinar"): 5})
    text = difference(played(), played(sent=more))
    assert text.startswith("**The rehearsal differs: 23 → 28 emails (+5, +22 %).**\n")
    assert rows(text) == {
        "emails": ["23", "28", "+5, +22 %"],
        "cost in USD": ["0.0049", "0.0054", "+0.0005, +10 %"],
        "of webinar": ["14", "19", "+5, +36 %"],
        "on the busiest day": ["12", "14", "+2, +17 %"],
        "the busiest day": ["2026-12-02", "2026-12-01", ""],
    }


def test_steps_goals_caps_and_the_load_of_sales_are_compared() -> None:
    edges = figures().edges + Counter({("webinar", "size", "case 2"): 1})
    edges["webinar", "size", "otherwise"] = 1
    changed = played(
        edges=edges,
        deferred=Counter({("webinar", "cap:day"): 8}),
        calls=Counter({(FIRST, "sato"): 4}),
        hours_to_goal={("webinar", "meeting"): [10.0, 20.0]},
    )
    shown = rows(difference(played(), changed))
    assert shown["step size: case 2 → signal"] == ["0", "1", "+1"]
    assert shown["step size: otherwise → reminder"] == ["2", "1", "−1, −50 %"]
    assert shown["deferred: webinar, cap:day"] == ["3", "8", "+5, +167 %"]
    assert shown["deferred: news, sending_rate"] == ["5", "–", "−5, −100 %"]
    assert shown["sato: calls"] == ["1", "4", "+3, +300 %"]
    assert shown["sato: signals and calls on the busiest day"] == ["2", "6", "+4, +200 %"]
    assert shown["goal meeting: reached"] == ["3", "2", "−1, −33 %"]


def test_scenarios_and_steps_that_appear_or_vanish_are_named() -> None:
    fewer = {**WEBINAR, "steps": [*STEPS[:2], {"id": "thanks", "send": "thanks", "then": "end"}, STEPS[5]]}
    edges = Counter({("webinar", "invitation", "sent"): 10})
    after = document(replace(figures(), edges=edges), definitions(fewer), assumptions(), SPAN, 7)
    text = difference(played(), after)
    assert "- `webinar`: new step `thanks`." in text
    assert "- `webinar`: step gone `size`, `signal`, `call`." in text
    assert "- Gone: scenario `welcome` (0 entered, 0 emails)." in text
    assert "- New scenario `welcome`: 0 entered, 0 emails." in difference(after, played())


def test_a_dead_branch_is_news_once() -> None:
    alive = figures().edges + Counter({("webinar", "size", "case 2"): 1})
    text = difference(played(edges=alive), played())
    assert "- Look at this: webinar: nobody takes the exit “case 2” of size to signal" in text
    assert "- Not any more: webinar: nobody takes" in difference(played(), played(edges=alive))
    assert "Look at this" not in difference(played(), played(confirmed=19))


def test_other_assumptions_are_named_because_they_change_figures_too() -> None:
    other = {**played(), "seed": 8, "assumptions": {}}
    assert "different assumptions and seeds" in difference(played(), other)


def test_it_fits_a_pull_request_and_counts_the_rest() -> None:
    after = deepcopy(played())
    after["skipped"] = {f"source-{number}": {"expired": number} for number in range(1, 300)}
    for number in range(40):
        after["scenarios"][f"new-{number}"] = after["scenarios"]["welcome"]
    text = difference(played(), after)
    assert len(text.splitlines()) <= MOST_LINES
    assert "- … and 28 further changes." in text
    shown = sum(line.startswith("| skipped") for line in text.splitlines())
    assert f"… and {301 - shown} further rows" in text  # 299 are new, 2 are gone


@pytest.mark.parametrize("hostile", ["a|b", "<img src=x onerror=alert(1)>", "`x`", "line\nbreak"])
def test_no_text_breaks_out_of_a_cell(hostile: str) -> None:
    after = deepcopy(played())
    after["sales"]["answers"] = {hostile: 1}
    (row,) = [
        line for line in difference(played(), after).splitlines() if line.startswith("| answer ") and "| 1 |" in line
    ]
    assert row.replace("\\|", "").count("|") == 5
    assert "<" not in row and "`" not in row
