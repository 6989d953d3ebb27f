"""Links that no reader could follow and mails that the law does not allow are found before they are published."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.authoring.online import why_dead, with_dead_links

Damage = Callable[[str, str, str], None]
FIRST = "templates/first.mjml"
LINK = "https://www.example.jp/pricing"


@pytest.fixture
def rules_of(small: Path) -> Callable[[], dict[str, str]]:
    return lambda: {p.rule: p.message for p in check(small).problems if p.rule != "link-exists"}


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("https://localhost/pricing", "no reader can reach"),
        ("http://localhost:8080/", "no reader can reach"),
        ("https://intranet/pricing", "no reader can reach"),
        ("https://www.example.com/", "no reader can reach"),
        ("https://shop.test/", "no reader can reach"),
        ("https://wiki.company.internal/", "no reader can reach"),
        ("http://127.0.0.1/", "no reader can reach"),
        ("http://192.168.0.7/x", "no reader can reach"),
        ("http://[::1]/x", "no reader can reach"),
        ("http://169.254.169.254/latest", "no reader can reach"),
        ("https://bit.ly/3abc", "link shortener"),
        ("https://www.tinyurl.com/3abc", "link shortener"),
        ("https://T.CO/x", "link shortener"),
        ("https://www.example.jp:99999/", "well-formed"),
        ("https://www.example.jp/a b", "well-formed"),
        ("https://www.example.jp@evil.jp/", "well-formed"),
        ("https://[::1/", "well-formed"),
        ("mailto:nobody", "no mail address"),
        ("tel:call-me", "no telephone"),
        ("//www.example.jp/", "not a full address"),
        ("ftp://www.example.jp/", "scheme `ftp`"),
    ],
)
def test_a_link_that_leads_nowhere_is_an_error(
    damage: Damage, rules_of: Callable[[], dict[str, str]], link: str, message: str
) -> None:
    damage(FIRST, LINK, link)
    assert message in rules_of()["link"]


@pytest.mark.parametrize(
    "link",
    [
        "https://www.example.jp",
        "https://www.example.jp/a?b=c&amp;d=%E3%81%82#e",
        "https://例え.jp/",
        "https://xn--r8jz45g.jp:8443/x",
        "https://www.example.jp/{{ lead.name | default: 'x' | url_encode }}",
        "mailto:help@example.jp?subject=Hello",
        "tel:+81-3-0000-0000",
        "https://8.8.8.8/",
        "https://tinyurl.com.example.jp/",
    ],
)
def test_a_link_that_can_be_followed_is_fine(damage: Damage, rules_of: Callable[[], dict[str, str]], link: str) -> None:
    damage(FIRST, LINK, link)
    assert rules_of() == {}


@pytest.mark.parametrize("left", ["https://www.example.jp/%7B%7Blead.name%7D%7D", "https://www.example.jp/{ {x}}"])
def test_braces_that_are_left_in_a_link_are_an_error(
    damage: Damage, rules_of: Callable[[], dict[str, str]], left: str
) -> None:
    damage(FIRST, LINK, left)
    assert {"link-liquid", "link"} & rules_of().keys()


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "source"),
    [
        (
            "playbook.yaml",
            "postal_address: Tokyo 1-2-3",
            "postal_address: Tokyo",
            "law-postal-valid",
            "7704(a)(5)(A)(iii)",
        ),
        ("playbook.yaml", "Tokyo 1-2-3", "https://x.jp/1", "law-postal-valid", "施行規則 9条"),
        ("playbook.yaml", "contact: help@example.jp", "contact: 広報部まで", "law-contact-valid", "特定商取引法 11条"),
        ("templates/first.yaml", "subject: Hello", "subject: 'Re: your order'", "law-subject", "7704(a)(2)"),
        ("templates/first.yaml", "subject: Hello", "subject: 'FWD:お見積り'", "law-subject", "7704(a)(2)"),
        ("playbook.yaml", "topics:", "retention_years: 2\ntopics:", "law-retention", "12条の3第3項"),
        ("templates/_footer.mjml", "{{ sender.postal_address }}", "x", "law-postal-address", "CAN-SPAM"),
        ("templates/_footer.mjml", '<a href="{{ unsubscribe_url }}">Stop</a>', "x", "law-unsubscribe", "12条の3第4項"),
    ],
)
def test_a_breach_of_the_law_names_its_rule_and_source(
    small: Path, damage: Damage, file: str, old: str, new: str, rule: str, source: str
) -> None:
    damage(file, old, new)
    (problem,) = [p for p in check(small).problems if p.rule == rule]
    assert source in problem.source
    assert problem.severity == ("warning" if rule == "law-retention" else "error")


@pytest.mark.parametrize(
    "contact", ["03-0000-0000", "０３－００００－００００", "help@example.jp", "https://example.jp/help"]
)
def test_an_address_a_url_or_a_telephone_is_a_contact(
    damage: Damage, rules_of: Callable[[], dict[str, str]], contact: str
) -> None:
    damage("playbook.yaml", "contact: help@example.jp", f"contact: {contact}")
    assert rules_of() == {}


def test_online_tells_what_is_dead_as_a_warning_at_its_line(small: Path) -> None:
    asked: list[str] = []

    def ask(link: str) -> str:
        asked.append(link)
        return "answers 404"

    checked = with_dead_links(check(small), ask)
    (problem,) = [p for p in checked.problems if p.rule == "link-dead"]
    assert asked == [LINK]
    assert (problem.file, problem.line, problem.severity) == (FIRST, 4, "warning")
    assert checked.ok


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:10.0.0.1"])
def test_online_asks_no_private_network(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Whatever the name resolves to; the sockets of this test are closed, so a connection would fail it."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (address, 80))])
    assert why_dead("http://www.example.jp/latest/meta-data") == "leads into a private network"
