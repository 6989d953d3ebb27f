"""Who is named by a message: an id of another system counts where it is said to be one, never by chance."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.leads.address import address_key, external_key
from sodate.privacy.mention import Subject, is_named, is_named_in_message

SECRET = b"s" * 32
SUBJECT = Subject(
    frozenset({"01JDTTTTTTTTTTTTTTTTTTTTTT"}),
    frozenset({address_key("taro@example.jp", SECRET)}),
    frozenset({("crm", external_key("crm", "12345", SECRET))}),
)


@pytest.mark.parametrize(
    ("body", "is_its"),
    [
        ({"lead": {"source": "crm", "id": "12345"}}, True),
        ({"lead": {"source": "crm", "id": 12345}}, True),
        ({"lead": {"source": "erp", "id": "12345"}}, False),
        ({"row": {"id": "12345"}}, True),
        ({"row": {"id": "123456"}}, False),
        ({"external": {"crm": "12345"}}, True),
        ({"external": {"erp": "12345"}}, False),
        ({"NewImage": {"external": {"M": {"crm": {"S": "12345"}}}}}, True),
        ({"NewImage": {"points": {"N": "12345"}, "note": {"S": "12345"}}}, False),
        ({"amount": "12345", "count": 12345, "phone": "12345"}, False),
        ({"note": "my number: 12345, call me"}, False),
        ({"detail": json.dumps([{"body": json.dumps({"id": "12345"})}])}, True),
        ({"to": "ｔａｒｏ@example.jp"}, True),
        ({"pk": "LEAD#01JDTTTTTTTTTTTTTTTTTTTTTT"}, True),
    ],
)
def test_a_message_names_whom_its_values_name(body: Any, is_its: bool) -> None:
    assert is_named_in_message(SUBJECT, json.dumps(body), SECRET) is is_its
    assert is_named_in_message(SUBJECT, json.dumps(body, ensure_ascii=False), SECRET) is is_its


@pytest.mark.parametrize("text", ["", "12345", "id,mail\n12345,x\n", '{"id": "12345"', "[" * 100_000, '"' * 1000])
def test_what_is_no_json_has_no_such_id(text: str) -> None:
    assert not is_named_in_message(SUBJECT, text, SECRET)


def test_a_cell_of_a_file_is_matched_as_a_whole() -> None:
    assert is_named(SUBJECT, "id,name\n12345,x\n", SECRET)
    assert not is_named(SUBJECT, "id,name\n123456,x 12345\n", SECRET)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("12345"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5).filter(lambda key: key not in ("id", "external_id", "crm")), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(values)
def test_a_value_that_nobody_calls_an_id_never_names_the_lead(document: Any) -> None:
    assert not is_named_in_message(SUBJECT, json.dumps(document), SECRET)
