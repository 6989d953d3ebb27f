"""What `check` says of conditions and of the lead schema: file, line, path, rule and what to do."""

from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.authoring.lead_fields import PlaybookFile
from sodate.authoring.lint.context import Context
from sodate.authoring.lint.reader import rendered
from sodate.email.mailing import Mailing
from sodate.playbook.problem import Problem

FIELDS = """\
fields:
  - { name: primary.employees, type: number }
  - { name: secondary.renewal, type: date }
  - { name: secondary.plans, type: set, options: [basic, pro] }
  - { name: secondary.plan, options: [basic, pro] }
  - { name: secondary.seat }
"""
SCENARIO = """\
id: welcome
topic: news
entry:
  - { date: secondary.renewal, days: -30, at: "10:00" }
steps:
  - id: later
    wait: { date: secondary.renewal, days: 1, at: "10:00", already_past: end }
  - id: change
    set:
      - { field: secondary.plan, to: pro }
      - { field: secondary.seat, to: front }
      - { field: secondary.place, to: x }
      - { add_tag: hot }
"""


@pytest.fixture
def book(small: Path) -> Path:
    file = small / "playbook.yaml"
    file.write_text(file.read_text(encoding="utf-8") + FIELDS, encoding="utf-8")
    (small / "scenarios").mkdir()
    (small / "scenarios/welcome.yaml").write_text(SCENARIO, encoding="utf-8")
    return small


def problems(book: Path, when: str) -> list[Problem]:
    (book / "segments.yaml").write_text(f"segments:\n  - id: vip\n    when: {when}\n", encoding="utf-8")
    return [problem for problem in check(book).problems if problem.rule != "scenario-not-run"]


@pytest.mark.parametrize(
    "when",
    [
        "primary.employees >= 300",
        "company.employees >= 300 and company.industry = 製造業",
        "days_until(secondary.renewal) < 30",
        "secondary.plans has all (basic, pro)",
        "secondary.plan = pro",
        "secondary.place = x",
        "secondary.tags has all (hot)",
        "secondary.seat = back",
        "source.utm_source = x",
        'primary.email contains "@example.jp"',
        "primary.name = 100",
    ],
)
def test_a_condition_on_what_leads_have_is_right(book: Path, when: str) -> None:
    assert problems(book, when) == []


@pytest.mark.parametrize(
    ("when", "field", "rule", "says"),
    [
        ("{ attribute: primary.nmae, equals: x }", ".attribute", "field-exists", "did you mean `primary.name`?"),
        ("{ attribute: secondary.zzz, equals: x }", ".attribute", "field-exists", "add it to `fields`"),
        ("primary.nmae = x", "", "field-exists", "column 1: no form fills `primary.nmae`"),
        ("primary.name >= 5", "", "field-type", "`at_least` needs a number, and `primary.name` is a text"),
        ("primary.employees < 2027-01-01", "", "field-type", "`before` needs a date, and `primary.employees`"),
        ("days_until(primary.name) < 5", "", "field-type", "`in_days` needs a date"),
        ("secondary.plans = gold", "", "value-offered", "no form offers `gold`"),
        ("secondary.plan = silver", "", "value-offered", "no form offers `silver`"),
        ("{ all: [{ attribute: primary.title, equals: boss }, primary.title = staff] }", "", "contradiction",
         "`primary.title = \"boss\" and primary.title = \"staff\"` never holds"),
        ("blocked or primary.title = boss and primary.title = staff", "", "contradiction", "column 12: `primary.title"),
        ("primary.title >= 100", "", "field-type", "`at_least` needs a number, and `primary.title`"),
        ("days_until(primary.title) < 5", "", "field-type", "`in_days` needs a date"),
        ("secondary.place = hall", "", "value-offered", "no form offers `hall`"),
        ("did page_viewed(form = ask)", "", "activity-filter", "it has `product`, `page`, `link_contains`"),
        ("did opt_in_confirmed(page = \"/x\")", "", "activity-filter", "it has `form`"),
        ("did unsubscribed(form = ask)", "", "activity-filter", "leave the filter out: it has none"),
        ("did mail_clicked(sequence = folow)", "", "sequence-exists", "did you mean `follow`?"),
        ("segment(vlp)", "", "segment-exists", "did you mean `vip`?"),
        ("score >= 50 and score < 40", "", "contradiction", "never holds"),
        ("score >= 50 and < 40", "", "schema", "nothing is at least 50 and less than 40"),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_right_is_an_error(book: Path, when: str, field: str, rule: str, says: str) -> None:
    (problem,) = problems(book, when)
    place = ("segments.yaml", 3, f"segments[0].when{field}")
    assert (problem.file, problem.line, problem.field) == place
    assert (problem.rule, problem.severity) == (rule, "error")
    assert says in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("when", "more", "says"),
    [
        ("not segment(vip)", "", "the segment asks for itself"),
        ("segment(b) and blocked", "  - { id: b, when: not segment(a) }\n  - { id: a, when: segment(vip) }\n",
         "segments ask for each other: `vip` → `b` → `a` → `vip`"),
    ],
)  # fmt: skip
def test_segments_that_ask_for_themselves_are_an_error_where_they_ask(
    book: Path, when: str, more: str, says: str
) -> None:
    problems(book, "primary.nmae = x")
    text = f"segments:\n  - id: vip\n    when: {when}\n{more}  - {{ id: other, when: primary.nmae = x }}\n"
    (book / "segments.yaml").write_text(text, encoding="utf-8")
    found = check(book).problems
    assert "field-exists" in [problem.rule for problem in found], "it hides what else is wrong in the file"
    (problem,) = [problem for problem in found if problem.rule == "segment-cycle"]
    assert (problem.line, problem.field, problem.severity) == (3, "segments[0].when", "error")
    assert problem.message == f"column {when.index('segment(') + 1}: {says}"
    assert problem.hint == "write out what it asks for"


def _any_of(count: int) -> str:
    return "{ any: [" + ", ".join(["blocked"] * count) + "] }"


@pytest.mark.parametrize(
    ("when", "field", "says", "hint"),
    [
        (_any_of(31), ".any", "at most 30 entries, it has 31", "`any_of` for the values of one attribute"),
        (f"{{ all: [{', '.join([_any_of(21)] * 3)}] }}", "", "may have 60 tests", "put parts into segments"),
        ("{ not: " * 7 + "blocked" + " }" * 7, "", "may be 6 levels deep", "put parts into segments"),
        ("weekday = mon", "", "would change every midnight", "where the segment is used"),
        ("did form_submitted(same seminar)", "", "a segment has no key", "leave it out"),
    ],
)
def test_a_condition_that_is_refused_says_what_to_write_instead(
    book: Path, when: str, field: str, says: str, hint: str
) -> None:
    (problem,) = problems(book, when)
    assert (problem.line, problem.field, problem.rule) == (3, f"segments[0].when{field}", "schema")
    assert (says in problem.message, hint in problem.hint) == (True, True), str(problem)


def test_two_segments_of_one_id_are_an_error(book: Path) -> None:
    text = "segments:\n  - { id: vip, when: blocked }\n  - { id: vip, when: not blocked }\n"
    (book / "segments.yaml").write_text(text, encoding="utf-8")
    (problem,) = check(book).problems
    assert (problem.line, problem.field, problem.rule) == (3, "segments[1].id", "duplicate-id")


@pytest.mark.parametrize(
    "when",
    ["blocked or not blocked", "not (score >= 5 and score < 3)", "rank in (A1, A2, A3, B1, B2, B3, C1, C2, C3)"],
)
def test_a_condition_that_always_holds_is_a_warning(book: Path, when: str) -> None:
    (problem,) = problems(book, when)
    assert (problem.line, problem.field, problem.rule) == (3, "segments[0].when", "always-true")
    assert problem.severity == "warning"


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("secondary.renewal, days: -30", "secondary.renewl, days: -30", (4, "entry[0].date"), "field-exists"),
        ("secondary.renewal, days: -30", "primary.name, days: -30", (4, "entry[0].date"), "field-type"),
        ("secondary.renewal, days: 1", "secondary.renewl, days: 1", (7, "steps[0].wait.date"), "field-exists"),
        ("secondary.renewal, days: 1", "primary.title, days: 1", (7, "steps[0].wait.date"), "field-type"),
        ("secondary.plan, to: pro", "secondary.plan, to: gold", (10, "steps[1].set[0].to"), "value-offered"),
        ("secondary.seat, to", "primary.seat, to", (11, "steps[1].set[1].field"), "field-exists"),
        ("secondary.seat, to: front", "primary.employees, to: many", (11, "steps[1].set[1].to"), "field-type"),
        ("secondary.seat, to: front", "secondary.renewal, to: soon", (11, "steps[1].set[1].to"), "field-type"),
    ],
)
def test_a_date_or_value_that_leads_do_not_have_is_found(
    book: Path, old: str, new: str, place: tuple[int, str], rule: str
) -> None:
    file = book / "scenarios/welcome.yaml"
    file.write_text(SCENARIO.replace(old, new), encoding="utf-8")
    (problem,) = problems(book, "blocked")
    assert (problem.line, problem.field, problem.rule) == (*place, rule)


@pytest.mark.parametrize("value", ["42", "４２", "1,000"])
def test_a_step_may_set_a_number_as_people_write_it(book: Path, value: str) -> None:
    changed = SCENARIO.replace("secondary.seat, to: front", f'primary.employees, to: "{value}"')
    (book / "scenarios/welcome.yaml").write_text(changed, encoding="utf-8")
    assert problems(book, "blocked") == []


def test_a_filter_by_a_scenario_is_right(book: Path) -> None:
    assert problems(book, "did mail_clicked(sequence = welcome)") == []


def test_a_source_that_no_form_fills_is_a_warning_because_an_import_may_fill_it(book: Path) -> None:
    (problem,) = problems(book, "source.utm_sorce = x")
    assert (problem.line, problem.field, problem.rule) == (3, "segments[0].when", "field-exists")
    assert (problem.severity, "did you mean `source.utm_source`?" in problem.hint) == ("warning", True)


@pytest.mark.parametrize("broken", ["forms/ask.yaml", "scenarios/welcome.yaml", "playbook.yaml"])
def test_nothing_is_said_of_fields_while_a_file_that_may_name_them_is_broken(book: Path, broken: str) -> None:
    (book / broken).write_text("id: [", encoding="utf-8")
    found = {problem.rule for problem in problems(book, "primary.unheard = 5 and primary.name >= 5")}
    assert not found & {"field-exists", "field-type", "value-offered"}


def test_a_declared_field_is_a_merge_field_that_some_leads_lack(book: Path) -> None:
    body = book / "templates/first.mjml"
    text = body.read_text(encoding="utf-8")
    body.write_text(text.replace("Hello ", "{{ lead.secondary.plan }} {{ lead.employees | default: 1 }} "), "utf-8")
    assert [problem.rule for problem in problems(book, "blocked")] == ["merge-field-default"]


def test_a_declaration_without_options_opens_what_a_form_offers_as_choices(book: Path) -> None:
    assert [problem.rule for problem in problems(book, "primary.title = chief")] == ["value-offered"]
    file = book / "playbook.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "  - { name: primary.title }\n", encoding="utf-8")
    assert problems(book, "primary.title = chief") == []


def test_a_declared_set_is_a_list_in_an_email(book: Path) -> None:
    (template,) = [one for one in check(book).compiled if one.doc.id == "first"]
    context = Context(check(book).playbook, [template])
    (mail,) = context.finished()
    full = [reader for reader in rendered(context, mail) if reader.values["lead"]["secondary"]]
    assert [reader.values["lead"]["secondary"]["plans"] for reader in full] == [["zz", "zz"]]
    assert [reader.values["lead"]["secondary"]["plan"] for reader in full] == ["zz"]


def test_declared_fields_are_for_checking_and_are_not_published(book: Path, small: Path) -> None:
    (body,) = [one.body for one in check(book).definitions() if one.kind == "mailing"]
    assert "fields" not in body
    assert body == Mailing.model_validate(body).model_dump(mode="json")
    assert set(PlaybookFile.model_fields) - set(Mailing.model_fields) == {"fields"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("  - { name: primary.employees }\n", "`name: primary.employees` is there twice"),
        ("  - { name: primary.x, type: number, options: [a] }\n", "`options` goes with"),
        ("  - { name: source.x }\n", "is not written as it must be"),
    ],
)
def test_a_wrong_declaration_is_found(book: Path, more: str, says: str) -> None:
    file = book / "playbook.yaml"
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert any(says in problem.message and problem.file == "playbook.yaml" for problem in check(book).problems)


def test_a_text_that_cannot_be_read_is_one_problem_however_deep_it_is(book: Path) -> None:
    branch = "  - id: who\n    branch: [{ when: secondary.plan == gold, then: end }]\n    otherwise: end\n"
    file = book / "scenarios/welcome.yaml"
    file.write_text(SCENARIO + branch, encoding="utf-8")
    found = [(problem.field, problem.rule) for problem in check(book).problems if problem.severity == "error"]
    assert ("steps[2].branch[0].when", "condition-text") in found
    assert "schema" not in [rule for _, rule in found]
