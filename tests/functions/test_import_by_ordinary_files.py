"""What ordinary files bring: phones, bad optional values, consented rows that enter, and bulk loads without a ring."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sodate.consent.unblock import unblock
from sodate.dynamodb import keys, table
from sodate.errors import Conflict, Invalid, NotFound
from sodate.imports.mappingfile import read_mapping
from sodate.imports.report import zero_counts
from sodate.imports.run import import_id
from sodate.imports.store import Progress, begin
from sodate.leads.contact_state import Block
from sodate.leads.store import load_state, state_item
from sodate.playbook.store import Definitions
from sodate.signals.store import signals_of
from sodate_cli.imports.files import opened
from sodate_cli.imports.journal import Journal
from sodate_cli.imports.work import ImportTarget, run_import

from tests.functions.quick import QuickWorld

MAPPING = """\
source: crm
columns:
  id: external_id
  mail: email
  tel: primary.phone
  title: primary.title
  budget: {to: secondary.budget, type: number}
consent:
  topics: [product-news]
  given: {column: agreed}
  wording: {value: ご案内を受け取ります}
  at: {value: "2026-11-01"}
  method: {value: 展示会の申込書}
  where: {value: 東京展示会}
"""
HEADER = "id,mail,tel,title,budget,agreed"
Do = Callable[..., Progress]


@pytest.fixture
def do(world: QuickWorld, tmp_path: Path) -> Do:
    def run(*rows: str, mapping: str = MAPPING, **how: Any) -> Progress:
        path = tmp_path / "leads.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        target = ImportTarget("sodate-test", b"an-address-key", world.now, lambda: world.now)
        return run_import(opened(str(path)), read_mapping("m.yaml", mapping.encode()), target, **how)

    return run


def errors(tmp_path: Path) -> list[dict[str, str]]:
    path = tmp_path / "leads.csv.errors.csv"
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines())) if path.exists() else []


def counts(progress: Progress) -> dict[str, int]:
    return {name: count for name, count in progress.counts.items() if count}


def lead_of(world: QuickWorld, crm_id: str) -> dict[str, Any]:
    (found,) = [item for item in world.items("profile") if item.get("external", {}).get("crm") == crm_id]
    return found


@pytest.mark.parametrize("typed", ["０３－１２３４－５６７８", "03(1234)5678", "03-1234-5678", "+81 3 1234 5678"])
def test_a_phone_number_is_stored_as_forms_store_it(world: QuickWorld, do: Do, typed: str) -> None:
    do(f"1,a@example.jp,{typed},,5,")
    assert lead_of(world, "1")["primary"]["phone"] == "+81312345678"


def test_a_mapping_may_keep_phones_as_typed(world: QuickWorld, do: Do) -> None:
    as_text = MAPPING.replace("tel: primary.phone", "tel: {to: primary.phone, type: text}")
    do("1,a@example.jp,内線 12,,5,", mapping=as_text)
    assert lead_of(world, "1")["primary"]["phone"] == "内線 12"


@pytest.mark.parametrize(("typed", "kept"), [("１，２３４", 1234), ("¥1234", 1234), ("￥-5", -5), ("1234円", 1234)])
def test_japanese_amounts_are_numbers(world: QuickWorld, do: Do, typed: str, kept: int | None) -> None:
    do(f"1,a@example.jp,,,{typed},")
    assert lead_of(world, "1")["secondary"].get("budget") == kept


def test_a_bad_optional_value_is_set_aside_with_a_note_and_the_row_goes_in(
    world: QuickWorld, do: Do, tmp_path: Path
) -> None:
    assert counts(do("1,a@example.jp,内線12,部長,many,")) == {"rows": 1, "created": 1, "notes": 2}
    assert {(row["kind"], row["column"]) for row in errors(tmp_path)} == {("note", "tel"), ("note", "budget")}
    assert all(row["reason"].startswith("set aside, the row went in without it: ") for row in errors(tmp_path))
    lead = lead_of(world, "1")
    assert (lead["primary"], lead["secondary"]) == ({"title": "部長"}, {})


def test_a_bad_value_takes_no_known_value_away(world: QuickWorld, do: Do) -> None:
    do("1,a@example.jp,03-1234-5678,,5,")
    do("1,a@example.jp,内線12,,many,", mapping=f"{MAPPING}empty: clear\n")
    lead = lead_of(world, "1")
    assert (lead["primary"]["phone"], lead["secondary"]["budget"]) == ("+81312345678", 5)


def test_a_strict_import_refuses_the_row(world: QuickWorld, do: Do) -> None:
    assert counts(do("1,a@example.jp,,,many,", mapping=f"{MAPPING}strict: true\n")) == {"rows": 1, "refused": 1}
    assert world.items("profile") == []


# -- consented rows enter ----------------------------------------------------------------------------------------------


def enrollments(world: QuickWorld, crm_id: str) -> dict[str, Any]:
    enrolled: dict[str, Any] = world.state(lead_of(world, crm_id)["pk"].removeprefix("LEAD#")).get("enrollments", {})
    return enrolled


ROWS = ("1,a@example.jp,,,5,はい", "2,b@example.jp,,,5,", "3,c@example.jp,,,5,はい")


def test_rows_with_a_consent_enter_the_sequence_and_get_its_first_email(world: QuickWorld, do: Do) -> None:
    preview = do(*ROWS, dry_run=True, enroll="materials-follow-up")
    assert (preview.counts["enrolled"], world.items("profile")) == (2, [])
    assert do(*ROWS, enroll="materials-follow-up").counts["enrolled"] == 2
    assert [set(enrollments(world, one)) for one in "123"] == [{"materials-follow-up"}, set(), {"materials-follow-up"}]
    world.advance(timedelta(days=4))
    assert {message.recipient for message in world.ses.simulator.messages} == {"a@example.jp", "c@example.jp"}


def test_the_same_file_again_enrolls_nobody_twice(world: QuickWorld, do: Do) -> None:
    do(*ROWS, enroll="materials-follow-up")
    before = enrollments(world, "1")
    assert do(*ROWS, enroll="materials-follow-up").counts["enrolled"] == 2
    assert enrollments(world, "1") == before


def test_each_lead_enters_at_its_own_minute_however_long_the_file_takes(world: QuickWorld, tmp_path: Path) -> None:
    """The dispatcher reads each minute once: a step that is due in a past minute would never be sent."""
    path = tmp_path / "leads.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    began, hours = world.now, iter(range(2, 99))
    target = ImportTarget("sodate-test", b"an-address-key", began, lambda: began + timedelta(hours=next(hours)))
    run_import(opened(str(path)), read_mapping("m.yaml", MAPPING.encode()), target, enroll="materials-follow-up")
    begun = [enrollments(world, one)["materials-follow-up"]["since"] for one in "13"]
    assert begun == sorted(set(begun)), "each its own"
    assert begun[0] > keys.stamp(began + timedelta(hours=1))


def test_an_import_that_goes_on_enters_the_rows_before_the_interruption_too(
    world: QuickWorld, do: Do, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "leads.csv", "sodate-test")
    journal.begin()
    started = replace(Progress("some-import", "utf-8"), offset=10)
    journal.save(started, started, ())
    assert journal.resume("some-import") is not None
    assert replace(journal, enroll="materials-follow-up").resume("some-import") is None


def test_a_list_that_says_stop_counts_behind_a_hard_bounce_too(world: QuickWorld, do: Do) -> None:
    stop = f"{MAPPING}opt_out: {{column: title, any_of: [停止]}}\n"
    do(*ROWS, mapping=MAPPING)
    lead_id = lead_of(world, "1")["pk"].removeprefix("LEAD#")
    table.put(state_item(replace(load_state(lead_id), blocked=Block.HARD_BOUNCE)))
    do("1,a@example.jp,,停止,5,はい", mapping=stop)
    state = load_state(lead_id)
    assert (state.blocked, set(state.topics.values())) == (Block.HARD_BOUNCE, {"withdrawn"})
    with pytest.raises(Conflict, match="has not agreed again"):
        unblock(lead_id, "the mailbox works", None, world.now)


def test_without_the_option_nobody_enters(world: QuickWorld, do: Do) -> None:
    do(*ROWS)
    assert [enrollments(world, one) for one in "123"] == [{}, {}, {}]


def test_a_lead_that_may_not_be_mailed_does_not_enter(world: QuickWorld, do: Do, tmp_path: Path) -> None:
    do(*ROWS, mapping=f"{MAPPING}opt_out: {{column: title, any_of: [停止]}}\n")
    stopped = "1,a@example.jp,,停止,6,はい"
    done = do(stopped, mapping=f"{MAPPING}opt_out: {{column: title, any_of: [停止]}}\n", enroll="materials-follow-up")
    assert done.counts["enrolled"] == 0
    assert enrollments(world, "1") == {}


def test_a_sequence_about_another_topic_or_an_unknown_one_is_refused_before_the_first_row(
    world: QuickWorld, do: Do
) -> None:
    with pytest.raises(Invalid, match="is about the topic product-news"):
        do(*ROWS, mapping=MAPPING[: MAPPING.index("consent:")] + "ignore: [agreed]\n", enroll="materials-follow-up")
    with pytest.raises(NotFound):
        do(*ROWS, enroll="no-such-sequence")
    assert world.items("profile") == []


def test_a_consented_row_is_a_captured_lead_for_the_bus(world: QuickWorld, do: Do) -> None:
    done = do(*ROWS)
    world.settle()
    captured = [json.loads(event["Detail"]) for event in world.bus if event["DetailType"] == "LeadCaptured"]
    assert {(one["form"], one["submission_id"]) for one in captured} == {
        (f"import:{done.import_id}", "2"),
        (f"import:{done.import_id}", "4"),
    }


# -- quiet -------------------------------------------------------------------------------------------------------------

QUIET = f"{MAPPING}quiet: true\n"


def hotter(world: QuickWorld) -> None:
    """部長 (20 points) is hot at once."""
    body = dict(world.app.definitions.live("rules").body)
    hot = body["hot"] | {"threshold": 20, "cool_below": 10}
    Definitions().publish("rules", "default", body | {"hot": hot}, world.now)
    world.new_process()


def signals_for(world: QuickWorld, crm_id: str) -> int:
    return len(signals_of(lead_of(world, crm_id)["pk"].removeprefix("LEAD#")))


def hot_leads(tmp_path: Path) -> list[str]:
    return [one["lead"] for one in Journal(tmp_path / "leads.csv", "sodate-test").hot_leads()]


def test_a_bulk_load_tells_sales_of_everybody_who_becomes_hot_unless_it_is_quiet(world: QuickWorld, do: Do) -> None:
    hotter(world)
    do("1,a@example.jp,,部長,5,")
    world.settle()
    assert signals_for(world, "1") == 1


def test_a_quiet_load_tells_sales_of_nobody_and_lists_who_is_hot(world: QuickWorld, do: Do, tmp_path: Path) -> None:
    hotter(world)
    done = do("1,a@example.jp,,部長,5,", "2,b@example.jp,,一般,5,", mapping=QUIET)
    assert (done.counts["hot"], hot_leads(tmp_path)) == (1, ["1"])
    world.settle()
    assert (signals_for(world, "1"), signals_for(world, "2")) == (0, 0)
    assert world.score(lead_of(world, "1")["pk"].removeprefix("LEAD#"))["hot"] is True


def test_the_next_activity_does_not_ring_for_the_crossing_of_the_load(world: QuickWorld, do: Do) -> None:
    hotter(world)
    do("1,a@example.jp,,部長,5,", "2,b@example.jp,,一般,5,", mapping=QUIET)
    world.settle()
    for mail in ("a@example.jp", "b@example.jp"):
        world.post({"email": mail, "name": "山田", "company": "例示", "title": "部長"})
    world.settle()
    assert (signals_for(world, "1"), signals_for(world, "2")) == (0, 1)


def test_what_a_lead_did_itself_rings_though_the_load_comes_before_the_stream(world: QuickWorld, do: Do) -> None:
    hotter(world)
    do("1,a@example.jp,,一般,5,")
    world.settle()
    world.post({"email": "a@example.jp", "name": "山田", "company": "例示", "title": "部長"})
    do("1,a@example.jp,,部長,6,", mapping=QUIET)  # the stream has not come to the post yet
    world.settle()
    assert signals_for(world, "1") == 1


def test_an_import_of_before_the_upgrade_goes_on(world: QuickWorld, do: Do, tmp_path: Path) -> None:
    counted = {name: 0 for name in zero_counts() if name not in ("enrolled", "hot")}
    path = tmp_path / "leads.csv"
    path.write_text(f"{HEADER}\n1,a@example.jp,,一般,5,\n", encoding="utf-8")
    name = import_id(sha256(path.read_bytes()).hexdigest(), read_mapping("m.yaml", MAPPING.encode()))
    begin(replace(Progress(name, "utf-8"), counts=counted), "{}", world.now)
    journal = Journal(path, "sodate-test")
    journal.begin()
    journal.save(Progress(name, "utf-8"), replace(Progress(name, "utf-8"), counts=counted), ())
    assert do("1,a@example.jp,,一般,5,").counts["created"] == 1


def test_a_lead_that_cooled_down_rings_when_it_is_hot_again(world: QuickWorld, do: Do) -> None:
    hotter(world)
    do("1,a@example.jp,,部長,5,", mapping=QUIET)
    world.settle()
    do("1,a@example.jp,,一般,5,")
    world.settle()
    do("1,a@example.jp,,部長,5,")
    world.settle()
    assert signals_for(world, "1") == 1


def test_a_known_lead_that_a_quiet_load_makes_hot_is_listed_and_one_that_was_hot_is_not(
    world: QuickWorld, do: Do, tmp_path: Path
) -> None:
    hotter(world)
    do("1,a@example.jp,,一般,5,", "2,b@example.jp,,部長,5,")
    world.settle()
    do("1,a@example.jp,,部長,5,", "2,b@example.jp,,部長,6,", mapping=QUIET)
    world.settle()
    assert hot_leads(tmp_path) == ["1"]
    assert (signals_for(world, "1"), signals_for(world, "2")) == (0, 1)


def test_the_list_is_whole_after_an_interruption(world: QuickWorld, do: Do, tmp_path: Path) -> None:
    hotter(world)
    done = do("1,a@example.jp,,部長,5,", mapping=QUIET)
    key = next(key for key in world.table.items if key[0] == f"IMPORT#{done.import_id}")
    del world.table.items[key]  # as if the run had ended before its progress was stored
    assert do("1,a@example.jp,,部長,5,", mapping=QUIET).counts["hot"] == 1
    assert hot_leads(tmp_path) == ["1"]


def test_segments_of_a_lead_that_came_quietly_are_events_as_of_any_other(world: QuickWorld, do: Do) -> None:
    hotter(world)
    managers = {"id": "managers", "label": "部長", "when": {"attribute": "primary.title", "equals": "部長"}}
    body = {"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": [managers]}
    Definitions().publish("segments", "default", body, world.now - timedelta(days=1))
    world.new_process()
    do("1,a@example.jp,,部長,5,はい")
    do("2,b@example.jp,,部長,5,はい", mapping=QUIET)
    world.settle()
    entered = [
        {(one["about"]["segment"]) for one in world.items("activity") if one["pk"] == lead_of(world, crm_id)["pk"]
         and one["type"] == "segment_entered"}
        for crm_id in "12"
    ]  # fmt: skip
    assert entered == [{"managers"}, {"managers"}]


def test_a_dry_run_says_who_would_be_hot_and_writes_nothing(world: QuickWorld, do: Do) -> None:
    hotter(world)
    before = world._raw()
    assert do("1,a@example.jp,,部長,5,", mapping=QUIET, dry_run=True).counts["hot"] == 1
    assert world._raw() == before
