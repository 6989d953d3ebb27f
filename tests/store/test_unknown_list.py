"""A send is never `unknown` without being on the operators' list: after a crash at any write, it is both or neither."""

from datetime import UTC, datetime

import pytest
from sodate.dynamodb.table import Table
from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import find_send, step_send
from sodate.email.operator_lists.unknown import list_unknown, unknown_sends

from tests.fakes.table import MemoryTable
from tests.simulation.fault_profile import Crash

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
REF = StepRef("L", "drip", 1, 0, "e1")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_crash_at_any_write_leaves_it_listed_or_open(number: int) -> None:
    table = MemoryTable()
    Table("sodate-unknown", table).use()
    points = iter(range(1, 10))

    def point(_: str) -> None:
        if next(points) == number:
            raise Crash

    table.point = point
    try:
        list_unknown([step_send(REF, "mail", "news", NOW)], NOW, NOW)
    except Crash:
        table.point = lambda _: None
    stored = find_send("L", REF.send_id)
    listed = [send.send_id for send in unknown_sends(NOW)]
    assert listed == ([REF.send_id] if stored is not None else [])
