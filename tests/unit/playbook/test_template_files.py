"""Folders, includes, languages and variables of templates: what is compiled, and what is refused, with its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring.check import check
from sodate.authoring.preview import preview
from sodate.email.content.template import Template
from sodate.leads.lead import Profile
from sodate.playbook.problem import Problem

FOOTER = '<mj-include path="_footer.mjml" />'
ENGLISH = """\
languages:
  en:
    subject: Hello in English
    body: first.en.mjml
"""
VARIABLES = """\
variables:
  seats: { type: number, default: 30 }
  title: { default: AI }
  day: { type: date, default: 2026-12-10 }
  is_free: { type: boolean, default: true }
"""
USED = (
    '<mj-text>{{ variables.title }} {{ variables.seats | plus: 1 }} {{ variables.day | date: "%-d/%-m" }}'
    "{% if variables.is_free %} free{% endif %}</mj-text>"
)


def write(small: Path, **texts: str) -> None:
    """`__` in a name stands for `/`, `_dot_` for `.`."""
    for name, text in texts.items():
        path = small / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def append(small: Path, file: str, text: str) -> None:
    with (small / file).open("a", encoding="utf-8") as stream:
        stream.write(text)


def problems(small: Path, rule: str) -> list[Problem]:
    return [problem for problem in check(small).problems if problem.rule == rule]


def compiled(small: Path, template: str = "first") -> Template:
    found = check(small)
    assert found.ok, "\n".join(map(str, found.problems))
    (template_,) = (one.template for one in found.compiled if one.doc.id == template)
    assert template_ is not None
    return template_


def english(small: Path) -> None:
    body = (small / "templates/first.mjml").read_text(encoding="utf-8")
    (small / "templates/first.en.mjml").write_text(body.replace("Hello", "Dear"), encoding="utf-8")
    append(small, "templates/first.yaml", ENGLISH)


# -- folders and includes ----------------------------------------------------------------------------------------------


def test_a_template_in_a_folder_is_one_like_any_other(small: Path) -> None:
    for name in ("first.yaml", "first.mjml"):
        (small / "templates/step/a").mkdir(parents=True, exist_ok=True)
        (small / "templates" / name).rename(small / "templates/step/a" / name)
    body = small / "templates/step/a/first.mjml"
    body.write_text(body.read_text("utf-8").replace('path="_footer', 'path="../../_footer'), "utf-8")
    assert "Example KK" not in compiled(small).html and "{{ sender.name }}" in compiled(small).html
    assert check(small).problems == []


def test_two_templates_of_different_folders_cannot_have_one_id(small: Path) -> None:
    (small / "templates/other").mkdir()
    (small / "templates/other/first.yaml").write_text((small / "templates/first.yaml").read_text("utf-8"), "utf-8")
    (found,) = problems(small, "duplicate-id")
    assert (found.file, found.line) == ("templates/other/first.yaml", 1)


@pytest.mark.parametrize(
    ("footer", "file", "line", "rule", "words"),
    [
        ('<mj-include path="_foot.mjml" />', "templates/first.mjml", 6, "file", "no file `templates/_foot.mjml`"),
        ("<mj-include />", "templates/first.mjml", 6, "include", "needs `path="),
    ],
)
def test_an_include_that_cannot_be_read_is_named_with_its_line(
    small: Path, damage: Any, footer: str, file: str, line: int, rule: str, words: str
) -> None:
    damage("templates/first.mjml", FOOTER, footer)
    (found,) = problems(small, rule)
    assert (found.file, found.line) == (file, line) and words in found.message


def test_includes_that_go_round_are_named_where_the_round_closes(small: Path) -> None:
    append(small, "templates/_footer.mjml", '\n<mj-include path="_other.mjml" />\n')
    write(small, templates___other_dot_mjml=FOOTER)
    (found,) = problems(small, "include")
    assert (found.file, found.line) == ("templates/_other.mjml", 1) and "includes itself" in found.message


def test_an_include_may_stand_inside_a_text_and_takes_values_by_assign(small: Path, damage: Any) -> None:
    write(small, templates___hello_dot_mjml="Hello {{ who }}")
    damage("templates/first.mjml", "Hello", '{% assign who = "A" %}<mj-include path="_hello.mjml" />')
    found = preview(check(small), "first", Profile("l", "x@example.jp", "x@example.jp", "ja"))
    assert found.email is not None and "Hello A" in found.email.text


# -- languages ---------------------------------------------------------------------------------------------------------


def test_each_lead_gets_the_email_in_its_language_or_in_that_of_the_template(small: Path) -> None:
    english(small)
    template = compiled(small)
    found = template.in_language("en")
    assert (found.language, found.subject) == ("en", "Hello in English")
    assert "Dear" in found.html and "Dear" in found.text and 'lang="en"' in found.html
    assert (found.id, found.topic) == ("first", "news")
    assert template.in_language("ja") is template and template.in_language("fr") is template


def test_a_template_without_languages_and_variables_is_stored_as_before(small: Path) -> None:
    assert {"languages", "variables"}.isdisjoint(compiled(small).model_dump(mode="json"))


def test_every_rule_looks_at_each_language(small: Path, damage: Any) -> None:
    english(small)
    damage("templates/first.en.mjml", FOOTER, "<mj-section />")
    damage("templates/first.yaml", "Hello in English", '"Re: {{ lead.nme }}"')
    found = {(one.rule, one.file, one.line, one.field) for one in check(small).problems}
    assert ("law-unsubscribe", "templates/first.yaml", 8, "languages.en.body") in found
    assert ("law-subject", "templates/first.yaml", 7, "languages.en.subject") in found
    assert ("merge-field", "templates/first.yaml", 7, "languages.en.subject") in found


@pytest.mark.parametrize(
    ("old", "new", "rule", "field"),
    [
        ("first.en.mjml", "first.fr.mjml", "file", "body"),
        ("Hello in English", "'{{ lead.name | defalt: 1 }}'", "liquid-filter", "languages.en.subject"),
        ("Hello in English", "'{% if %}'", "liquid", "languages.en.subject"),
        ("Hello in English", "'" + "広" * 41 + "'", "subject-length", "languages.en.subject"),
        ("  en:", "  ja:", "schema", "languages"),
        ("  en:", "  fr:", "schema", "languages.fr"),
    ],
)
def test_a_wrong_language_is_named_with_its_line(
    small: Path, damage: Any, old: str, new: str, rule: str, field: str
) -> None:
    english(small)
    damage("templates/first.yaml", old, new)
    assert field in {one.field for one in problems(small, rule)}, check(small).problems


def test_a_preview_is_in_the_language_of_the_lead(small: Path) -> None:
    english(small)
    found = preview(check(small), "first", Profile("l", "x@example.jp", "x@example.jp", "en"))
    assert found.email is not None and found.email.subject == "Hello in English"


def test_a_subject_of_a_variant_does_not_go_with_languages(small: Path) -> None:
    english(small)
    write(
        small,
        segments_dot_yaml="segments:\n  - { id: all, title: All, when: { attribute: primary.title, equals: boss } }\n",
        broadcasts__monthly_dot_yaml="""\
id: monthly
topic: news
template: first
segment: all
once: 2026-12-04T10:00
experiment:
  { variants: [{ id: a }, { id: b, subject: B }], default: a, sample: 100, winner: by_person, metric: click,
    decide_after_hours: 4 }
""",
    )
    (found,) = problems(small, "experiment-subject")
    assert found.field == "experiment.variants[1].subject" and "further languages" in found.message


# -- variables ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_variables(small: Path, damage: Callable[[str, str, str], None]) -> Path:
    append(small, "templates/first.yaml", VARIABLES)
    damage("templates/first.mjml", "    </mj-column>", f"{USED}</mj-column>")
    return small


def test_a_variable_has_its_default_unless_the_sender_gives_a_value(with_variables: Path) -> None:
    template = compiled(with_variables)
    assert template.values({"seats": 5, "unknown": 1}) == {
        "seats": 5, "title": "AI", "day": "2026-12-10", "is_free": True,
    }  # fmt: skip
    found = preview(check(with_variables), "first", Profile("l", "x@example.jp", "x@example.jp", "ja"))
    assert found.email is not None and "AI 31 10/12 free" in found.email.text
    assert found.fields["variables.title"] == "AI"


def test_a_variable_that_is_not_declared_is_refused(with_variables: Path, damage: Any) -> None:
    damage("templates/first.mjml", "variables.title", "variables.titel")
    (found,) = problems(with_variables, "merge-field")
    assert found.file == "templates/first.mjml" and "did you mean `variables.title`" in found.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("default: 30", 'default: "30"'),
        ("type: number, default: 30", "type: number, default: true"),
        ("default: AI", "default: 5"),
        ("default: AI", 'default: ""'),
        ("default: 2026-12-10", "default: 2026-02-30"),
        ("default: 2026-12-10", "default: 20261210"),
        ("default: true", "default: 1"),
        ("{ default: AI }", "{ type: text }"),
    ],
)
def test_a_default_of_another_type_is_refused(with_variables: Path, damage: Any, old: str, new: str) -> None:
    damage("templates/first.yaml", old, new)
    assert any(one.field.startswith("variables.") for one in problems(with_variables, "schema"))


STEP = "    template: first\n    delay: { days: 1 }\n"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{ seats: many }", "is no number: write digits without quotes"),
        ("{ titel: B }", "is no variable of the template"),
        ("{ seats: 5, title: B, day: 2027-01-01, is_free: false }", ""),
    ],
)
def test_values_of_a_step_are_of_the_declared_type(with_variables: Path, damage: Any, given: str, words: str) -> None:
    damage("sequences/follow.yaml", STEP, STEP.replace("    delay", f"    variables: {given}\n    delay"))
    found = problems(with_variables, "template-variable")
    assert [one.line for one in found] == ([9] if words else [])
    assert all(words in one.message and one.field.startswith("steps[0].variables.") for one in found)


def test_a_transactional_template_has_variables_too(small: Path, damage: Any) -> None:
    append(small, "templates/confirm.yaml", "variables: { title: { default: AI } }\n")
    damage("templates/confirm.html", "Thank you", "Thank you for {{ variables.title }}")
    found = preview(check(small), "confirm", Profile("l", "x@example.jp", "x@example.jp", "ja"))
    assert check(small).ok and found.email is not None and "Thank you for AI" in found.email.text
