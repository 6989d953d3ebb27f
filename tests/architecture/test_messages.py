"""Every message, every literal that the command line prints and every help text is in each catalog."""

import re

import pytest

from tests.architecture import messages

LANGUAGES = sorted(file.stem for file in messages.CATALOGS.glob("*.po"))
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
#: English words that are no names, keys or commands.
PROSE = re.compile("[A-Za-z]{3,}")
#: Calls that print an f-string with English words. It may only fall: make a `Message` of each.
MOST_IN_ENGLISH = 0
_LOGGED = "a message of a queue, the stream or the bus: the reader is a log or a dead-letter queue"
_FOR_DEVELOPERS = "bodies of HTTP answers, in English beside a stable code"
_PAGE = "a public page has sentences of its own for it"
_TERMINAL = "of the demo, the doctor and the mailbox's control API, which speak English"
#: Files and folders whose errors no catalog has, with the reason. A person at the command line sees none of them.
SEEN_BY_NOBODY = {
    "layers/sodate/python/sodate/consent/undo.py": _PAGE,
    "layers/sodate/python/sodate/privacy/controller.py": _PAGE,
    "layers/sodate/python/sodate/privacy/links.py": _PAGE,
    "layers/sodate/python/sodate/email/delivery/": _LOGGED,
    "layers/sodate/python/sodate/email/events/": _LOGGED,
    "layers/sodate/python/sodate/outbox/": _LOGGED,
    "layers/sodate/python/sodate/runtime/": _LOGGED,
    "layers/sodate/python/sodate/scheduling/": _LOGGED,
    "layers/sodate/python/sodate/intake/authenticate.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/intake/deal_entry.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/intake/entry.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/intake/principal.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/intake/receive.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/intake/token.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/tracking/": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/web/body.py": _FOR_DEVELOPERS,
    "layers/sodate/python/sodate/dynamodb/": "a mistake of our own code, or a connection that is tried again",
    "layers/sodate/python/sodate/email/content/render.py": "of Liquid's own error, which `liquid` explains",
    "cli/sodate_cli/demo/": _TERMINAL,
    "cli/sodate_cli/doctor/": _TERMINAL,
    "cli/sodate_cli/local/": _TERMINAL,
}
#: In these. It may only fall.
MOST_RAISED_IN_ENGLISH = 102


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
    assert len(messages.sentences_in_english()) <= MOST_IN_ENGLISH, messages.sentences_in_english()


def test_an_error_that_a_person_sees_is_a_message() -> None:
    raised = messages.raised_in_english()
    seen = {file: lines for file, lines in raised.items() if not file.startswith(tuple(SEEN_BY_NOBODY))}

    assert seen == {}, "raise it with a Message"


def test_the_list_of_what_nobody_sees_is_no_longer_than_needed() -> None:
    raised = messages.raised_in_english()

    assert [file for file in SEEN_BY_NOBODY if not any(name.startswith(file) for name in raised)] == []
    assert sum(map(len, raised.values())) <= MOST_RAISED_IN_ENGLISH
