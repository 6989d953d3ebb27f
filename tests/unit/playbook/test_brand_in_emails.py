"""`brand` in emails: its colours may stand in CSS, its links in links, its logo in an image; nothing of a lead may."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.authoring.check import check
from sodate.authoring.preview import SampleLead, preview
from sodate.contrast import READABLE, contrast
from sodate.email.brand import LIGHT, Brand
from sodate_cli.playbook.starter.answers import company_of
from sodate_cli.playbook.starter.files import starter_files

from tests.unit.playbook.conftest import Damage
from tests.unit.playbook.test_init import ANSWERS

FOOTER = "{% for link in brand.links %}<a href='{{ link.url }}'>{{ link.label }}</a>{% endfor %}<p>"
BRANDED = """  logo: { url: https://www.aozora.example.jp/logo.png, width: 160, height: 40 }
  links:
    - { label: 個人情報, url: https://www.aozora.example.jp/privacy }
    - { label: 特商法, url: https://www.aozora.example.jp/law }
"""


def problems(folder: Path, *rules: str) -> list[str]:
    return [str(one) for one in check(folder).problems if one.rule in rules]


@pytest.mark.parametrize("name", ["color", "text_color", "link_color"])
def test_a_colour_of_the_brand_may_stand_in_css(name: str, small: Path, damage: Damage) -> None:
    damage("templates/confirm.html", "<p>", f"<style>p {{ color: {{{{ brand.{name} }}}} }}</style><p>")
    assert problems(small, "compile", "active-content") == []


@pytest.mark.parametrize("tag", [
    "{{ brand.logo }}", "{{ lead.name }}", "{{ brand.color | append: lead.name }}", "{% if lead.name %}red{% endif %}",
])  # fmt: skip
def test_nothing_else_may(tag: str, small: Path, damage: Damage) -> None:
    damage("templates/confirm.html", "<p>", f"<style>p {{ color: {tag} }}</style><p>")
    assert problems(small, "compile")


def test_links_and_logo_of_the_brand_lead_where_the_playbook_says(small: Path, damage: Damage) -> None:
    image = "{% if brand.logo %}<img src='{{ brand.logo }}' alt='{{ sender.name }}' width='9' height='9'>{% endif %}"
    damage("templates/confirm.html", "<p>", image + FOOTER)
    assert problems(small, "link", "active-content", "compile") == []


@pytest.mark.parametrize("other", [
    "{% for link in lead.secondary.interest %}{{ link }}{% endfor %}", "{% assign link = lead.secondary.page %}",
    "{% capture link %}{{ lead.name }}{% endcapture %}",
])  # fmt: skip
def test_a_name_that_may_be_something_of_a_lead_is_no_link_of_the_brand(
    other: str, small: Path, damage: Damage
) -> None:
    damage("templates/confirm.html", "<p>", other + FOOTER)
    assert any("lets a merge field decide" in one for one in problems(small, "link"))


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_links_can_be_read_in_every_colour(color: str) -> None:
    assert contrast(Brand(color=color).merge_fields["link_color"], LIGHT) >= READABLE


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("branded", [False, True])
def test_a_new_playbook_has_the_brand_in_each_email(language: str, branded: bool, tmp_path: Path) -> None:
    company = company_of(ANSWERS, language, "#ffd500")  # type: ignore[arg-type]
    for name, text in starter_files(company, date(2026, 11, 28)):
        if name == "playbook.yaml" and branded:
            text = re.sub(r"(?m)(^  color: .*\n)", rf"\g<1>{BRANDED}", text)
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    checked = check(tmp_path)
    assert [str(one) for one in checked.problems if one.rule != "brand-color"] == []
    for template in sorted(path.stem for path in (tmp_path / "templates").glob("*.yaml")):
        email = preview(checked, template, SampleLead().as_profile()).email
        assert email is not None
        for part in ("https://www.aozora.example.jp/privacy", "特商法", "logo.png"):
            assert (part in email.html) is branded, (template, part)
        assert ("個人情報" in email.text) is branded
        assert "#ffd500" in email.html, "the button"
        assert "{{" not in email.html and "{%" not in email.html
