"""The pages of docs/walkthroughs: what `make walkthroughs` runs is what their readers see, in both languages."""

import pytest

from tests.walkthroughs.page import FOLDER, PAGES, Step, missing_promise, steps_of

IN_JAPANESE = ("marketer", "sales", "ops")


def steps(page: str) -> list[Step]:
    return steps_of((FOLDER / f"{page}.md").read_text(encoding="utf-8"))


def test_every_page_is_followed() -> None:
    written = {path.name for path in FOLDER.glob("*.md")}
    assert written == {f"{page}.md" for page in PAGES} | {f"{page}.ja.md" for page in IN_JAPANESE}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_promises_something_of_what_its_reader_does(page: str) -> None:
    assert any(step.promised for step in steps(page))


@pytest.mark.parametrize("page", IN_JAPANESE)
def test_the_japanese_page_has_the_commands_and_promises_of_the_english_one(page: str) -> None:
    english, japanese = (
        [(step.command, step.promised, step.needs_aws) for step in steps(name)] for name in (page, f"{page}.ja")
    )
    assert japanese == english


@pytest.mark.parametrize("page", PAGES)
def test_every_code_block_is_one_that_the_runner_knows(page: str) -> None:
    lines = (FOLDER / f"{page}.md").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line.startswith("```")} <= {"```", "```sh", "```sh aws", "```text"}


def test_a_promise_is_kept_in_order_and_a_broken_one_is_named() -> None:
    assert missing_promise(("one two", "three"), "one\n   two and three") is None
    assert missing_promise(("three", "one"), "one two three") == "one"
    assert missing_promise(("four",), "one") == "four"


def test_a_promise_without_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1"):
        steps_of("```text\nnothing before\n```\n")
