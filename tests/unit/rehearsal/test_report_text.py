"""The text of a rehearsal: what deserves a look comes first, numbers are readable, and it stays short."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sodate.broadcasts.broadcast import Broadcast
from sodate.playbook.model import read
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.report.catalogs import catalog, languages, shown
from sodate.rehearsal.report.phrases import wait
from sodate.rehearsal.report.summary import document
from sodate.rehearsal.report.text import Section, sections

from tests.unit.rehearsal.played import SPAN, STEP_MAIL, assumptions, definitions, figures


def section(title: str, **changes: Any) -> Section:
    shown = sections(document(replace(figures(), **changes), definitions(), assumptions(), SPAN, 7))
    return next(one for one in shown if one.title == title)


def test_what_deserves_a_look_is_the_first_list() -> None:
    (first, second, *_) = sections(document(figures(), definitions(), assumptions(), SPAN, 7))
    assert (first.entries, second.title) == ((), "Look at this")
    assert second.entries[:3] == (
        "welcome: nobody enters.",
        "webinar: nobody takes the exit “case 2” of size to signal, although 3 came to the step.",
        "webinar: nobody reaches the goal won.",
    )
    assert second.entries[-1] == "People in webinar and welcome at the same time: 4."


def test_numbers_have_thousands_separators() -> None:
    rows = section("Emails and enrollments", entered=Counter({"webinar": 12345})).rows
    assert rows[0][:3] == ("webinar", "14", "12,345")
    assert [shown(value) for value in (1234567, 0.0049, 1234.5, None, "x")] == [
        "1,234,567",
        "0.0049",
        "1,234.5",
        "–",
        "x",
    ]


def test_deferrals_and_skips_are_listed_by_source_and_reason() -> None:
    assert section("Emails that were deferred or skipped").rows == (
        ("news", "deferred", "SES's rate or quota, or warm-up", "5"),
        ("webinar", "deferred", "closed hours", "4"),
        ("webinar", "deferred", "frequency cap (day)", "3"),
        ("news", "skipped", "too late", "2"),
        ("news", "deferred", "frequency that the lead chose", "1"),
        ("webinar", "skipped", "blocked (hard_bounce)", "1"),
    )


def test_the_variants_of_a_broadcast_are_shown_with_what_its_run_was_decided_for() -> None:
    at = "2026-12-01T10:00"
    broadcast = read(Broadcast, {"id": "news", "topic": "news", "template": "invite", "segment": "all", "once": at})
    answers = {("plain", "delivered"): 9, ("plain", "clicked"): 2, ("other", "delivered"): 8, ("other", "opened"): 3}
    variants = Counter({("news", "20261201T1000", *key): count for key, count in answers.items()})
    played = replace(figures(), variants=variants, decided={("news", "20261201T1000"): "too_few:plain"})
    one = document(played, replace(definitions(), broadcasts=(broadcast,)), assumptions(), SPAN, 7)
    assert next(part for part in sections(one) if part.title == "Experiments of broadcasts").rows == (
        ("news/20261201T1000", "other 0/8, plain 2/9", "too few leads (plain)"),
    )


def test_a_long_table_is_cut_and_the_rest_is_counted() -> None:
    sources = Counter({(f"s-{number:02}", "expired"): 1 for number in range(20)})
    rows = section("Emails that were deferred or skipped", skipped=sources, deferred=Counter()).rows
    assert len(rows) == 9
    assert rows[-1] == ("and 12 more", "", "", "")


def test_an_uneventful_rehearsal_says_so() -> None:
    entered = {("welcome", "hello", "sent"): 2}
    quiet = Figures(figures().time_zone, people=2)
    quiet.entered["welcome"] = 2
    quiet.edges.update(entered)
    shown = sections(document(quiet, definitions(STEP_MAIL), assumptions(), SPAN, 7))
    assert shown[1].sentences == (catalog("en").words["page"]["nothing_to_look_at"],)


def test_the_assumptions_are_stated() -> None:
    text = " ".join(section("Assumptions").sentences)
    assert "assumed, not measured" in text
    assert "25 % of emails are opened, 12 % of those clicked" in text


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_text(language: str) -> None:
    english, words = catalog("en").words, catalog(language).words
    assert {name: set(section) for name, section in words.items()} == {
        name: set(section) for name, section in english.items()
    }
    assert all(text for section in words.values() for text in section.values())
    assert len(sections(document(figures(), definitions(), assumptions(), SPAN, 7), language)) > 5


def test_there_are_two_languages_and_an_unknown_one_is_refused() -> None:
    assert languages() == ("en", "ja")
    with pytest.raises(ValueError, match="has no language 'fr'; it has en, ja"):
        catalog("fr")


@pytest.mark.parametrize(
    ("written", "english", "japanese"),
    [
        ({"business_days": 5, "at": "10:00"}, "5 business days at 10:00", "5営業日後 10:00"),
        ({"hours": 2, "since": "enrollment"}, "2 h from enrollment", "2時間後 参加から"),
        (
            {"date": "primary.renewal", "days": -30, "at": "09:00"},
            "until primary.renewal -30 days at 09:00",
            "primary.renewal の -30 日 09:00",
        ),
        ({"weekday": ["mon", "fri"]}, "until mon, fri", "次の mon, fri"),
        (None, "", ""),
    ],
)
def test_waits_are_said_in_each_language(written: dict[str, Any] | None, english: str, japanese: str) -> None:
    assert (wait(catalog("en"), written), wait(catalog("ja"), written)) == (english, japanese)
