"""What is probably a mistake is told where it is, and does not stop an apply."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check

Expect = Callable[[tuple, str], None]

WARNINGS = {
    "a subject that lists of mails cut": (
        ("templates/first.yaml", "subject: Hello", f"subject: {'あ' * 40}{{{{ sender.name }}}}a"),
        ("templates/first.yaml", 3, "subject", "subject-length", "40.5 full-width characters"),
    ),
    "an image without a text": (
        (
            "templates/confirm.html",
            "<p>Thank you</p>",
            '<p>Thank you\n<img width="9" src="https://www.example.jp/a.png"></p>',
        ),
        ("templates/confirm.html", 2, "", "image-text", "has no `alt`"),
    ),
    "an image without a width": (
        (
            "templates/confirm.html",
            "<p>Thank you</p>",
            '<p>Thank you\n<img alt="A" src="https://www.example.jp/a.png"></p>',
        ),
        ("templates/confirm.html", 2, "", "image-size", "the text jumps"),
    ),
    "MJML's own web font": (
        ("templates/first.mjml", ' font-family="sans-serif"', ""),
        ("templates/first.mjml", 1, "", "web-font", "its host learns who reads"),
    ),
    "a web font": (
        ("templates/confirm.html", "<p>Thank", "<style>@import url(https://fonts.example.jp/a.css);</style><p>Thank"),
        ("templates/confirm.html", 1, "", "web-font", "its host learns who reads"),
    ),
    "lines that touch": (
        ("templates/first.mjml", "<mj-text>Hello", f'<mj-text line-height="1">{"長い文。" * 12}Hello'),
        ("templates/first.mjml", 4, "", "line-height", "touch when the text wraps"),
    ),
    "grey on grey": (
        ("templates/confirm.html", "<p>Thank", '<p style="color: #999; background: #eeeeee">Thank'),
        ("templates/confirm.html", 1, "", "contrast", "has a contrast of 2.5"),
    ),
    "an image without encryption": (
        ("templates/confirm.html", "<p>Thank", '<p><img alt="A" width="9" src="http://www.example.jp/a.png">Thank'),
        ("templates/confirm.html", 1, "", "link-http", "write https://"),
    ),
    "a link without encryption": (
        ("templates/first.mjml", "https://www.example.jp/pricing", "http://www.example.jp/pricing"),
        ("templates/first.mjml", 4, "", "link-http", "write https://"),
    ),
    "a field that some leads lack": (
        ("templates/first.mjml", 'lead.name | default: "you"', "lead.name"),
        ("templates/first.mjml", 4, "", "merge-field-default", "a mail with a hole is not sent"),
    ),
    "a threshold that nobody reaches": (
        ("rules.yaml", "threshold: 10", "threshold: 21"),
        ("rules.yaml", 2, "hot.threshold", "hot-reachable", "at most 20 points"),
    ),
    "a phase that nobody reaches": (
        ("rules.yaml", "score: total, at_least: 5", "score: total, at_least: 500"),
        ("rules.yaml", 19, "phases[1].when", "phase-reachable", "it needs 500 points"),
    ),
    "a rule about a link that no mail has": (
        ("rules.yaml", "link_contains: /pricing", "link_contains: /prices"),
        ("rules.yaml", 11, "rules[1].when.link_contains", "link-exists", "no template has a link"),
    ),
    "consent that is required to post": (
        ("forms/ask.yaml", "label: Mail me", "label: Mail me\n    required: true"),
        ("forms/ask.yaml", 23, "fields[3].required", "free-consent", "make it optional"),
    ),
    "a form without double opt-in": (
        ("forms/ask.yaml", "  template: confirm", "  double_opt_in: false\n  template: confirm"),
        ("forms/ask.yaml", 27, "consent.double_opt_in", "double-opt-in", "somebody else's address"),
    ),
    "a sequence that nobody can start": (
        ("forms/ask.yaml", "topics: [news]", "topics: [other]"),
        ("sequences/follow.yaml", 5, "start.forms", "sequence-starts", "nobody ever enters"),
    ),
}


@pytest.mark.parametrize("case", WARNINGS, ids=str)
def test_a_warning_is_found_where_it_is_and_does_not_stop_an_apply(case: str, expect: Expect) -> None:
    expect(WARNINGS[case], "warning")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("templates/first.yaml", "subject: Hello", f"subject: {'あ' * 40}{{{{ sender.name }}}}"),
        ("templates/first.yaml", "subject: Hello", f"subject: {'a' * 80}"),
        ("templates/confirm.html", "<p>Thank", '<p><img alt="" width="9" src="https://www.example.jp/a.png">Thank'),
        ("templates/confirm.html", "<p>Thank", '<p style="color: #767676; background: #fff">Thank'),
        ("templates/first.mjml", "<mj-text>Hello", f'<mj-text line-height="130%">{"長い文。" * 12}Hello'),
    ],
)
def test_what_is_just_right_gives_no_warning(
    file: str, old: str, new: str, damage: Callable[[str, str, str], None], small: Path
) -> None:
    damage(file, old, new)
    assert check(small).problems == []
