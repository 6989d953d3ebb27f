"""The words of the reports: none is missing, none is left over, and a figure has one name."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
import sodate.reports
from sodate.activities.catalog import CallOutcome
from sodate.campaigns.attribution_rules import AttributionModel
from sodate.experiments.decision import Outcome
from sodate.kpis.catalog import BY_NAME
from sodate.reports.as_csv import as_csv
from sodate.reports.as_text import as_text
from sodate.reports.catalogs import languages, words_in
from sodate.reports.document import Reason, Unit
from sodate.reports.email_page import report_email
from sodate.reports.page import page
from sodate.sales.conversation import FeedbackKind
from sodate.scenarios.scenario import ScenarioStatus
from sodate.scenarios.steps import Step
from sodate.web.words import Words

from tests.support import sample_reports

IN_EACH_LANGUAGE = pytest.mark.parametrize("language", languages())
_SCHEMA = Path(__file__).parents[3] / "schemas" / "report" / "report.v1.json"
_SOURCES = [Path(sodate.reports.__file__).parent]
#: Sections whose keys are the codes of something else.
_CODES = {
    "model": {one.value for one in AttributionModel},
    "outcome": {one.value for one in Outcome},
    "not_defined": {one.value for one in Reason},
    "call": {*(one.value for one in CallOutcome), "unknown"},
    "feedback": {one.value for one in FeedbackKind},
    "status": {one.value for one in ScenarioStatus},
    "step_kind": {get_args(one)[0].kind for one in get_args(get_args(Step)[0])},
    "group": {"phase", "segment"},
    "unit": {"percent", "seconds", "hours", "days"},
    "unit_name": {str(one) for one in Unit} - {"count", "money"},
}
#: Written by scenarios as free text: `end_by_error`, `manual`, `engine`.
_FREE = {"ended"}


class Recording(Mapping[str, str]):
    """The words of one section; it notes which are read."""

    def __init__(self, section: str, words: Mapping[str, str], read: set[tuple[str, str]]) -> None:
        self.section, self.words, self.read = section, words, read

    def __getitem__(self, key: str) -> str:
        self.read.add((self.section, key))
        return self.words[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)


def read_words(language: str, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Section and key of every word that the worked examples read, in all their forms."""
    read = set[tuple[str, str]]()
    words = words_in(language).words
    recording = Words(language, {section: Recording(section, found, read) for section, found in words.items()})
    monkeypatch.setattr(sample_reports, "words_in", lambda _: recording)
    for make in sample_reports.SAMPLES.values():
        for report in (make(language), make(language, 0), make(language, 50)):
            as_csv(report, recording)
            as_text(report, recording, 5)
            page(report, recording, None)
            report_email([report], None, recording)
    return read


@IN_EACH_LANGUAGE
def test_every_word_is_read_by_a_report(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_words(language, monkeypatch)
    code = "\n".join(file.read_text(encoding="utf-8") for folder in _SOURCES for file in folder.glob("*.py"))
    for section, words in words_in(language).words.items():
        if section in _CODES or section in _FREE:
            continue
        left = {key for key in words if (section, key) not in read}
        assert {key for key in left if not re.search(rf'"{section}", "{key}"|text\("{key}"', code)} == set(), section


@IN_EACH_LANGUAGE
def test_codes_have_their_words_and_no_word_is_of_a_code_that_is_gone(language: str) -> None:
    words = words_in(language).words
    assert {section: set(words[section]) for section in _CODES} == _CODES


def test_the_schema_has_the_reasons_that_there_are() -> None:
    figure = json.loads(_SCHEMA.read_text(encoding="utf-8"))["$defs"]["figure"]
    assert set(figure["properties"]["not_defined"]["enum"]) == {one.value for one in Reason}


@IN_EACH_LANGUAGE
def test_a_figure_has_one_name(language: str) -> None:
    """A column that is a KPI is called as the KPI. A term is explained in one place only."""
    words = words_in(language).words
    for section in ("column", "figure"):
        for name, label in words[section].items():
            if name in BY_NAME and name not in _SHORTER:
                assert label.casefold() == BY_NAME[name].label(language).casefold(), (section, name)
    assert {name for name in words["meaning"] if name in BY_NAME} <= _OF_ITS_OWN


#: Columns of counts: short heads in a wide table.
_SHORTER = {"sent", "delivered", "leads", "deals", "mqls", "sqls", "won", "ctr", "click_rate"}
#: Of signals instead of answers, and of the leads of a report instead of counters.
_OF_ITS_OWN = {"acceptance", "win_rate"}
