"""特定電子メール法 4条: a marketing template without the four visible displays does not get through."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check

Damage = Callable[[str, str, str], None]
FOOTER = "templates/_footer.mjml"
TEXT = "{{ sender.name }} {{ sender.postal_address }} {{ sender.contact }}"
LINK = '<a href="{{ unsubscribe_url }}">Stop</a>'


def broken_rules(directory: Path) -> set[str]:
    return {p.rule for p in check(directory).problems if p.severity == "error"}


@pytest.mark.parametrize(
    ("display", "rule"),
    [
        ("{{ sender.name }}", "law-sender-name"),
        ("{{ sender.postal_address }}", "law-postal-address"),
        ("{{ sender.contact }}", "law-contact"),
        (LINK, "law-unsubscribe"),
    ],
)
def test_each_display_is_demanded_with_its_source(small: Path, damage: Damage, display: str, rule: str) -> None:
    damage(FOOTER, display, "x")

    (problem,) = [p for p in check(small).problems if p.rule == rule]
    assert (problem.file, problem.severity) == ("templates/first.yaml", "error")
    assert problem.source.startswith("特定電子メール法 4条")
    assert "the HTML and the text part" in problem.message


HIDING = {
    "in a comment": "<!-- {} -->",
    "with display:none": '<span style="display:none">{}</span>',
    "with visibility:hidden": '<span style="visibility: hidden">{}</span>',
    "by a class": '<span class="gone">{}</span>',
    "in tiny letters": '<span style="font-size:1px">{}</span>',
    "in no letters": '<span style="font-size:0">{}</span>',
    "see-through": '<span style="opacity:0">{}</span>',
    "white on white": '<span style="color:#ffffff">{}</span>',
    "off the page": '<span style="position:absolute;left:-9999px">{}</span>',
    "in a box without height": '<div style="max-height:0;overflow:hidden">{}</div>',
    "with the hidden attribute": "<div hidden>{}</div>",
    "in a Liquid comment": "{{% comment %}}{}{{% endcomment %}}",
    "for people with a name only": "{{% if lead.name %}}{}{{% endif %}}",
    "for people without a name only": "{{% unless lead.name %}}{}{{% endunless %}}",
    "in a condition that is never true": "{{% if 1 == 2 %}}{}{{% endif %}}",
    "for Outlook only": "<!--[if mso]>{}<![endif]-->",
}


@pytest.mark.parametrize("way", HIDING, ids=str)
@pytest.mark.parametrize("piece", [TEXT, LINK], ids=["text", "link"])
def test_a_display_that_readers_do_not_see_does_not_count(small: Path, damage: Damage, way: str, piece: str) -> None:
    damage(
        "templates/first.mjml", "<mj-body>", "<mj-head><mj-style>.gone { display: none }</mj-style></mj-head><mj-body>"
    )
    assert broken_rules(small) == set()

    damage(FOOTER, piece, HIDING[way].format(piece))

    wanted = {"law-unsubscribe"} if piece == LINK else {"law-sender-name", "law-postal-address", "law-contact"}
    assert broken_rules(small) == wanted


def test_an_unsubscribe_link_that_has_nothing_to_click_on_does_not_count(small: Path, damage: Damage) -> None:
    damage(FOOTER, LINK, '<a href="{{ unsubscribe_url }}"> </a>')

    assert broken_rules(small) == {"law-unsubscribe"}


def test_an_unsubscribe_address_as_words_is_no_link(small: Path, damage: Damage) -> None:
    damage(FOOTER, LINK, "{{ unsubscribe_url }}")

    assert broken_rules(small) == {"law-unsubscribe"}


def test_a_transactional_email_needs_no_opt_out_because_it_is_no_advertisement(small: Path) -> None:
    assert "unsubscribe" not in (small / "templates/confirm.html").read_text(encoding="utf-8")
    assert broken_rules(small) == set()
