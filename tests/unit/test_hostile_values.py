"""Found C (13) and (14): a stranger's number is a 400, a stranger's value in a filter fails one lead's email only."""

import pytest
from sodate.email.content.render import ALLOWED_FILTERS, render
from sodate.errors import Invalid
from sodate.web.body import BodyError, parse_body

NUMBERS = ("0.4e0066999999999999999999006", "1e99999999999999999999", "1.0e-99999999999999999999", "0." + "1" * 60_000,
           "9" * 5_000, "0e999999999")  # fmt: skip
VALUES = ("", "x", "nan", "inf", "-inf", "1e999", "9" * 5_000, "1e-400", "9999999999999999999", "-9999999999999",
          "\u0661", "\ud800", "\x00", "0x10", "99999-99-99", "now", "%", "%Q", "{{ lead.name }}",
          float("nan"), float("inf"), 10**400, None, [], [None], {})  # fmt: skip
ARGUMENTS = ("", ": value", ": 'x'", ": '%Y-%m-%d'", ": 2", ": value, value")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_out_of_range_is_a_bad_request(number: str) -> None:
    with pytest.raises(BodyError) as refused:
        parse_body(f'{{"age": {number}}}'.encode(), {"content-type": "application/json"})
    assert refused.value.status in (400, 422)


@pytest.mark.parametrize("name", [*ALLOWED_FILTERS])
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_a_hostile_value_fails_as_a_template_of_one_lead(name: str, argument: str) -> None:
    source = f"{{{{ value | {name}{argument} }}}}"
    for value in VALUES:
        for text in (source, "{{ 1 | " + name + argument + " }}"):
            try:
                render("s", text, text, {"value": value})
            except Invalid as error:
                assert error.code == "template"
