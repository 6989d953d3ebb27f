"""Messages are text, and can be said in another language later."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.errors import Invalid
from sodate.messages import Message, joined, said
from sodate_cli.languages import chosen, say_in, speaking, words
from sodate_cli.output import in_words
from sodate_cli.root import paragraphs

GERMAN = {
    "{count} files in {place}": "{place}: {count} Dateien",
    "the folder": "der Ordner",
    "broken {x}": "kaputt {y}",
}


def in_german(text: str) -> str:
    return said(text, lambda template: GERMAN.get(template, template))


def test_a_message_is_its_english_text() -> None:
    message = Message("{count} files in {place}", count=3, place=Message("the folder"))

    assert message == "3 files in the folder"
    assert json.dumps(message) == '"3 files in the folder"'
    assert in_german(message) == "der Ordner: 3 Dateien"
    assert in_german(copy.deepcopy(message)) == "der Ordner: 3 Dateien"


def test_an_error_that_was_raised_with_a_message_is_still_that_message() -> None:
    assert in_german(str(Invalid(Message("the folder")))) == "der Ordner"


def test_a_template_without_values_keeps_its_braces() -> None:
    assert Message("write `{{ lead.name }}`") == "write `{{ lead.name }}`"


def test_joined_messages_are_said_one_by_one() -> None:
    assert in_german(joined("{\n}", [Message("the folder"), "a{b}"])) == "der Ordner{\n}a{b}"


def test_a_translation_with_other_fields_falls_back_to_english() -> None:
    assert in_german(Message("broken {x}", x=1)) == "broken 1"


@given(st.text(), st.text())
def test_any_value_is_said_as_it_is(template_value: str, other: str) -> None:
    message = Message("{count} files in {place}", count=template_value, place=other)

    assert in_german(message) == f"{other}: {template_value} Dateien"


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["--language", "ja", "lead"], {}, "ja"),
        (["--language=ja"], {}, "ja"),
        (["lead", "--language", "ja"], {}, "en"),
        (["--language", "en"], {"SODATE_LANGUAGE": "ja"}, "en"),
        ([], {"SODATE_LANGUAGE": "ja", "LANG": "en_US.UTF-8"}, "ja"),
        ([], {"LANG": "ja_JP.UTF-8"}, "ja"),
        ([], {"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "ja", "LANG": "de_DE"}, "ja"),
        (["--language"], {"LANG": "fr_FR"}, "en"),
        ([], {}, "en"),
    ],
)
def test_the_option_then_the_variable_then_the_locale_says_the_language(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert chosen(arguments, environment) == language


def test_what_people_typed_is_never_translated() -> None:
    with speaking("ja"):
        assert words("leads") != "leads"
        assert in_words("leads") == "leads"
        assert in_words(Message("in the future")) == say_in("ja", Message("in the future"))
        assert in_words(True) == "はい"


def test_the_language_ends_with_the_command() -> None:
    with speaking("ja"):
        pass

    assert words("leads") == "leads"


def test_help_texts_are_looked_up_by_paragraph() -> None:
    assert paragraphs("One\n line.\n\n  Example: x") == ["One line.", "Example: x"]
