"""A small valid playbook that each test damages in its own way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check

SMALL = {
    "playbook.yaml": """\
sender:
  name: Example KK
  from_address: news@mail.example.jp
  postal_address: Tokyo 1-2-3
  contact: help@example.jp
topics:
  - id: news
    name: News
""",
    "forms/ask.yaml": """\
id: ask
title: Ask us
origins: [https://www.example.jp]
fields:
  - name: email
    type: email
    label: Mail
    required: true
  - name: name
    type: text
    label: Name
    maps_to: primary.name
  - name: title
    type: choice
    label: Title
    maps_to: primary.title
    choices:
      - { value: boss, label: Boss }
      - { value: staff, label: Staff }
  - name: agree
    type: checkbox
    label: Mail me
consent:
  field: agree
  topics: [news]
  wording: I want mail.
  template: confirm
""",
    "templates/confirm.yaml": """\
id: confirm
purpose: transactional
subject: Please confirm
body: confirm.html
""",
    "templates/confirm.html": """\
<p>Thank you</p>
<p><a href="{{ opt_in_url }}">Yes</a></p>
""",
    "templates/first.yaml": """\
id: first
topic: news
subject: Hello
body: first.mjml
""",
    "templates/first.mjml": """\
<mjml><mj-head><mj-attributes><mj-all font-family="sans-serif" line-height="1.7" /></mj-attributes></mj-head>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>Hello {{ lead.name | default: "you" }}, see <a href="https://www.example.jp/pricing">prices</a></mj-text>
    </mj-column></mj-section>
    <mj-include path="_footer.mjml" />
  </mj-body>
</mjml>
""",
    "templates/_footer.mjml": """\
<mj-section><mj-column>
  <mj-text>{{ sender.name }} {{ sender.postal_address }} {{ sender.contact }}</mj-text>
  <mj-text><a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section>
""",
    "sequences/follow.yaml": """\
id: follow
topic: news
start:
  on: opt_in_confirmed
  forms: [ask]
steps:
  - id: one
    template: first
    delay: { days: 1 }
    at: 10:00
  - id: two
    template: first
    delay: { days: 3 }
    at: 10:00
""",
    "rules.yaml": """\
hot:
  threshold: 10
  cool_below: 5
rules:
  - id: boss
    label: Is a boss
    when: { attribute: primary.title, equals: boss }
    points: 5
  - id: pricing
    label: Clicked pricing
    when: { activity: mail_clicked, link_contains: /pricing }
    points: 5
    max_times: 3
phases:
  - id: new
    label: New
  - id: warm
    label: Warm
    when: { score: total, at_least: 5 }
""",
    "sales.yaml": """\
owners:
  - id: sato
    name: Sato
    email: sato@example.jp
default_owner: sato
""",
}

Damage = Callable[[str, str, str], None]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    directory = tmp_path / "playbook"
    for name, text in SMALL.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@pytest.fixture
def damage(small: Path) -> Damage:
    """Replace a piece of one file, which must be there."""

    def replace(file: str, old: str, new: str) -> None:
        text = (small / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (small / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def expect(small: Path, damage: Damage) -> Callable[[tuple, str], None]:
    """Damage the playbook as a case says, and find the one problem that it names."""

    def look(case: tuple, severity: str) -> None:
        change, (file, line, field, rule, words) = case
        damage(*change)
        problems = check(small).problems
        found = [p for p in problems if (p.file, p.line, p.field, p.rule) == (file, line, field, rule)]
        assert found, "\n".join(str(p) for p in problems)
        assert found[0].severity == severity
        assert words in f"{found[0].message} {found[0].hint}"

    return look
