"""Every message, every literal that the command line prints and every help text is in each catalog."""

import re

import pytest

from tests.architecture import messages

LANGUAGES = sorted(file.stem for file in messages.CATALOGS.glob("*.po"))
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
#: English words that are no names, keys or commands.
PROSE = re.compile("[A-Za-z]{3,}")
#: Calls that print an f-string with English words. It may only fall: make a `Message` of each.
MOST_IN_ENGLISH = 16


def test_there_is_japanese() -> None:
    assert "ja" in LANGUAGES


def test_no_template_of_a_message_is_put_together() -> None:
    assert messages.not_literal() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalog_has_exactly_what_is_said(language: str) -> None:
    wanted, known = messages.wanted(), messages.entries(language)

    assert {text: place for text, place in wanted.items() if not known.get(text)} == {}, "add it to the catalog"
    assert sorted(set(known) - set(wanted)) == [], "nothing says it any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_values_of_its_template(language: str) -> None:
    with_values = messages.with_values()
    wrong = {
        text: translation
        for text, translation in messages.entries(language).items()
        if text in with_values and messages.fields(text) != messages.fields(translation)
    }

    assert wrong == {}


def test_the_japanese_is_japanese() -> None:
    same = {
        text: said for text, said in messages.entries("ja").items() if PROSE.search(text) and not JAPANESE.search(said)
    }

    assert set(same) == {"the HTML"}, same


def test_fewer_and_fewer_sentences_are_in_english_only() -> None:
    assert len(messages.sentences_in_english()) <= MOST_IN_ENGLISH
