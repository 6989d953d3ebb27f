"""What items contribute to the counters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.activities.catalog import ActivityVerdict
from sodate.email.ledger.engagement import Because, Engagement, Hit
from sodate.kpis.contribution import ERASED, NOW, Part, change, contributions, difference
from sodate.kpis.counted import COUNTED
from sodate.kpis.delta import Change, Sums, packed, record_id, unpacked

EMAIL: dict[str, Any] = {
    "kind": "send", "purpose": "marketing", "state": "delivered", "template": "t", "template_version": 2,
    "planned_at": "2026-11-24T01:59:00.000Z", "sent_at": "2026-11-24T02:00:00.000Z",
    "broadcast": "news", "run": "r", "variant": "a",
}  # fmt: skip
ACTIVITY: dict[str, Any] = {"kind": "activity", "type": "form_submitted", "at": "2026-11-24T02:00:00.000Z"}


def counts(image: dict[str, Any]) -> dict[str, int]:
    (part,) = contributions(COUNTED, image)
    return dict(part.counts)


def seen(*hits: tuple[str, ActivityVerdict]) -> str:
    made = (Hit(kind, f"{n}", 5, verdict=one, because=Because.BURST) for n, (kind, one) in enumerate(hits))  # type: ignore[arg-type]
    return Engagement(tuple(made)).to_text()


HUMAN, ROBOT, UNSURE = ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.UNSURE


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([], set()),
        ([("o", HUMAN)], {"opened"}),
        ([("o", ROBOT)], {"machine_opened"}),
        ([("o", ROBOT), ("o", HUMAN)], {"opened"}),
        ([("c", HUMAN)], {"opened", "clicked"}),
        ([("o", ROBOT), ("c", ROBOT)], {"machine_opened", "machine_clicked"}),
        ([("c", ROBOT), ("c", UNSURE)], {"unsure_clicked"}),
    ],
)
def test_an_email_is_opened_by_people_or_by_machines_only(hits: list[Any], expected: set[str]) -> None:
    found = counts({**EMAIL, "engagement": seen(*hits)})
    assert found.keys() == {"email_sent", "email_delivered", *(f"email_{name}" for name in expected)}


def test_an_email_counts_in_the_hour_it_was_sent_in_all_its_scopes() -> None:
    (part,) = contributions(COUNTED, EMAIL)
    scopes = ("all", "template:t", "template:t@2", "broadcast:news", "broadcast:news/r", "broadcast:news/r/a")
    assert (part.scopes, part.hour) == (scopes, "2026-11-24T02")
    (apart,) = contributions(COUNTED, {**EMAIL, "purpose": "transactional", "broadcast": None})
    assert apart.scopes[0] == "purpose:transactional"


@pytest.mark.parametrize(("state", "expected"), [
    ("planned", []), ("sending", []), ("skipped", ["email_skipped"]), ("failed", ["email_failed"]),
    ("unknown", ["email_unknown"]), ("sent", ["email_sent"]), ("bounced", ["email_sent", "email_hard_bounced"]),
    ("complained", ["email_sent", "email_delivered", "email_complained"]),
])  # fmt: skip
def test_a_state_is_counted_once(state: str, expected: list[str]) -> None:
    assert [name for part in contributions(COUNTED, {**EMAIL, "state": state}) for name in part.counts] == expected


@pytest.mark.parametrize("name", ["copied_from", "merged_into"])
@pytest.mark.parametrize("image", [EMAIL, ACTIVITY])
def test_copies_and_what_a_merged_lead_left_are_not_counted(image: dict[str, Any], name: str) -> None:
    assert contributions(COUNTED, image)
    assert contributions(COUNTED, {**image, name: "LEAD#x"}) == ()


@pytest.mark.parametrize(
    "image",
    [
        None, {}, {"kind": "profile"}, {**EMAIL, "state": "of_the_next_release"}, {**EMAIL, "sent_at": "yesterday"},
        {**ACTIVITY, "about": "x"}, {**ACTIVITY, "type": "x" * 99}, {**ACTIVITY, "type": "<script>"},
        {"kind": "score", "state_json": "{"}, {**EMAIL, "engagement": "x"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_counts_nothing_and_stops_nobody(image: Any) -> None:
    assert contributions(COUNTED, image) == ()


@pytest.mark.parametrize(("answer", "expected"), [
    (10, {"nps_promoters"}), (9, {"nps_promoters"}), (7, set()), (6, {"nps_detractors"}), (0, {"nps_detractors"}),
    ("9", {"nps_promoters"}),
])  # fmt: skip
def test_an_answer_from_0_to_10_counts_for_the_nps(answer: object, expected: set[str]) -> None:
    found = counts({**ACTIVITY, "type": "survey_answered", "about": {"nps": answer}})
    assert found.keys() == {"did_survey_answered", "nps_answers", *expected}


@pytest.mark.parametrize("answer", [11, -1, "x", 5.5, None, [9], True])
def test_no_other_answer_does(answer: object) -> None:
    assert "nps_answers" not in counts({**ACTIVITY, "type": "survey_answered", "about": {"nps": answer}})


def test_an_erased_item_leaves_its_figures_but_is_no_longer_there() -> None:
    score = {"kind": "score", "state_json": '{"f":[29670000]}', "stage": "lead", "phase": "p"}
    added = {part.hour: part.counts for part in change(COUNTED, score, None)}
    assert added[NOW] == {"in_phase_p": -1, "in_stage_lead": -1, "leads": -1}
    assert all(name.startswith(ERASED) for hour, of_hour in added.items() if hour != NOW for name in of_hour)


PARTS = st.lists(
    st.builds(
        Part,
        st.lists(st.sampled_from(["all", "form:様", "x:y"]), min_size=1, max_size=3, unique=True).map(tuple),
        st.sampled_from(["2026-11-24T02", "2026-11-24T03", NOW]),
        st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-3, 3), max_size=2),
    ),
    max_size=4,
)


@given(st.lists(PARTS, min_size=1, max_size=8), st.randoms())
def test_changes_add_up_to_the_last_image_in_any_order_and_number(images: list[list[Part]], rng: Any) -> None:
    steps = [difference(after, before) for before, after in zip([[], *images], images, strict=False)]
    changes = [Change(record_id(str(number)), "L", None, parts) for number, parts in enumerate(steps) if parts]
    contents = [one for some in ([*changes], rng.sample(changes, len(changes) // 2)) for one in packed(some)]
    rng.shuffle(contents)
    sums, truth, known = Sums(), Sums(), set[bytes]()
    for content in contents:
        sums.take(content, known)
    for part in images[-1]:
        truth.add(part)
    assert sums.result == truth.result


@given(st.lists(PARTS, max_size=6))
def test_changes_are_read_back_as_they_were_written(many: list[list[Part]]) -> None:
    changes = [Change(record_id(str(number)), "L", None, difference(parts, [])) for number, parts in enumerate(many)]
    found = {record: parts for content in packed(changes) for record, parts in unpacked(content).items()}
    assert found == {one.record_id: one.parts for one in changes}
