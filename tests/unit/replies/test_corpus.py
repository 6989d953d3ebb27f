"""Figure 10: a corpus of real-world shapes is judged: replies found, and no absence note taken for a reply."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from ses_simulator.inbound import as_received
from sodate.replies.inbound_email import read_email
from sodate.replies.judgement import judge

from tests.support.reply_corpus import Case, every_case

AT = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
CASES = every_case()


def judged(case: Case) -> tuple[str, str]:
    raw = as_received(case.raw, case.to, AT, case.sender, case.findings)
    found = judge(read_email(raw, is_cut=False))
    return found.verdict.value, found.reason


def test_the_corpus_is_large_enough_and_has_each_kind() -> None:
    counts = Counter(case.verdict for case in CASES)
    assert len(CASES) >= 300
    assert counts["reply"] >= 120
    assert counts["out_of_office"] >= 120
    assert counts["bounce"] >= 20
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_what_it_is(case: Case) -> None:
    assert judged(case)[0] == case.verdict, judged(case)[1]
