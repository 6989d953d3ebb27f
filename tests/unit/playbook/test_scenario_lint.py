"""What `check` says of scenarios: file, line, path, rule and what to do."""

from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.playbook.problem import Problem

SCENARIO = """\
id: welcome
topic: news
key: seminar
entry:
  - form: ask
  - opt_in_confirmed: [ask]
  - on: { segment_entered: vip }
  - schedule: { every: week, weekdays: mon, at: "10:00", starting: 2026-12-07 }
    segment: vip
exits:
  - id: left
    on: { segment_left: vip }
goals:
  - id: clicked
    when: { all: [{ segment: vip }, { activity: mail_clicked, template: first }] }
steps:
  - id: hello
    send: first
  - id: answers
    wait_for: { activity: form_submitted, form: ask }
    timeout: { days: 3, at: "10:00" }
    on_timeout: again
    then: end
  - id: again
    wait: { days: 7, at: "10:00" }
    then: hello
"""
SEGMENTS = "segments:\n  - { id: vip, when: { attribute: primary.title, equals: boss } }\n"


@pytest.fixture
def book(small: Path) -> Path:
    (small / "scenarios").mkdir()
    (small / "scenarios/welcome.yaml").write_text(SCENARIO, encoding="utf-8")
    (small / "segments.yaml").write_text(SEGMENTS, encoding="utf-8")
    return small


def problems(book: Path) -> list[Problem]:
    """Without what is only said because this release does not run the entry by schedule."""
    found = [problem for problem in check(book).problems if problem.file.startswith("scenarios/")]
    return [problem for problem in found if problem.rule != "scenario-not-run"]


def test_of_a_right_scenario_only_what_does_not_run_is_said(book: Path) -> None:
    found = [(problem.rule, problem.field) for problem in check(book).problems]
    assert found == [("scenario-not-run", "entry[1].opt_in_confirmed"), ("scenario-not-run", "entry[3].schedule")]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("- form: ask", '- { date: secondary.renewal, days: -30, at: "09:00" }', "entry[0].date"),
    ],
)
def test_what_does_not_run_is_refused_by_name(book: Path, old: str, new: str, field: str) -> None:
    file = book / "scenarios/welcome.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [problem.field for problem in check(book).problems if problem.rule == "scenario-not-run"]
    assert field in found


def test_an_order_of_emails_is_published_when_a_scenario_has_a_precedence(book: Path) -> None:
    def order() -> object:
        mailing = next(one.body for one in check(book).definitions() if one.kind == "mailing")
        return mailing.get("email_order")

    steps = "steps: [{ id: a, template: first, delay: { days: 0 } }]"
    (book / "sequences").mkdir(exist_ok=True)
    (book / "sequences/basics.yaml").write_text(f"id: basics\ntopic: news\n{steps}\n", encoding="utf-8")
    assert order() is None
    file = book / "scenarios/welcome.yaml"
    file.write_text(SCENARIO.replace("topic: news", "topic: news\nprecedence: 1", 1), encoding="utf-8")
    assert order() == ["welcome", *sorted({"basics"} | {one.stem for one in (book / "sequences").glob("*.yaml")})]


def test_a_sequence_and_a_scenario_cannot_have_one_id(book: Path) -> None:
    steps = "steps: [{ id: a, template: first, delay: { days: 0 } }]"
    (book / "sequences").mkdir(exist_ok=True)
    (book / "sequences/welcome.yaml").write_text(f"id: welcome\ntopic: news\n{steps}\n", encoding="utf-8")
    assert "duplicate-id" in [problem.rule for problem in problems(book)]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "rule", "says"),
    [
        ("send: first", "send: frist", 18, "steps[0].send", "template-exists", "did you mean `first`?"),
        ("send: first", "send: confirm", 18, "steps[0].send", "step-marketing", "transactional"),
        ("send: first", "send: first\n    topic: nevs", 19, "steps[0].topic", "topic-exists", "did you mean `news`?"),
        ("topic: news", "topic: nevs", 2, "topic", "topic-exists", "did you mean `news`?"),
        ("- form: ask", "- form: aks", 5, "entry[0].form", "form-exists", "did you mean `ask`?"),
        ("confirmed: [ask]", "confirmed: [aks]", 6, "entry[1].opt_in_confirmed[0]", "form-exists", "`ask`"),
        ("entered: vip", "entered: vlp", 7, "entry[2].on.segment_entered", "segment-exists", "`vip`"),
        ("    segment: vip", "    segment: vlp", 9, "entry[3].segment", "segment-exists", "`vip`"),
        ("left: vip", "left: vlp", 12, "exits[0].on.segment_left", "segment-exists", "`vip`"),
        ("{ segment: vip }", "{ segment: vlp }", 15, "goals[0].when.all[0].segment", "segment-exists", "`vip`"),
        ("template: first", "template: frist", 15, "goals[0].when.all[1].template", "template-exists", "`first`"),
        ("form: ask }\n    timeout", "form: aks }\n    timeout", 20, "steps[1].wait_for.form", "form-exists", "`ask`"),
        ("send: first", "leave: welcom", 18, "steps[0].leave", "scenario-exists", "did you mean `welcome`?"),
        ("then: hello", "then: helo", 26, "steps[2].then", "step-exists", "did you mean `hello`?"),
        ("then: end", "then: hello", 19, "steps[1].id", "cycle", "a wait that always takes time"),
        ("on_timeout: again", "on_timeout: end", 24, "steps[2].id", "step-unreachable", "name it in"),
        ("{ days: 7, at: \"10:00\" }", "{ hours: 0 }", 25, "steps[2].wait", "wait-empty", "write how long"),
        ("topic: news", "topic: news\ncalendar: XX", 3, "calendar", "calendar", "`JP`"),
        ("key: seminar\n", "exits_: 0\n", 3, "exits_", "schema", "did you mean `exits`?"),
        ("mon, at", "sun, until: 2026-12-08, at", 8, "entry[3].schedule.every", "schema", "days that exist"),
        ("send: first", "webhook: http://x.example.jp/", 18, "steps[0].webhook", "schema", "write https://…"),
        ("send: first", "webhook: https://10.0.0.1/", 18, "steps[0].webhook", "schema", "write a public host"),
        ("form: ask }\n    t", "template: first }\n    t", 20, "steps[1].wait_for.template", "activity-filter",
         "it has `form`"),
        ("on: { segment_left: vip }", "on: { activity: mail_clicked, sequence: welcom }", 12, "exits[0].on.sequence",
         "sequence-exists", "did you mean `welcome`?"),
        ("on: { segment_left: vip }", "on: { activity: mail_clicked, link_contains: /none }", 12,
         "exits[0].on.link_contains", "link-exists", "add the link to a mail"),
        ("when: { all: [{ segment: vip }, { activity: mail_clicked, template: first }] }",
         "on: { activity: mail_clicked, template: frist }", 15, "goals[0].on.template", "template-exists", "`first`"),
        ("- form: ask", "- on: { activity: form_submitted, form: aks }", 5, "entry[0].on.form", "form-exists", "`ask`"),
        ("- form: ask", "- phase: [new, wram]", 5, "entry[0].phase[1]", "phase-exists", "did you mean `warm`?"),
        ("- form: ask", "- { score: total, category: crm, rises_to: 3 }", 5, "entry[0].category", "category-exists",
         "give it to a rule"),
    ],
)  # fmt: skip
def test_a_problem_of_a_scenario_is_found_where_it_is_written(
    book: Path, old: str, new: str, line: int, field: str, rule: str, says: str
) -> None:
    file = book / "scenarios/welcome.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [(problem.line, problem.field, problem.rule) for problem in problems(book)]
    assert (line, field, rule) in found
    (problem,) = [each for each in problems(book) if (each.field, each.rule) == (field, rule)]
    assert says in f"{problem.message} {problem.hint}"


def test_same_key_needs_the_key_of_the_scenario(book: Path) -> None:
    file = book / "scenarios/welcome.yaml"
    text = file.read_text(encoding="utf-8").replace("form: ask }\n", "form: ask, same_key: seminar }\n")
    file.write_text(text, encoding="utf-8")
    assert problems(book) == []
    file.write_text(text.replace("key: seminar\nentry", "entry"), encoding="utf-8")
    assert [(problem.line, problem.rule) for problem in problems(book)] == [(19, "same-key")]


def test_a_recurrence_that_only_meets_closing_days_is_found(book: Path) -> None:
    playbook, file = book / "playbook.yaml", book / "scenarios/welcome.yaml"
    playbook.write_text(playbook.read_text(encoding="utf-8") + 'closing_days: ["01-01..01-03"]\n', encoding="utf-8")
    yearly = '{ rrule: "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=2", at: "10:00", starting: 2026-12-07, on_holiday: skip }'
    text = file.read_text(encoding="utf-8").replace(
        '{ every: week, weekdays: mon, at: "10:00", starting: 2026-12-07 }', yearly
    )
    file.write_text(text, encoding="utf-8")
    assert [(problem.line, problem.rule) for problem in problems(book)] == [(8, "recurrence-happens")]


def test_what_needs_a_score_is_refused_without_rules(book: Path) -> None:
    file = book / "scenarios/welcome.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("send: first", "signal: call them", 1), encoding="utf-8")
    assert "scenario-rules" not in [problem.rule for problem in problems(book)]
    (book / "rules.yaml").unlink()
    fields = [problem.field for problem in problems(book) if problem.rule == "scenario-rules"]
    assert "steps[0].signal" in fields and "goals[0].when.all[0]" in fields


def test_an_entry_by_date_needs_a_field_that_has_dates_and_a_rule_set(book: Path) -> None:
    file = book / "scenarios/welcome.yaml"
    text = file.read_text(encoding="utf-8").replace("key: seminar\n", "")
    dated = '- { date: secondary.renewal, days: -30, at: "09:00" }'
    file.write_text(text.replace("- form: ask", dated), encoding="utf-8")
    (book / "rules.yaml").unlink(missing_ok=True)
    found = {(problem.rule, problem.field): problem for problem in problems(book)}
    assert found["field-exists", "entry[0].date"].line == 4
    assert "rules.yaml" in found["scenario-rules", "entry[0].date"].hint
