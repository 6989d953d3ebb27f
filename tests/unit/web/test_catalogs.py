"""Message catalogs: all have the same keys, and a further language is one more file."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sodate
from sodate.web.catalogs import DEFAULT, catalog, languages
from sodate.web.negotiation import preferred_language

PACKAGE = Path(sodate.__path__[0])
FOLDER = PACKAGE / "web" / "catalogs"


def read(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def keys(words: dict[str, Any], above: str = "") -> set[str]:
    found = set()
    for name, value in words.items():
        found |= keys(value, f"{above}{name}.") if isinstance(value, dict) else {above + name}
    return found


@pytest.mark.parametrize("language", languages())
def test_every_catalog_has_the_same_keys(language: str) -> None:
    assert keys(read(language)) == keys(read(DEFAULT))


@pytest.mark.parametrize("language", languages())
def test_every_text_takes_the_same_values(language: str) -> None:
    def values(words: dict[str, Any], above: str = "") -> dict[str, int]:
        counts: dict[str, int] = {}
        for name, text in words.items():
            counts |= (
                values(text, f"{above}{name}.") if isinstance(text, dict) else {above + name: str(text).count("{")}
            )
        counts.pop("day", None)  # each language writes days in its own way
        return counts

    assert values(read(language)) == values(read(DEFAULT))
    assert len(read(language)["month_names"]) == 12


def test_an_unknown_language_is_answered_in_the_default_one() -> None:
    assert catalog("xx").language == catalog("").language == catalog("../en").language == DEFAULT


@pytest.mark.parametrize(
    ("header", "language"),
    [("ja", "ja"), ("ja-JP,en;q=0.8", "ja"), ("JA;q=0.9", "ja"), ("en-US,ja;q=0.9", "en"), ("fr", "en"), ("", "en")],
)
def test_a_page_is_in_the_first_language_of_the_browser(header: str, language: str) -> None:
    assert preferred_language({"accept-language": header}) == language


SHOW = """
import json
from datetime import date
from sodate.web import pages
from sodate.web.catalogs import languages
from sodate.web.consent_pages import unsubscribe_page
from sodate.web.feedback_page import AnswerReason, Shown, Weighted, feedback_page
from sodate.web.negotiation import preferred_language
from sodate.web.preference_page import PreferenceView, TopicChoice, preference_page
from sodate.consent.preferences import FREQUENCIES, PAUSES, read_preference_changes

topics = (TopicChoice("t", "Topic", "", True, True),)
view = PreferenceView(topics, "xx", FREQUENCIES, PAUSES, paused_until=date(2026, 11, 3))
other = [AnswerReason("other", "Other")]
shown = Shown("who", "owner", 7, "phase", "A1", [Weighted("why", 7)], "", ("JPY",), other, other, "token", "visit")
language = preferred_language({"accept-language": "xx-YY,en"})
issuer = pages.Issuer()
print(json.dumps({
    "languages": languages(),
    "accepted": read_preference_changes({"language": ["xx"]}).language,
    "question": unsubscribe_page("", "", language, issuer).html,
    "message": pages.message("opt_in_done", language, issuer).html,
    "preferences": preference_page(view, issuer).html,
    "feedback": feedback_page(shown, language, issuer).html,
}))
"""


def test_a_third_language_is_one_more_file(tmp_path: Path) -> None:
    """A toy language whose words are those of the default one in upper case, added to a copy of the package."""
    shutil.copytree(PACKAGE, tmp_path / "sodate", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sodate" / "web" / "catalogs" / "xx.toml").write_text(toy(read(DEFAULT)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    shown = json.loads(done.stdout)
    assert shown["languages"] == sorted({*languages(), "xx"})
    assert shown["accepted"] == "xx"
    for page in ("question", "message", "preferences", "feedback"):
        assert '<html lang="xx">' in shown[page]
    assert "ONLY THIS TOPIC" in shown["question"]
    assert "YOU ARE SUBSCRIBED" in shown["message"]
    assert "PAUSED UNTIL 3 NOVEMBER 2026" in shown["preferences"]
    assert '<option value="xx" selected>ENGLISH</option>' in shown["preferences"]
    assert "I TAKE IT" in shown["feedback"]


def toy(words: dict[str, Any]) -> str:
    def upper(text: str) -> str:
        parts = text.replace("{", "\0{").replace("}", "}\0").split("\0")
        return "".join(part if part.startswith("{") else part.upper() for part in parts)

    def lines(table: dict[str, Any], name: str) -> list[str]:
        plain = [(k, v) for k, v in table.items() if not isinstance(v, dict)]
        inner = [(k, v) for k, v in table.items() if isinstance(v, dict)]
        made = [f"[{name}]"] if name else []
        for key, value in plain:
            text = upper(value) if isinstance(value, str) else [upper(one) for one in value]
            made.append(f"{key} = {json.dumps(text)}")
        for key, value in inner:
            made += lines(value, f"{name}.{key}" if name else key)
        return made

    return "\n".join(lines(words, ""))
