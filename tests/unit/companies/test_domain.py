"""Which addresses belong to a company, and to which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.companies.company import Company, changed, check_merge, with_domain, with_external
from sodate.companies.domain import corporate_domain, registrable
from sodate.companies.score import LeadScore, company_score
from sodate.errors import Conflict, Invalid


@pytest.mark.parametrize(
    ("address", "company"),
    [
        ("taro@example.co.jp", "example.co.jp"),
        ("taro@mail.eigyo.example.co.jp", "example.co.jp"),
        ("ＴＡＲＯ＠ＥＸＡＭＰＬＥ．ＣＯ．ＪＰ", "example.co.jp"),
        ("taro@example.jp", "example.jp"),
        ("taro@sub.example.jp", "example.jp"),
        ("taro@univ.ac.jp", "univ.ac.jp"),
        ("taro@city.chiyoda.tokyo.jp", "city.chiyoda.tokyo.jp"),
        ("taro@example.tokyo.jp", "example.tokyo.jp"),
        ("taro@example.co.uk", "example.co.uk"),
        ("taro@a.b.example.com", "example.com"),
        ("taro@shop.example.com.au", "example.com.au"),
        ("taro@acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("taro@acme.sakura.ne.jp", "acme.sakura.ne.jp"),
        ("taro@日本.jp", "xn--wgv71a.jp"),
        ("taro@gmail.com", None),
        ("taro@yahoo.co.jp", None),
        ("taro@docomo.ne.jp", None),
        ("taro@xxx.ocn.ne.jp", None),
        ("taro@mailinator.com", None),
        ("taro@x.example", None),
        ("taro@co.jp", None),
        ("", None),
    ],
)
def test_the_company_of_an_address(address: str, company: str | None) -> None:
    assert corporate_domain(address) == company


@given(st.lists(st.sampled_from(["a", "co", "jp", "com", "tokyo", "ac", "uk", "x-1", "ne"]), min_size=1, max_size=7))
def test_a_domain_is_its_own_registrable_domain(labels: list[str]) -> None:
    found = registrable(".".join(labels))
    if found is not None:
        assert registrable(found) == found
        assert ".".join(labels).endswith(found)


def test_attributes_are_read_as_people_write_them() -> None:
    company = changed(Company("c"), {"name": "例示株式会社", "employees": "１，２００名", "region": "関東"})
    assert (company.name, company.employees, company.region) == ("例示株式会社", 1200, "関東")
    assert changed(company, {"employees": ""}).employees is None


@pytest.mark.parametrize(
    "given", [{"employees": "many"}, {"employees": "-1"}, {"owner": "x"}, {"name": "a\nb"}, {"industry": "x" * 300}]
)
def test_what_a_company_cannot_have_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        changed(Company("c"), given)


@pytest.mark.parametrize("domain", ["co.jp", "mail.example.co.jp", "exa mple.jp", "example", "-a.jp", "https://a.jp"])
def test_what_is_no_companys_domain_is_refused(domain: str) -> None:
    with pytest.raises(Invalid):
        with_domain(Company("c"), domain)


def test_one_id_per_system() -> None:
    company = with_external(Company("c"), "crm", "A-1")
    assert with_external(company, "crm", "Ａ-1") == company
    with pytest.raises(Conflict):
        with_external(company, "crm", "A-2")


def test_a_merge_makes_no_circle() -> None:
    part, whole = Company("p", merged_into="w"), Company("w", absorbed=("p",))
    for into, one in ((whole, whole), (part, whole), (Company("x"), part), (Company("x"), whole)):
        with pytest.raises(Conflict):
            check_merge(into, one)
    check_merge(whole, Company("x"))


@given(st.lists(st.builds(LeadScore, st.sampled_from("abcd"), st.integers(-9, 99), st.booleans(),
                          st.sampled_from(["A1", "B2", "C3"]), st.just("lead")), unique_by=lambda one: one.lead_id),
       st.randoms(use_true_random=False))  # fmt: skip
def test_the_score_of_a_company_depends_on_no_order_and_no_repetition(scores: list[LeadScore], random: object) -> None:
    again = [*scores, *scores]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert company_score(9, again) == company_score(9, scores)


def test_a_company_without_scored_leads_has_no_highest_score() -> None:
    score = company_score(2, [])
    assert (score.leads, score.total, score.highest, score.best_rank) == (2, 0, None, None)
