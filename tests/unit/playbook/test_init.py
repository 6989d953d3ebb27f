"""`sodate playbook init`: a complete playbook for any company, or one list of what is wrong with the answers."""

from datetime import date
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from sodate.authoring.check import check
from sodate.contrast import READABLE, contrast, text_color_on
from sodate_cli.playbook.commands import app
from sodate_cli.playbook.init import Question, answers_from
from sodate_cli.playbook.starter.answers import cleaned, company_of, why_wrong
from sodate_cli.playbook.starter.files import starter_files
from typer.testing import CliRunner

ANSWERS = {
    "company": "青空製作所株式会社",
    "from": "news@mail.aozora.example.jp",
    "reply-to": "hello@aozora.example.jp",
    "postal-address": "〒100-0001 東京都千代田区千代田1-1",
    "contact": "03-0000-0000",
    "website": "https://www.aozora.example.jp",
    "topic": "news=製品のご案内",
    "sales": "山田 太郎 <yamada@aozora.example.jp>",
}


def options(**changed: str) -> list[str]:
    return [part for name, value in (ANSWERS | changed).items() for part in (f"--{name}", value)]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "company", ["青空製作所株式会社", 'A "quoted": # {{ name }} ${company}', "'&<b>% * ! - [x]", "No", "\\n \\", "1.5"]
)
def test_the_playbook_of_any_company_has_neither_errors_nor_warnings(
    tmp_path: Path, language: str, company: str
) -> None:
    made = tmp_path / "own"
    result = CliRunner().invoke(app, ["init", str(made), *options(company=company), "--language", language])

    assert result.exit_code == 0, result.output
    checked = check(made)
    assert checked.problems == []
    assert checked.playbook.mailing is not None
    assert checked.playbook.mailing.model is not None
    assert checked.playbook.mailing.model.sender.name == company


def test_both_languages_have_the_same_files_with_the_same_ids() -> None:
    made = {
        language: dict(starter_files(company_of(ANSWERS, language, "#0b6e4f"), date(2026, 11, 28)))
        for language in ("ja", "en")
    }

    def ids(files: dict[str, str]) -> set[str]:
        return {line for text in files.values() for line in text.splitlines() if line.lstrip("- ").startswith("id:")}

    assert set(made["ja"]) == set(made["en"])
    assert ids(made["ja"]) == ids(made["en"])


def test_a_directory_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = CliRunner().invoke(app, ["init", str(tmp_path), *options()])

    assert result.exit_code == 2
    assert "init overwrites nothing" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_program_gets_one_list_of_everything_that_is_missing_or_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["init", str(tmp_path / "own"), "--from", "nowhere", "--topic", "新製品"])

    assert result.exit_code == 2
    for piece in ("--company is missing", "--from nowhere: ", "--website is missing", "--topic 新製品: write ID=NAME"):
        assert piece in result.stderr
    assert "--reply-to" not in result.stderr, "its default is the address that is refused already"
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    ("options_", "said"), [(["--color", "green"], "#rrggbb"), (["--language", "fr"], "write ja or en")]
)
def test_a_colour_and_a_language_are_checked_first(tmp_path: Path, options_: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["init", str(tmp_path / "own"), *options(), *options_])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_person_is_asked_again_until_the_answer_can_be_used_and_earlier_answers_are_the_defaults() -> None:
    typed = {
        "company": ["青空製作所"],
        "from": ["news@", "ｎｅｗｓ＠Aozora.Example.JP"],
        "website": ["www.aozora.example.jp", "https://WWW.Aozora.Example.JP/"],
    }
    asked: list[Question] = []

    def ask(question: Question) -> str:
        again = [one.option for one in asked].count(question.option)
        asked.append(question)
        answers = typed.get(question.option, [question.default or "〒100-0001 東京都千代田区千代田1-1"])
        return answers[again]

    answers = answers_from(dict.fromkeys(ANSWERS, ""), "ja", ask)

    assert list(dict.fromkeys(question.option for question in asked)) == list(ANSWERS)
    assert len(asked) == len(ANSWERS) + 2, "the two that could not be used are asked for again"
    assert answers["from"] == answers["reply-to"] == answers["contact"] == "news@aozora.example.jp"
    assert answers["website"] == "https://www.aozora.example.jp"
    assert answers["sales"] == "青空製作所 <news@aozora.example.jp>"


def test_no_answer_of_a_person_raises_anything_but_the_refusal() -> None:
    with pytest.raises(typer.Exit):
        answers_from(dict.fromkeys(ANSWERS, ""), "ja", None)


@given(st.sampled_from(sorted(ANSWERS)), st.text(max_size=60))
def test_any_text_is_an_answer_or_is_refused_with_a_reason(option: str, text: str) -> None:
    assert isinstance(why_wrong(option, cleaned(option, text)), str)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_the_text_of_a_button_can_be_read_whatever_its_colour(color: str) -> None:
    assert contrast(text_color_on(color), color) >= READABLE
