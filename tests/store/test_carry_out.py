"""One advance is one conditional write: of two that were decided on the same state, one counts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sodate.dynamodb import table
from sodate.email.mailing import Mailing
from sodate.leads.contact_state import ContactState, Enrollment, Visit
from sodate.leads.lead import Profile
from sodate.leads.store import load_state, profile_item, state_item
from sodate.playbook.store import Definitions
from sodate.scenarios.carry_out import CarryOut
from sodate.scenarios.engine import run
from sodate.scenarios.lead_now import LeadItems, LeadNow
from sodate.scenarios.progress import active

from tests.simulation.playbook import DEFINITIONS
from tests.support.tables import moto_table
from tests.unit.scenarios.samples import program

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
TAG: dict[str, Any] = {"id": "tag", "set": [{"add_tag": "x"}]}
COMPILED = program(TAG, {"id": "wait", "wait": {"days": 1}}, {"id": "mail", "send": "t"})
HERE = Enrollment("e1", 1, 0, "2026-12-01T00:00:00.000Z", COMPILED.end, visit=Visit(1, int(NOW.timestamp()) - 60))


@pytest.fixture
def lead() -> Any:
    with moto_table("scenarios"):
        table.put(profile_item(Profile("L1", "l@example.jp", "l@example.jp", "ja")))
        table.put(state_item(ContactState("L1", "key", enrollments={"s": HERE})))
        yield LeadNow(load_state("L1"), COMPILED, LeadItems("L1", Definitions(), NOW))


def carry_out(lead: LeadNow) -> ContactState | None:
    mailing = Mailing.model_validate(DEFINITIONS[0][2])
    advance = run(COMPILED, active(COMPILED, "s", lead.state.enrollments["s"]), lead, NOW)
    return CarryOut(Definitions(), mailing, lead, "s", NOW).write(advance)


def test_of_two_advances_from_one_state_one_counts(lead: LeadNow) -> None:
    assert carry_out(lead) is not None
    once = load_state("L1")
    assert once.enrollments["s"].step == 1
    assert carry_out(LeadNow(lead.state, COMPILED, LeadItems("L1", Definitions(), NOW))) is None
    assert load_state("L1") == once


def test_what_ended_meanwhile_stays_ended(lead: LeadNow) -> None:
    ended = Enrollment(HERE.id, 1, HERE.step, HERE.since, HERE.steps, visit=HERE.visit, ended="left")
    table.put(state_item(ContactState("L1", "key", enrollments={"s": ended})))
    assert carry_out(lead) is None
    assert load_state("L1").enrollments["s"] == ended
