"""Each way of getting a playbook wrong is answered with the file, the line, the field and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check

Damage = Callable[[str, str, str], None]
Expect = Callable[[tuple, str], None]

# file, what is replaced, by what → file:line, field, rule, words in message or hint, severity
CASES = {
    "a misspelt key": (
        ("forms/ask.yaml", "  template: confirm", "  double_optin: true\n  template: confirm"),
        ("forms/ask.yaml", 27, "consent.double_optin", "schema", "did you mean `double_opt_in`?"),
    ),
    "a missing key": (
        ("playbook.yaml", "  contact: help@example.jp\n", ""),
        ("playbook.yaml", 1, "sender.contact", "schema", "`contact` is missing"),
    ),
    "an empty value": (
        ("playbook.yaml", "Tokyo 1-2-3", ""),
        ("playbook.yaml", 4, "sender.postal_address", "schema", "must be text, this is empty"),
    ),
    "a number where text belongs": (
        ("forms/ask.yaml", "title: Ask us", "title: 100"),
        ("forms/ask.yaml", 2, "title", "schema", "put it in quotes"),
    ),
    "text where a number belongs": (
        ("rules.yaml", "points: 5", "points: five"),
        ("rules.yaml", 8, "rules[0].points", "schema", "must be a whole number"),
    ),
    "a key where a list belongs": (
        ("forms/ask.yaml", "origins: [https://www.example.jp]", "origins: https://www.example.jp"),
        ("forms/ask.yaml", 3, "origins", "schema", "must be a list"),
    ),
    "an impossible word": (
        ("forms/ask.yaml", "type: checkbox", "type: checkbx"),
        ("forms/ask.yaml", 21, "fields[3].type", "schema", "did you mean `checkbox`?"),
    ),
    "an origin with a path": (
        ("forms/ask.yaml", "[https://www.example.jp]", "[https://www.example.jp/]"),
        ("forms/ask.yaml", 3, "origins[0]", "schema", "no path or final slash"),
    ),
    "an id with capitals": (
        ("templates/first.yaml", "id: first", "id: First"),
        ("templates/first.yaml", 1, "id", "schema", "write it in lower case: `first`"),
    ),
    "a time of day out of range": (
        ("sequences/follow.yaml", "at: 10:00", "at: 25:00"),
        ("sequences/follow.yaml", 10, "steps[0].at", "schema", "write hours and minutes"),
    ),
    "a delay in two units": (
        ("sequences/follow.yaml", "{ days: 1 }", "{ days: 1, hours: 2 }"),
        ("sequences/follow.yaml", 9, "steps[0].delay.days", "schema", "exactly one of"),
    ),
    "consent by a field that is no checkbox": (
        ("forms/ask.yaml", "  field: agree", "  field: name"),
        ("forms/ask.yaml", 24, "consent.field", "schema", "must name a checkbox"),
    ),
    "hysteresis upside down": (
        ("rules.yaml", "cool_below: 5", "cool_below: 50"),
        ("rules.yaml", 3, "hot.cool_below", "schema", "must be lower than"),
    ),
    "a duplicate key": (
        ("playbook.yaml", "  contact: help", "  name: Again\n  contact: help"),
        ("playbook.yaml", 5, "sender.name", "yaml-duplicate-key", "first in line 2"),
    ),
    "a tab": (
        ("playbook.yaml", "  contact:", "\tcontact:"),
        ("playbook.yaml", 5, "", "yaml", "a tab is used"),
    ),
    "a quote that never ends": (
        ("sales.yaml", "name: Sato", 'name: "Sato'),
        ("sales.yaml", 3, "name", "yaml", "is opened and not closed"),
    ),
    "two documents in one file": (
        ("sales.yaml", "default_owner", "---\ndefault_owner"),
        ("sales.yaml", 5, "", "yaml", "remove the `---`"),
    ),
    "a list as a key": (
        ("sales.yaml", "default_owner: sato", "[a, b]: sato"),
        ("sales.yaml", 5, "", "yaml", "a key must be a word"),
    ),
    "a YAML tag": (
        ("sales.yaml", "name: Sato", "name: !!python/name:os.system Sato"),
        ("sales.yaml", 3, "owners[0].name", "yaml", "remove the tag"),
    ),
    "an owner who is not in the list": (
        ("sales.yaml", "default_owner: sato", "default_owner: tanaka"),
        ("sales.yaml", 5, "default_owner", "schema", "owner 'tanaka' is not in"),
    ),
    "a body file that is not there": (
        ("templates/first.yaml", "first.mjml", "frist.mjml"),
        ("templates/first.yaml", 4, "body", "file", "did you mean `templates/first.mjml`?"),
    ),
    "a body outside the playbook": (
        ("templates/first.yaml", "first.mjml", "../../other.mjml"),
        ("templates/first.yaml", 4, "body", "file", "outside the playbook directory"),
    ),
    "an include outside the playbook": (
        ("templates/first.mjml", "_footer.mjml", "../../../etc/passwd"),
        ("templates/first.mjml", 6, "mj-include", "file", "outside the playbook directory"),
    ),
    "an include of itself": (
        ("templates/_footer.mjml", "<mj-section>", '<mj-include path="_footer.mjml" /><mj-section>'),
        ("templates/_footer.mjml", 1, "", "include", "includes itself"),
    ),
    "an unknown MJML element": (
        ("templates/first.mjml", "<mj-text>Hello", "<mj-txt>Hello"),
        ("templates/first.mjml", 4, "", "mjml", "did you mean `mj-text`?"),
    ),
    "an MJML element that is not closed": (
        ("templates/first.mjml", "prices</a></mj-text>", "prices</a>"),
        ("templates/first.mjml", 4, "", "mjml", "`<mj-text>` is never closed"),
    ),
    "a < in text": (
        ("templates/first.mjml", "Hello", "1 < 2"),
        ("templates/first.mjml", 4, "", "mjml", "write `&lt;`"),
    ),
    "a value without quotes": (
        ("templates/_footer.mjml", "<mj-column>", "<mj-column width=50%>"),
        ("templates/_footer.mjml", 1, "", "mjml", "not in quotes"),
    ),
    "a style that a stranger decides": (
        ("templates/first.mjml", "<mj-text>Hello", '<mj-text color="{{ lead.name }}">Hello'),
        ("templates/first.mjml", 4, "", "active-content", "could hide the footer"),
    ),
    "a Liquid tag that does not end": (
        ("templates/first.mjml", "Hello {{", "Hello {% if lead.name %}{{"),
        ("templates/first.mjml", 4, "", "liquid", "`{% if %}` is never closed"),
    ),
    "a Liquid tag that the sandbox does not know": (
        ("templates/confirm.html", "Thank you", "{% include 'x' %}"),
        ("templates/confirm.html", 1, "", "liquid", "there is no tag `{% include %}`"),
    ),
    "an unknown filter": (
        ("templates/confirm.html", "{{ opt_in_url }}", '{{ opt_in_url | defualt: "x" }}'),
        ("templates/confirm.html", 2, "", "liquid-filter", "did you mean `default`?"),
    ),
    "an unknown merge field": (
        ("templates/first.mjml", "lead.name |", "lead.nmae |"),
        ("templates/first.mjml", 4, "", "merge-field", "did you mean `lead.name`?"),
    ),
    "a merge field in a subject that no form collects": (
        ("templates/first.yaml", "subject: Hello", "subject: Hello {{ lead.company }}"),
        ("templates/first.yaml", 3, "subject", "merge-field", "no form of this playbook collects it"),
    ),
    "the opt-in link in marketing mail": (
        ("templates/first.mjml", "https://www.example.jp/pricing", "{{ opt_in_url }}"),
        ("templates/first.mjml", 4, "", "merge-field", "does not exist in marketing mail"),
    ),
    "a subject of two lines": (
        ("templates/first.yaml", "subject: Hello", "subject: |\n  Hello\n  you"),
        ("templates/first.yaml", 3, "subject", "one-line", "line break"),
    ),
    "a script link": (
        ("templates/first.mjml", "https://www.example.jp/pricing", "javascript:alert(1)"),
        ("templates/first.mjml", 4, "", "link", "scheme `javascript`"),
    ),
    "a link decided by a stranger": (
        ("templates/first.mjml", "https://www.example.jp/pricing", "https://{{ lead.name }}/"),
        ("templates/first.mjml", 4, "", "link", "lets a merge field decide"),
    ),
    "a template that does not exist": (
        ("sequences/follow.yaml", "template: first", "template: frist"),
        ("sequences/follow.yaml", 8, "steps[0].template", "template-exists", "did you mean `first`?"),
    ),
    "a topic that does not exist": (
        ("sequences/follow.yaml", "topic: news", "topic: nwes"),
        ("sequences/follow.yaml", 2, "topic", "topic-exists", "did you mean `news`?"),
    ),
    "a form that does not exist": (
        ("sequences/follow.yaml", "forms: [ask]", "forms: [aks]"),
        ("sequences/follow.yaml", 5, "start.forms[0]", "form-exists", "did you mean `ask`?"),
    ),
    "steps out of order": (
        ("sequences/follow.yaml", "days: 3", "days: 0"),
        ("sequences/follow.yaml", 13, "steps[1].delay", "step-order", "comes before `one`"),
    ),
    "a transactional email as step mail": (
        ("sequences/follow.yaml", "template: first", "template: confirm"),
        ("sequences/follow.yaml", 8, "steps[0].template", "step-marketing", "is a transactional email"),
    ),
    "marketing mail as opt-in mail": (
        ("forms/ask.yaml", "template: confirm", "template: first"),
        ("forms/ask.yaml", 27, "consent.template", "opt-in-transactional", "purpose: transactional"),
    ),
    "an opt-in mail that names the lead": (
        ("templates/confirm.html", "Thank you", 'Thank you, {{ lead.name | default: "you" }}'),
        ("templates/confirm.html", 1, "", "merge-field", "write a greeting without it"),
    ),
    "an opt-in mail with the lead's own words behind a condition": (
        ("templates/confirm.html", "Thank you", "{% if lead.secondary.interest %}Thank you{% endif %}"),
        ("templates/confirm.html", 1, "", "merge-field", "write a greeting without it"),
    ),
    "an opt-in mail whose subject names the lead": (
        ("templates/confirm.yaml", "subject: Please confirm", 'subject: "{{ lead.email }}, please confirm"'),
        ("templates/confirm.yaml", 3, "subject", "merge-field", "write a greeting without it"),
    ),
    "an opt-in mail without the link": (
        ("templates/confirm.html", "{{ opt_in_url }}", "https://www.example.jp/"),
        ("templates/confirm.yaml", 4, "body", "opt-in-link", "no visible link"),
    ),
    "two fields for one profile value": (
        ("forms/ask.yaml", "primary.title", "primary.name"),
        ("forms/ask.yaml", 16, "fields[2].maps_to", "profile-collision", "one would overwrite"),
    ),
    "a rule about a value that no form offers": (
        ("rules.yaml", "equals: boss", "equals: bos"),
        ("rules.yaml", 7, "rules[0].when.equals", "value-offered", "did you mean `boss`?"),
    ),
    "a rule about a form that does not exist": (
        ("rules.yaml", "activity: mail_clicked, link_contains: /pricing", "activity: form_submitted, form: asked"),
        ("rules.yaml", 11, "rules[1].when.form", "form-exists", "did you mean `ask`?"),
    ),
    "an unencrypted webhook": (
        ("sales.yaml", "default_owner: sato", "default_owner: sato\nwebhook: { url: http://hooks.example.jp/ }"),
        ("sales.yaml", 6, "webhook.url", "webhook-tls", "https://"),
    ),
    "an unknown time zone": (
        ("playbook.yaml", "  contact:", "  time_zone: Asia/Tokio\n  contact:"),
        ("playbook.yaml", 5, "sender.time_zone", "time-zone", "Asia/Tokyo"),
    ),
}


def test_the_small_playbook_is_right(small: Path) -> None:
    assert check(small).problems == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_error_is_found_where_it_is(case: str, expect: Expect) -> None:
    expect(CASES[case], "error")


def test_all_problems_are_told_at_once_and_one_broken_template_is_not_reported_as_missing(
    small: Path, damage: Damage
) -> None:
    damage("templates/first.yaml", "topic: news", "topik: news")
    damage("sales.yaml", "default_owner: sato", "default_owner: nobody")
    damage("rules.yaml", "points: 5", "points: many")

    rules = {(p.file, p.rule) for p in check(small).problems}

    assert {("templates/first.yaml", "schema"), ("sales.yaml", "schema"), ("rules.yaml", "schema")} <= rules
    assert not any(rule == "template-exists" for _, rule in rules)
