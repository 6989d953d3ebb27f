"""Targets of KPIs."""

import pytest
from pydantic import ValidationError
from sodate.kpis.formula import NotDefined, Number, Ratio
from sodate.kpis.target import KpiTarget, KpiTargets
from sodate.playbook.model import read


def test_attainment_is_the_share_of_the_target_and_of_a_limit_what_is_left_of_it() -> None:
    rate = KpiTarget(kpi="open_rate", value=25)
    assert rate.attainment(Ratio(1, 5, 100)) == Ratio(20, 25, 100)
    limit = KpiTarget(kpi="complaint_rate", value=0.1, at_most=True)
    assert limit.attainment(Number(0.2)) == Ratio(0.1, 0.2, 100)
    assert limit.attainment(NotDefined("no_base")) == NotDefined("no_base")
    assert limit.attainment(Number(0)) == NotDefined("no_base")


def test_a_target_in_money_is_in_the_currencys_main_unit() -> None:
    limit = KpiTarget(kpi="cpl", value=50, scope="campaign:autumn", at_most=True)
    assert limit.attainment(Number(10_000), "USD") == Ratio(5_000, 10_000, 100)
    assert limit.attainment(Number(100), "JPY") == Ratio(50, 100, 100)
    assert KpiTarget(kpi="open_rate", value=25).smallest("USD") == 25


@pytest.mark.parametrize(
    "targets",
    [
        [{"kpi": "open_rate", "value": 0}],
        [{"kpi": "open_rate", "value": 1, "scope": "everything"}],
        [{"kpi": "open_rate", "value": 1, "period": "day"}],
        [{"kpi": "open_rate", "value": 1}, {"kpi": "open_rate", "value": 2}],
    ],
)
def test_a_target_that_means_nothing_is_refused(targets: object) -> None:
    with pytest.raises(ValidationError):
        KpiTargets.model_validate({"targets": targets})


def test_a_target_is_found_by_kpi_period_and_scope() -> None:
    found = KpiTargets.model_validate({"targets": [{"kpi": "leads", "value": 40, "period": "quarter"}]})
    assert found.find("leads", "quarter", "all") == found.targets[0]
    assert found.find("leads", "month", "all") is found.find("leads", None, "all") is None


def test_a_stored_target_that_check_refuses_today_is_read_and_found_for_no_figure() -> None:
    stored = [{"kpi": "cpl", "value": 5_000, "scope": "form:contact"}, {"kpi": "opens", "value": 1}]
    targets = read(KpiTargets, {"targets": [*stored, {"kpi": "open_rate", "value": 25}]})
    assert targets.find("open_rate", "month", "all") == KpiTarget(kpi="open_rate", value=25)
    assert targets.targets[1].smallest("USD") == 1
