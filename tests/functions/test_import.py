"""`sodate import`: each row once, whatever happens in between, and nobody is mailed or merged by a guess."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.consent.store import suppression_item
from sodate.consent.undo import find_undo
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import table
from sodate.errors import Invalid
from sodate.imports.mappingfile import read_mapping
from sodate.imports.store import Progress
from sodate.segments.store import every_member
from sodate_cli.imports import commands
from sodate_cli.imports import journal as journals
from sodate_cli.imports.files import opened
from sodate_cli.imports.work import ImportTarget, run_import
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.world import Json, World

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "leads_outcomes.csv"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "x-education.mapping.yaml"
MAPPING = """\
source: crm
columns:
  id: external_id
  mail: email
  company: primary.company
  budget: {to: secondary.budget, type: number}
"""
HEADER = "id,mail,company,budget"
CONSENT = """\
consent:
  topics: [product-news]
  given: {column: agreed}
  wording: {column: words}
  at: {column: day}
  method: {value: 展示会の申込書}
  where: {column: place}
"""
CONSENT_HEADER = f"{HEADER},agreed,words,day,place"
AGREED = "はい,ご案内を受け取ります,2026-11-01,東京展示会"

Do = Callable[..., Progress]
Errors = Callable[..., list[dict[str, str]]]


@pytest.fixture
def do(world: World, tmp_path: Path) -> Do:
    """Writes the file and imports it, as the command does."""

    def run(text: str | bytes, mapping: str = MAPPING, name: str = "leads.csv", **how: Any) -> Progress:
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        harness = ImportTarget("sodate-test", b"an-address-key", world.now, lambda: world.now)
        parsed = read_mapping("mapping.yaml", mapping.encode())
        return run_import(opened(str(path)), parsed, harness, on_progress=lambda progress, survey: None, **how)

    return run


@pytest.fixture
def errors(tmp_path: Path) -> Errors:
    def read(name: str = "leads.csv") -> list[dict[str, str]]:
        path = tmp_path / f"{name}.errors.csv"
        return list(csv.DictReader(path.read_text("utf-8-sig").splitlines())) if path.exists() else []

    return read


def file(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def profile(world: World, company: str) -> Json:
    (profile,) = [item for item in world.items("profile") if item["primary"].get("company") == company]
    return profile


def state_of(world: World, company: str) -> Json:
    return world.state(profile(world, company)["pk"].removeprefix("LEAD#"))


def posted(world: World, company: str) -> None:
    answers = {"name": "山田", "company": company, "title": "部長", "agree": True}
    assert world.post({"email": "taro@example.jp", **answers})["statusCode"] == 201


def counts(progress: Progress) -> dict[str, int]:
    return {name: count for name, count in progress.counts.items() if count}


def test_a_row_becomes_a_lead_that_a_form_finds_again(world: World, do: Do) -> None:
    assert counts(do(file("1,Taro@Example.jp,例示株式会社,1038"))) == {"rows": 1, "created": 1}
    lead = profile(world, "例示株式会社")
    assert lead["secondary"] == {"budget": 1038}
    assert lead["external"] == {"crm": "1"}
    posted(world, "新社名")
    assert [item["pk"] for item in world.items("profile")] == [lead["pk"]]


def test_a_lead_without_an_address_is_known_by_its_id_and_never_mailed(world: World, do: Do) -> None:
    do(file("1,,例示株式会社,5"))
    state = state_of(world, "例示株式会社")
    assert (state["blocked"], state["topics"]) == ("no_address", {})
    assert counts(do(file("1,,例示株式会社,6"))) == {"rows": 1, "updated": 1}
    assert profile(world, "例示株式会社")["secondary"] == {"budget": 6}
    world.settle()
    assert world.ses.simulator.messages == []


def test_an_address_that_comes_later_makes_the_same_lead_reachable(world: World, do: Do) -> None:
    do(file("1,,例示,5"))
    do(file("1,taro@example.jp,例示,5"))
    lead, state = profile(world, "例示"), state_of(world, "例示")
    assert (lead["address"], lead["mailbox"]) == ("taro@example.jp", "taro@example.jp")
    assert state.get("blocked") is None
    assert world.join("taro@example.jp", company="例示") == lead["pk"].removeprefix("LEAD#")


def test_the_same_file_again_writes_nothing(world: World, do: Do) -> None:
    text = file("1,a@example.jp,A,1", "2,,B,2", "3,c@example.jp,,")
    do(text)
    before = world._raw()
    assert counts(do(text)) == {"rows": 3, "unchanged": 3}
    assert world._raw() == before


def test_a_changed_row_updates_and_an_empty_cell_takes_nothing_away(world: World, do: Do) -> None:
    do(file("1,a@example.jp,A,1", "2,b@example.jp,B,2"))
    assert counts(do(file("1,a@example.jp,,9", "2,b@example.jp,B,2"))) == {"rows": 2, "updated": 1, "unchanged": 1}
    lead = profile(world, "A")
    assert (lead["primary"], lead["secondary"]) == ({"company": "A"}, {"budget": 9})


def test_an_empty_cell_clears_where_the_mapping_says_so(world: World, do: Do) -> None:
    do(file("1,a@example.jp,A,1"))
    do(file("1,a@example.jp,A,"), mapping=f"{MAPPING}empty: clear\n")
    assert profile(world, "A")["secondary"] == {}


def test_what_a_person_said_later_wins_over_an_older_file(world: World, do: Do) -> None:
    do(file("1,taro@example.jp,旧社名,"))
    posted(world, "新社名")
    old = f"{MAPPING}as_of: 2026-11-20\n"
    assert counts(do(file("1,taro@example.jp,もっと旧い社名,7"), mapping=old)) == {"rows": 1, "updated": 1}
    lead = profile(world, "新社名")
    assert lead["secondary"]["budget"] == 7, "gaps are filled"


def test_the_same_file_again_does_not_undo_what_a_form_changed(world: World, do: Do) -> None:
    text = file("1,taro@example.jp,旧社名,")
    do(text)
    posted(world, "新社名")
    do(text)
    assert profile(world, "新社名")


def test_two_leads_are_never_merged(world: World, do: Do, errors: Errors) -> None:
    do(file("1,a@example.jp,A,1", "2,b@example.jp,B,2", "3,,C,3"))
    before = world._raw()
    rows = ["1,b@example.jp,X,", "9,a@example.jp,X,", "1,new@example.jp,X,"]
    done = do(file(*rows))
    assert counts(done) == {"rows": 3, "refused": 3}
    changed = {key for key, item in world._raw().items() if before.get(key) != item}
    assert {pk.split("#")[0] for pk, _ in changed} == {"IMPORT"}
    listed = errors()
    assert [(row["line"], row["kind"], row["column"]) for row in listed] == [
        ("2", "error", "mail"),
        ("3", "error", "id"),
        ("4", "error", "mail"),
    ]
    assert "two people" in listed[0]["reason"]
    assert "another address" in listed[2]["reason"]


def test_a_lead_twice_in_a_file_is_updated_with_a_note(world: World, do: Do, errors: Errors) -> None:
    text = file("1,a@example.jp,A,1", ",A@EXAMPLE.JP,A,2", "1,,A,3", "1,,A,3")
    assert counts(do(text)) == {"rows": 4, "created": 1, "updated": 2, "unchanged": 1, "notes": 3}
    assert profile(world, "A")["secondary"] == {"budget": 3}
    assert [(row["line"], row["kind"]) for row in errors()] == [("3", "note"), ("4", "note"), ("5", "note")]
    assert "line 2" in errors()[0]["reason"]


def test_consent_with_full_evidence_is_kept_as_evidence(world: World, do: Do) -> None:
    text = file(f"1,taro@example.jp,例示,,{AGREED}", header=CONSENT_HEADER)
    assert counts(do(text, mapping=MAPPING + CONSENT)) == {"rows": 1, "created": 1, "consents": 1}
    assert state_of(world, "例示")["topics"] == {"product-news": "confirmed"}
    (evidence,) = world.items("consent")
    assert (evidence["action"], evidence["method"], evidence["at"][:10]) == ("confirmed", "import", "2026-10-31")
    assert evidence["wording_digest"]
    assert all(word in evidence["note"] for word in ("展示会の申込書", "東京展示会", "ご案内を受け取ります"))
    world.settle()
    assert world.items("send") == [], "nobody just asked for a sequence"
    (event,) = [event for event in world.bus if event["DetailType"] == "ConsentChanged"]
    schema = json.loads((Path(__file__).parents[2] / "events/domain/ConsentChanged.v1.json").read_text())["schema"]
    assert json.loads(event["Detail"])["method"] in schema["properties"]["method"]["enum"]


@pytest.mark.parametrize(
    "said",
    [
        "はい,,2026-11-01,東京展示会",
        "はい,ご案内,,東京展示会",
        "はい,ご案内,先月,東京展示会",
        "はい,ご案内,2027-11-01,東京展示会",
        "はい,ご案内,2026-11-01,",
    ],
)
def test_consent_without_one_part_of_the_evidence_is_none(world: World, do: Do, said: str, errors: Errors) -> None:
    text = file(f"1,taro@example.jp,例示,,{said}", header=CONSENT_HEADER)
    assert counts(do(text, mapping=MAPPING + CONSENT)) == {"rows": 1, "created": 1, "notes": 1}
    assert state_of(world, "例示")["topics"] == {}
    assert world.items("consent") == []
    assert "consent not taken over" in errors()[0]["reason"]


def test_a_row_that_did_not_agree_is_no_note(do: Do) -> None:
    text = file("1,a@example.jp,A,,いいえ,,,", "2,b@example.jp,B,,,,,", header=CONSENT_HEADER)
    assert counts(do(text, mapping=MAPPING + CONSENT)) == {"rows": 2, "created": 2}


def test_a_lead_that_opted_out_stays_out_whatever_a_list_says(world: World, do: Do, errors: Errors) -> None:
    lead_id = world.join("taro@example.jp")
    unsubscribe(OptOut(lead_id, "a-send", None, "one_click"), world.now)
    text = file(f"1,taro@example.jp,例示,,{AGREED}", header=CONSENT_HEADER)
    assert counts(do(text, mapping=MAPPING + CONSENT)) == {"rows": 1, "updated": 1, "notes": 1}
    state = world.state(lead_id)
    assert state["blocked"] == "unsubscribed"
    assert "confirmed" not in state["topics"].values()
    assert "only the person" in errors()[-1]["reason"]


def test_a_suppressed_address_stays_suppressed(world: World, do: Do) -> None:
    table.put(suppression_item(world.app.secrets.key_of_address("taro@example.jp"), "complaint", world.now))
    text = file(f"1,taro@example.jp,例示,,{AGREED}", header=CONSENT_HEADER)
    assert counts(do(text, mapping=MAPPING + CONSENT)) == {"rows": 1, "created": 1, "notes": 1}
    assert (state_of(world, "例示")["blocked"], state_of(world, "例示")["topics"]) == ("complaint", {})


OPT_OUT = f"{MAPPING}opt_out: {{column: stop}}\n"


def test_an_opt_out_of_the_list_is_an_opt_out_here(world: World, do: Do) -> None:
    text = file("1,new@example.jp,A,,yes", "2,b@example.jp,B,,", "3,,C,,yes", header=f"{HEADER},stop")
    do(text, mapping=OPT_OUT)
    assert [state_of(world, name).get("blocked") for name in "ABC"] == ["unsubscribed", None, "unsubscribed"]
    (entry,) = world.items("suppression")
    assert entry["reason"] == "unsubscribed"


def test_an_opt_out_of_the_list_ends_what_runs_here(world: World, do: Do) -> None:
    lead_id = world.join("taro@example.jp")
    done = do(file("1,taro@example.jp,A,,yes", header=f"{HEADER},stop"), mapping=OPT_OUT)
    assert counts(done) == {"rows": 1, "updated": 1}
    state = world.state(lead_id)
    assert state["blocked"] == "unsubscribed"
    assert set(state["topics"].values()) == {"withdrawn"}
    assert [e["method"] for e in world.items("consent") if e["action"] == "withdrawn"] == ["import"]


def test_a_list_that_says_no_right_after_the_page_ends_its_button(world: World, do: Do) -> None:
    lead_id = world.join("taro@example.jp")
    world.now += timedelta(days=1)
    unsubscribe(OptOut(lead_id, "send-1", None, "unsubscribe_page"), world.now)
    world.now += timedelta(minutes=1)
    assert find_undo(lead_id, world.now)[2] is not None
    do(file("1,taro@example.jp,A,,yes", header=f"{HEADER},stop"), mapping=OPT_OUT)
    assert find_undo(lead_id, world.now)[2] is None
    assert [e["method"] for e in world.items("consent") if e["action"] == "withdrawn"] == ["unsubscribe_page", "import"]


LIST = MAPPING + "segments: [exhibition-2026]\n"


def test_each_lead_of_a_file_is_put_on_a_list_once(world: World, do: Do) -> None:
    do(file("1,a@example.jp,Alpha,"))
    rows = file("1,a@example.jp,Alpha,", "2,b@example.jp,Beta,")
    done = do(rows, mapping=LIST)
    assert [done.counts[name] for name in ("created", "updated", "unchanged")] == [1, 0, 1]
    world.settle()
    both = {profile(world, company)["pk"].removeprefix("LEAD#") for company in ("Alpha", "Beta")}
    assert {member.lead_id for member in every_member("exhibition-2026")} == both
    logged = [one for one in world.items("activity") if one["type"] == "segment_added"]
    assert do(rows, mapping=LIST).counts["unchanged"] == 2
    assert [one for one in world.items("activity") if one["type"] == "segment_added"] == logged


@pytest.mark.parametrize("segment", ["nobody-has-this", "decision-makers"])
def test_a_segment_that_is_no_list_stops_the_import_before_anything_is_written(
    world: World, do: Do, segment: str
) -> None:
    with pytest.raises(Invalid, match=f"segments: {segment} is no segment without `when`.*exhibition-2026"):
        do(file("1,a@example.jp,Alpha,"), mapping=f"{MAPPING}segments: [{segment}]\n")
    assert not world.items("profile")


def test_an_unknown_topic_stops_the_import_before_anything_is_written(world: World, do: Do) -> None:
    before = world._raw()
    with pytest.raises(Exception, match="no topic"):
        do(file(header=CONSENT_HEADER), mapping=MAPPING + CONSENT.replace("product-news", "weather"))
    assert world._raw() == before


# -- bad input -----------------------------------------------------------------------------------------------------

BAD_ROWS: dict[bytes, str] = {
    b"2,no-address,B,2": "not a mail address",
    b"2,b@example.jp,B,many": "not a number",
    b"2,b@example.jp,B,=1+1": "not a number",
    b"2,b@example.jp,B": "has 3 cells",
    b"2,b@example.jp,B,2,more": "has 5 cells",
    b",,B,2": "who this is",
    b"2,b@example.jp," + b"x" * 1_000_000 + b",2": "1,000,000 characters",
    b'2,b@example.jp,"open,2': "never closed",
    b"2,b@example.jp,\xed\xa0\x80,2": "not text",
    "2,b@example.jp,東京,2".encode("cp932"): "not text",
    b"2,b@example.jp,a\x00b,2": "control character",
    b"2,b@example.jp,\xff,2": "not text",
    b"2,b@exam\xe2\x80\x8bple.jp,B,2": "not a mail address",
    b"x" * 300 + b",,B,2": "no id",
}


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS.items(), ids=[v + str(n) for n, v in enumerate(BAD_ROWS.values())])
def test_a_bad_row_is_listed_and_the_good_rows_go_in(
    world: World, do: Do, bad: bytes, reason: str, errors: Errors
) -> None:
    content = b"\n".join([HEADER.encode(), "1,a@example.jp,株式会社A,1".encode(), bad, b"3,c@example.jp,C,3", b""])
    assert counts(do(content, f"{MAPPING}strict: true\n")) == {"rows": 3, "created": 2, "refused": 1}
    (row,) = errors()
    assert (row["line"], row["kind"]) == ("3", "error")
    assert reason in row["reason"]
    assert len(row["value"]) <= 200


def test_formulas_are_kept_as_text_and_reported_harmlessly(world: World, do: Do, errors: Errors) -> None:
    do(file('1,a@example.jp,"=HYPERLINK(""http://x"")",1', "2,=cmd|' /C calc'!A0,B,2"))
    assert profile(world, '=HYPERLINK("http://x")')
    assert errors()[0]["value"].startswith("'=cmd")


def test_a_file_that_does_not_fit_is_refused_whole(world: World, do: Do) -> None:
    before = world._raw()
    for content in (b"", b"id,mail,company\n1,a@example.jp,A\n", "id\n".encode("utf-16"), b'"open\n'):
        with pytest.raises(Exception, match=r"column|empty|UTF-16|cannot be read"):
            do(content)
    assert world._raw() == before


def test_empty_rows_below_the_last_one_are_no_rows(do: Do) -> None:
    assert counts(do(file("1,a@example.jp,A,1", ",,,", "", ",,,"))) == {"rows": 1, "created": 1}


def test_a_japanese_file_of_a_spreadsheet(world: World, do: Do) -> None:
    mapping = "source: crm\ncolumns:\n  メール: email\n  会社名: primary.company\n"
    do("メール,会社名\r\na@example.jp,㈱髙橋①\r\n".encode("cp932"), mapping=mapping)
    do("\ufeffメール,会社名\r\nb@example.jp,㈱髙橋②\r\n", mapping=mapping)
    assert profile(world, "㈱髙橋①")
    assert profile(world, "㈱髙橋②")


def test_a_dry_run_reports_the_same_and_writes_nothing(world: World, do: Do, errors: Errors, tmp_path: Path) -> None:
    do(file("1,a@example.jp,A,1"))
    text = file("1,a@example.jp,A,2", "2,b@example.jp,B,2", "2,,B,3", "x,broken,B,3")
    before = world._raw()
    tried = do(text, name="next.csv", dry_run=True)
    listed = errors("next.csv")
    assert world._raw() == before
    assert not (tmp_path / "next.csv.import.json").exists()
    done = do(text, name="next.csv")
    assert counts(tried) == counts(done) == {"rows": 4, "created": 1, "updated": 2, "refused": 1, "notes": 1}
    assert errors("next.csv") == listed


def test_a_post_that_comes_in_between_is_not_lost(world: QuickWorld, do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody fills in a form just between the look and the write: the import looks again."""
    done_once: list[bool] = []

    def post(label: str) -> None:
        if label == "before Transaction" and not done_once:
            done_once.append(True)
            posted(world, "本人")

    world.table.point = post
    assert counts(do(file("1,taro@example.jp,名簿,7", "2,b@example.jp,B,2"))) == {"rows": 2, "created": 1, "updated": 1}
    assert len(world.items("profile")) == 2
    assert len([item for item in world.items("owner")]) == 4


@pytest.mark.parametrize(
    ("row", "mapping", "code", "words"),
    [
        ("1,a@example.jp,A,1", MAPPING, 0, '"created": 1'),
        ("1,broken,A,1", MAPPING, 1, '"refused": 1'),
        ("1,a@example.jp,A,1", MAPPING.replace("email", "emial"), 1, "m.yaml:4"),
        ("1,a@example.jp,A,1", None, 4, "cannot be read"),
    ],
)
def test_the_exit_code_says_whether_every_row_went_in(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, mapping: str | None, code: int, words: str
) -> None:
    monkeypatch.setattr(commands, "target", lambda stage: Target("test", "sodate-test", None))
    monkeypatch.setattr(commands, "secret", lambda where, name: {"key": "an-address-key"})
    monkeypatch.setattr(commands, "now", lambda where: world.now)
    (tmp_path / "leads.csv").write_text(file(row))
    if mapping is not None:
        (tmp_path / "m.yaml").write_text(mapping)
    arguments = ["import", str(tmp_path / "leads.csv"), "--map", str(tmp_path / "m.yaml"), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    assert words in done.output.replace("\n", "")
    assert "Traceback" not in done.output


# -- death and resurrection ----------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def deaths(world: QuickWorld, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies at its `at`-th step: before or after a write to the table or to the disk."""
    steps = iter(range(10**6))

    def step(*_: Any) -> None:
        if next(steps) == at:
            raise Killed

    real = journals.write_to_disk

    def to_disk(stream: Any) -> None:
        step()
        real(stream)
        step()

    monkeypatch.setattr(journals, "write_to_disk", to_disk)
    world.table.point = step


def people() -> str:
    rows = [f"{n},lead{n}@example.jp,Company {n},{n}" for n in range(60)]
    rows[7] = "7,broken,Company 7,7"
    rows[30] = "3,lead3@example.jp,Company 3,300"
    rows[50] = "3,lead3@example.jp,Company 3,300"
    rows[55] = "9,lead8@example.jp,Company 8,8"
    return file(*rows)


def normal(world: World) -> dict[str, Json]:
    """Everything that a lead has, under its ids instead of its lead id."""
    owners = {key[0]: item["lead_id"] for key, item in world._scan().items() if item["kind"] == "owner"}
    items: dict[str, Json] = {}
    for owner, lead_id in owners.items():
        mine = {key: item for key, item in world._scan().items() if key[0] == f"LEAD#{lead_id}"}
        items[owner] = {sk: {**item, "pk": ""} for (_, sk), item in mine.items()}
    return items


def without_ids(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "reason": re.sub(r"lead [0-9A-Z]{26}", "lead …", row["reason"])} for row in rows]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sodate.imports.run.CHUNK_ROWS", 13)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return {}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("at", range(26))
def test_killed_at_any_step_and_started_again_it_is_the_same_import(
    world: QuickWorld,
    do: Do,
    at: int,
    monkeypatch: pytest.MonkeyPatch,
    errors: Errors,
    whole: dict[str, Any],
) -> None:
    if not whole:
        done = do(people(), name="whole.csv")
        whole |= {"counts": done.counts, "leads": normal(world), "errors": without_ids(errors("whole.csv"))}
        for key in [key for key in world.table.items if not key[0].startswith(("DEFINITION#", "CURSOR#"))]:
            del world.table.items[key]
    deaths(world, at, monkeypatch)
    with pytest.raises(Killed):
        do(people())
    world.table.point = lambda label: None
    done = do(people())
    assert done.finished
    assert done.counts == whole["counts"]
    assert normal(world) == whole["leads"]
    assert without_ids(errors()) == whole["errors"]


def test_a_journal_of_another_table_is_not_believed(world: World, do: Do, tmp_path: Path) -> None:
    text = file("1,a@example.jp,A,1", "2,b@example.jp,B,2")
    do(text)
    path = tmp_path / "leads.csv.import.json"
    journal = json.loads(path.read_text())
    journal["progress"] |= {"finished": False, "offset": len(text), "line": 4}
    path.write_text(json.dumps({**journal, "table": "sodate-prod"}))
    assert counts(do(text)) == {"rows": 2, "unchanged": 2}


# -- the real file -------------------------------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[Path]:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not on this machine")
    yield REAL


def test_the_real_leads_are_in_the_table_row_for_row(world: World, real: Path, tmp_path: Path) -> None:
    copy = tmp_path / "leads.csv"
    copy.write_bytes(real.read_bytes())
    mapping = read_mapping("m.yaml", EXAMPLE.read_bytes())
    harness = ImportTarget("sodate-test", b"an-address-key", world.now, lambda: world.now)
    done = run_import(opened(str(copy)), mapping, harness, on_progress=lambda progress, survey: None)
    assert counts(done) == {"rows": 5500, "created": 5500}
    rows = list(csv.DictReader(copy.read_text().splitlines()))
    profiles = {item["external"]["x-education"]: item for item in world.items("profile")}
    blocked = {item["pk"]: item["blocked"] for item in world.items("state")}
    deals = {item["pk"]: item["type"] for item in world.items("activity")}
    assert len(profiles) == 5500
    for row in rows:
        lead = profiles[row["Prospect ID"]]
        for name, column in mapping.columns.items():
            if "." in column.to:
                group, attribute = column.to.split(".")
                assert as_source(lead[group].get(attribute)) == given(row[name]), (row["Prospect ID"], name)
        assert blocked[lead["pk"]] == ("unsubscribed" if row["Do Not Email"] == "Yes" else "no_address")
        assert deals[lead["pk"]] == ("deal_won" if row["Converted"] == "1" else "deal_lost")


def given(cell: str) -> float | str | bool | None:
    if cell in ("", "Select"):
        return None
    if cell in ("Yes", "No"):
        return cell == "Yes"
    try:
        return float(cell)
    except ValueError:
        return cell.strip()


def as_source(value: Any) -> float | str | bool | None:
    return value if value is None or isinstance(value, str | bool) else float(value)
