"""Each decision record says in one line whether it still holds; both records of a relation say so.

**Status.** Accepted, 2026-11-26. Changes 0012: what changes. Changed by 0034: what changed.
"""

import re
from datetime import date
from pathlib import Path

import pytest

RECORDS = sorted((Path(__file__).parents[2] / "docs" / "decisions").glob("*.md"))
STATUS = re.compile(
    r"^\*\*Status\.\*\* (Proposed|Accepted|Rejected|Superseded by (\d{4})), (\d{4}-\d{2}-\d{2})\.(.*)$", re.M
)
RELATION = re.compile(r"(Changes|Changed by|Supersedes) (\d{4})")
PAIRS = (("Changes", "Changed by"), ("Supersedes", "Superseded by"))
INVERSE = {**dict(PAIRS), **{passive: active for active, passive in PAIRS}}

Relation = tuple[str, str, str]


def relations() -> set[Relation]:
    """(record, relation, other record), as the status lines say."""
    pairs: set[Relation] = set()
    for record in RECORDS:
        for state, superseded_by, _, rest in STATUS.findall(record.read_text()):
            if state.startswith("Superseded"):
                pairs.add((record.name[:4], "Superseded by", superseded_by))
            pairs |= {(record.name[:4], relation, other) for relation, other in RELATION.findall(rest)}
    return pairs


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_number_its_parts_in_order_and_one_status(record: Path) -> None:
    text = record.read_text()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", record.name)
    assert text.startswith(f"# {record.name[:4]} ")
    statuses = STATUS.findall(text)
    assert len(statuses) == 1, "one line such as: **Status.** Accepted, 2026-11-26."
    assert date.fromisoformat(statuses[0][2])
    places = [text.find(f"**{part}") for part in ("Status", "Context", "Decision", "Consequences", "Enforced")]
    assert -1 not in places
    assert places == sorted(places)


def test_numbers_are_given_once() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_both_records_of_a_relation_say_it() -> None:
    written = relations()
    missing = {(other, INVERSE[relation], record) for record, relation, other in written} - written
    assert not missing, "add the relation to the status line of the first record of each"
