"""A clicked URL is named by the link of the template that it came from."""

import pytest
from sodate.email.content.template_links import OTHER_LINKS, TemplateLinks

HTML = """\
<a href="https://example.jp/cases">cases</a>
<a href="https://example.jp/cases?for={{ lead.company | default: "you" | url_encode }}&amp;a=1">your cases</a>
<a href='https://example.jp/{% if lead.title == "boss" %}boss{% else %}staff{% endif %}/price'>price</a>
<a href="{{ sender.website }}">us</a> <a href="{{ unsubscribe_url }}">stop</a> <a href="#top">up</a> <a>none</a>
<map><area href="https://example.jp/map"></map>
"""


@pytest.mark.parametrize(
    ("clicked", "name"),
    [
        ("https://example.jp/cases", "https://example.jp/cases"),
        (
            "https://example.jp/cases?for=A%20K&a=1",
            'https://example.jp/cases?for={{ lead.company | default: "you" | url_encode }}&a=1',
        ),
        (
            "https://example.jp/boss/price",
            'https://example.jp/{% if lead.title == "boss" %}boss{% else %}staff{% endif %}/price',
        ),
        ("https://example.jp/map", "https://example.jp/map"),
        ("https://www.norte.example/", "{{ sender.website }}"),
    ],
)
def test_a_url_is_named_as_the_template_has_it(clicked: str, name: str) -> None:
    assert TemplateLinks(HTML).name(clicked) == name


def test_a_url_that_no_link_explains_shows_nothing_of_itself() -> None:
    assert TemplateLinks('<a href="https://example.jp/a.b">x</a>').name("https://example.jp/aXb?mail=x") == OTHER_LINKS
    assert TemplateLinks().name("https://example.jp/") == OTHER_LINKS
