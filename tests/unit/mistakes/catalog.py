"""Deliberate mistakes in the playbook of `good/`: what is changed, and exactly what `check` says of it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

GOOD = Path(__file__).parent / "good"
Change = Callable[[Path], object]


class Expected(NamedTuple):
    """`hint` is empty where the message says what to do."""

    file: str
    line: int
    key: str
    message: str
    hint: str


def swap(file: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def raw(file: str, damage: Callable[[bytes], bytes]) -> Change:
    return lambda folder: (folder / file).write_bytes(damage((folder / file).read_bytes()))


def write(file: str, text: str) -> Change:
    return lambda folder: (folder / file).write_text(text, encoding="utf-8")


def copy(file: str, to: str) -> Change:
    return lambda folder: shutil.copy(folder / file, folder / to)


def rename(file: str, to: str) -> Change:
    def change(folder: Path) -> None:
        (folder / to).parent.mkdir(exist_ok=True)
        (folder / file).rename(folder / to)

    return change


def remove(file: str) -> Change:
    return lambda folder: (folder / file).unlink()


def several(*changes: Change) -> Change:
    return lambda folder: [change(folder) for change in changes]


#: Not how everybody saves files, and no mistake.
ACCEPTED: dict[str, Change] = {
    "a byte order mark": raw("rules.yaml", lambda content: b"\xef\xbb\xbf" + content),
    "lines that end as on Windows": raw("rules.yaml", lambda content: content.replace(b"\n", b"\r\n")),
    "a form that ends in .yml": rename("forms/seminar.yaml", "forms/seminar.yml"),
    "an image that is not closed": swap(
        "templates/products.mjml", "新しい", '<img src="https://www.aoba-keisoku.co.jp/a.png" alt="" width="10">新しい'
    ),
}
MISTAKES: dict[str, tuple[Change | Expected, ...]] = {
    "an if that is never closed": (
        swap("templates/dates.mjml", "        {% endif %}\n", ""),
        Expected("templates/dates.mjml", 6, "", "`{% if %}` is never closed", "add `{% endif %}` where it ends"),
    ),
    "unclosed if in subject": (
        swap(
            "templates/dates.yaml", "{{ lead.name | default: 'ご担当者' }} 様", "{% if lead.name %}{{ lead.name }} 様"
        ),
        Expected("templates/dates.yaml", 5, "subject", "`{% if %}` is never closed", "add `{% endif %}` where it ends"),
    ),
    "an image without alt in mj-raw": (
        swap(
            "templates/products.mjml",
            "<mj-text>新しい",
            '<mj-raw><img src="https://www.aoba-keisoku.co.jp/a.png" width="600"></mj-raw><mj-text>新しい',
        ),
        Expected(
            "templates/products.mjml",
            6,
            "",
            "the image `https://www.aoba-keisoku.co.jp/a.png` has no `alt`: who sees no images sees nothing",
            'say what it shows, or `alt=""` for a decoration',
        ),
    ),
    "a date that does not exist": (
        swap("campaigns/spring.yaml", "until: 2027-05-31", "until: 2027-04-31"),
        Expected(
            "campaigns/spring.yaml",
            4,
            "until",
            "`2027-04-31` is no day of the calendar",
            "write a day that exists, as `2026-11-30`",
        ),
    ),
    "a closing day that does not exist": (
        swap("playbook.yaml", '"12-29..01-03"', '"02-30"'),
        Expected(
            "playbook.yaml",
            24,
            "closing_days[0]",
            "'02-30': there is no such day; write one that exists, such as `12-29`",
            "",
        ),
    ),
    "a start that does not exist": (
        swap("broadcasts/news.yaml", "2026-12-01", "2026-02-30"),
        Expected(
            "broadcasts/news.yaml",
            7,
            "recurrence.starting",
            "`2026-02-30` is no day of the calendar",
            "write a day that exists, as `2026-11-30`",
        ),
    ),
    "duplicate id": (
        copy("forms/seminar.yaml", "forms/seminar2.yaml"),
        Expected(
            "forms/seminar2.yaml",
            1,
            "id",
            "the id `seminar` is already used in forms/seminar.yaml",
            "give each its own id",
        ),
    ),
    "duplicate step id": (
        swap("sequences/after-seminar.yaml", "id: more-dates", "id: dates"),
        Expected("sequences/after-seminar.yaml", 14, "steps[1].id", "`id: dates` is there twice", "give each its own"),
    ),
    "duplicate segment id": (
        swap("segments.yaml", "id: makers", "id: readers"),
        Expected("segments.yaml", 5, "segments[1].id", "two segments have the id `readers`", "give each its own id"),
    ),
    "duplicate rule id": (
        swap("rules.yaml", "id: clicked-pricing", "id: maker"),
        Expected("rules.yaml", 9, "rules[1].id", "`id: maker` is there twice", "give each its own"),
    ),
    "duplicate field name": (
        swap("forms/seminar.yaml", "name: company", "name: name"),
        Expected("forms/seminar.yaml", 19, "fields[2].name", "`name: name` is there twice", "give each its own"),
    ),
    "duplicate key": (
        swap("rules.yaml", "  threshold: 40", "  threshold: 40\n  threshold: 50"),
        Expected(
            "rules.yaml", 3, "hot.threshold", "`threshold` is written twice (first in line 2)", "keep one of them"
        ),
    ),
    "braces without quotes": (
        swap(
            "templates/dates.yaml",
            "subject: \"{{ lead.name | default: 'ご担当者' }} 様|次回セミナーの日程\"",
            "subject: {{ lead.name }} 様|次回セミナーの日程",
        ),
        Expected(
            "templates/dates.yaml",
            5,
            "subject",
            "a text that begins with `{{` is not in quotes",
            'put the whole text in quotes: "…"',
        ),
    ),
    "wrong indentation": (
        swap("forms/seminar.yaml", "    type: email\n", "   type: email\n"),
        Expected(
            "forms/seminar.yaml",
            10,
            "type",
            "the indentation of `type` fits no line above it",
            "begin it exactly below `name`, with spaces",
        ),
    ),
    "wrong indentation2": (
        swap("playbook.yaml", "  from_address", "    from_address"),
        Expected(
            "playbook.yaml",
            3,
            "from_address",
            "the indentation of `from_address` fits no line above it",
            "begin it exactly below `name`, with spaces",
        ),
    ),
    "wrong indent topics": (
        swap("playbook.yaml", "    name: セミナーのご案内", "   name: セミナーのご案内"),
        Expected(
            "playbook.yaml",
            12,
            "name",
            "the indentation of `name` fits no line above it",
            "begin it exactly below `id`, with spaces",
        ),
    ),
    "at_least on a text field": (
        swap(
            "rules.yaml",
            "{ attribute: primary.industry, equals: 製造 }",
            "{ attribute: primary.company, at_least: 300 }",
        ),
        Expected(
            "rules.yaml",
            7,
            "rules[0].when.at_least",
            "`at_least` needs a number, and `primary.company` is a text",
            "give the form field `type: number`; if its texts are numbers, declare it so in `fields` too",
        ),
    ),
    "a territory that nobody can match": (
        swap(
            "sales.yaml",
            "attribute: primary.prefecture, any_of: [宮城県, 福島県]",
            "attribute: primary.industry, any_of: [農業]",
        ),
        Expected(
            "sales.yaml",
            5,
            "owners[0].territories[0].any_of",
            "no form offers `農業` for primary.industry, so no lead matches",
            "write one of its options",
        ),
    ),
    "escalation to an owner who gets leads": (
        swap("sales.yaml", "escalate_to: tanaka", "escalate_to: sato"),
        Expected(
            "sales.yaml",
            11,
            "sla.escalate_to",
            "`sato` gets leads too: what `sato` leaves unanswered goes to `sato` again",
            "name somebody who gets no leads, such as the head of sales",
        ),
    ),
    "a tab": (
        swap("playbook.yaml", "  name: 青葉", "\tname: 青葉"),
        Expected("playbook.yaml", 2, "", "a tab is used for indentation", "use spaces"),
    ),
    "fullwidth digits": (
        swap("rules.yaml", "threshold: 40", "threshold: ４０"),
        Expected(
            "rules.yaml",
            2,
            "hot.threshold",
            "must be a whole number, this is `４０`",
            "write only half-width digits, without commas and units: `40`",
        ),
    ),
    "fullwidth colon": (
        swap("rules.yaml", "  threshold: 40", "  threshold：40"),
        Expected(
            "rules.yaml",
            2,
            "threshold",
            "a full-width colon `：` stands after the key",
            "write a half-width `:` and a space after it",
        ),
    ),
    "fullwidth colon top": (
        swap("segments.yaml", "segments:", "segments："),
        Expected(
            "segments.yaml",
            1,
            "segments",
            "a full-width colon `：` stands after the key",
            "write a half-width `:` and a space after it",
        ),
    ),
    "fullwidth space": (
        swap("playbook.yaml", "  reply_to", "\u3000reply_to"),
        Expected("playbook.yaml", 4, "", "a full-width space is used for indentation", "use half-width spaces"),
    ),
    "fullwidth space2": (
        swap("playbook.yaml", "  reply_to", "\u3000\u3000reply_to"),
        Expected("playbook.yaml", 4, "", "a full-width space is used for indentation", "use half-width spaces"),
    ),
    "fullwidth space after colon": (
        swap("rules.yaml", "threshold: 40", "threshold:\u300040"),
        Expected("rules.yaml", 2, "threshold", "a full-width space stands after the `:`", "write a half-width space"),
    ),
    "fullwidth quotes": (
        swap("playbook.yaml", '"20:00"', "“20:00”"),
        Expected(
            "playbook.yaml",
            20,
            "quiet_hours.from",
            "`“20:00”` is not written as it must be",
            "write it half-width: `20:00`",
        ),
    ),
    "no space after colon": (
        swap("rules.yaml", "threshold: 40", "threshold:40"),
        Expected("rules.yaml", 2, "threshold", "there is no space after the `:`", "write `key: value`, with a space"),
    ),
    "fullwidth hyphen": (
        swap("playbook.yaml", "  - id: seminars", "  ー id: seminars"),
        Expected(
            "playbook.yaml",
            11,
            "",
            "the entry begins with a full-width mark",
            "begin each entry with a half-width `- `",
        ),
    ),
    "fullwidth comma": (
        swap("forms/seminar.yaml", "[seminars, product-news]", "[seminars、product-news]"),
        Expected(
            "forms/seminar.yaml",
            36,
            "consent.topics[0]",
            "`seminars、product-news` is not written as it must be",
            "separate entries with a half-width comma and a space: `, `",
        ),
    ),
    "unknown key": (
        swap("playbook.yaml", "retention_years", "retention_year"),
        Expected(
            "playbook.yaml", 25, "retention_year", "unknown key `retention_year`", "did you mean `retention_years`?"
        ),
    ),
    "misspelt required key": (
        swap("playbook.yaml", "topics:", "topic:"),
        Expected("playbook.yaml", 10, "topic", "unknown key `topic`", "did you mean `topics`?"),
    ),
    "unknown key no near": (
        swap("playbook.yaml", "retention_years: 3", "retention_years: 3\nhogehoge: 1"),
        Expected("playbook.yaml", 26, "hogehoge", "unknown key `hogehoge`", "remove it"),
    ),
    "wrong type": (
        swap("rules.yaml", "threshold: 40", "threshold: yes"),
        Expected("rules.yaml", 2, "hot.threshold", "must be a whole number, this is `yes`", "write digits only"),
    ),
    "wrong type2": (
        swap("forms/seminar.yaml", "required: true", "required: はい"),
        Expected(
            "forms/seminar.yaml",
            12,
            "fields[0].required",
            "must be true or false, this is `はい`",
            "write `true` or `false`",
        ),
    ),
    "wrong type text": (
        swap("forms/seminar.yaml", "title: 計測セミナー申込", "title: 2026"),
        Expected("forms/seminar.yaml", 2, "title", "must be text, this is `2026`", 'put it in quotes: "2026"'),
    ),
    "missing file": (
        remove("templates/products.mjml"),
        Expected(
            "templates/products.yaml",
            6,
            "body",
            "there is no file `templates/products.mjml`",
            "create it, or correct the name: did you mean `templates/dates.mjml`?",
        ),
    ),
    "missing playbook.yaml": (
        remove("playbook.yaml"),
        Expected("playbook.yaml", 1, "", "there is no file `playbook.yaml`", "create it, or correct the name"),
    ),
    "missing include": (
        swap("templates/products.mjml", "_footer.mjml", "_foter.mjml"),
        Expected(
            "templates/products.mjml",
            10,
            "mj-include",
            "there is no file `templates/_foter.mjml`",
            "create it, or correct the name: did you mean `templates/_footer.mjml`?",
        ),
    ),
    "template missing language body": (
        remove("templates/dates.en.mjml"),
        Expected(
            "templates/dates.yaml",
            11,
            "body",
            "there is no file `templates/dates.en.mjml`",
            "create it, or correct the name: did you mean `templates/dates.mjml`?",
        ),
    ),
    "template missing language subject": (
        swap("templates/dates.yaml", "    subject: Dates of our seminars\n", ""),
        Expected("templates/dates.yaml", 9, "languages.en.subject", "`subject` is missing", "add it"),
    ),
    "misspelt topic": (
        swap("sequences/after-seminar.yaml", "topic: seminars", "topic: seminar"),
        Expected(
            "sequences/after-seminar.yaml",
            3,
            "topic",
            "there is no topic `seminar` in playbook.yaml",
            "did you mean `seminars`?",
        ),
    ),
    "misspelt topic form": (
        swap("forms/seminar.yaml", "[seminars, product-news]", "[seminars, product-new]"),
        Expected(
            "forms/seminar.yaml",
            36,
            "consent.topics[1]",
            "there is no topic `product-new` in playbook.yaml",
            "did you mean `product-news`?",
        ),
    ),
    "misspelt topic template": (
        swap("templates/products.yaml", "product-news", "products-news"),
        Expected(
            "templates/products.yaml",
            3,
            "topic",
            "there is no topic `products-news` in playbook.yaml",
            "did you mean `product-news`?",
        ),
    ),
    "misspelt segment": (
        swap("broadcasts/news.yaml", "segment: readers", "segment: reader"),
        Expected("broadcasts/news.yaml", 6, "segment", "there is no segment `reader`", "did you mean `readers`?"),
    ),
    "misspelt scenario": (
        swap(
            "scenarios/products.yaml", "    signal: 製造業の企業が製品のご案内を受け取った", "    enroll: after-seminer"
        ),
        Expected(
            "scenarios/products.yaml",
            24,
            "steps[4].enroll",
            "there is no scenario `after-seminer`",
            "did you mean `after-seminar`?",
        ),
    ),
    "misspelt form": (
        swap("sequences/after-seminar.yaml", "forms: [seminar]", "forms: [seminor]"),
        Expected(
            "sequences/after-seminar.yaml", 6, "start.forms[0]", "there is no form `seminor`", "did you mean `seminar`?"
        ),
    ),
    "misspelt form in campaign": (
        swap("campaigns/spring.yaml", "forms: [seminar]", "forms: [semina]"),
        Expected(
            "campaigns/spring.yaml", 9, "sources.forms[0]", "there is no form `semina`", "did you mean `seminar`?"
        ),
    ),
    "misspelt template": (
        swap("broadcasts/news.yaml", "template: products", "template: product"),
        Expected("broadcasts/news.yaml", 5, "template", "there is no template `product`", "did you mean `products`?"),
    ),
    "misspelt sequence in sales": (
        swap("sales.yaml", "sequence: after-seminar", "sequence: after-semina"),
        Expected(
            "sales.yaml",
            18,
            "recycle.too-early.sequence",
            "there is no sequence `after-semina`",
            "did you mean `after-seminar`?",
        ),
    ),
    "misspelt attribute": (
        swap("segments.yaml", "primary.industry", "primary.industri"),
        Expected(
            "segments.yaml",
            7,
            "segments[1].when.attribute",
            "no form fills `primary.industri`, and `fields` in playbook.yaml does not declare it",
            "did you mean `primary.industry`? If it comes by import, add it to `fields` in playbook.yaml",
        ),
    ),
    "misspelt activity": (
        swap("rules.yaml", "mail_clicked", "mail_click"),
        Expected(
            "rules.yaml",
            11,
            "rules[1].when.activity",
            "there is no activity `mail_click`",
            "did you mean `mail_clicked`?",
        ),
    ),
    "value not offered": (
        swap("segments.yaml", "equals: 製造", "equals: 製造業"),
        Expected(
            "segments.yaml",
            7,
            "segments[1].when.equals",
            "no form offers `製造業` for primary.industry, so this never holds",
            "did you mean `製造`?",
        ),
    ),
    "a branch to nowhere": (
        swap("scenarios/products.yaml", "then: maker", "then: makers"),
        Expected(
            "scenarios/products.yaml",
            15,
            "steps[1].branch[0].then",
            "there is no step `makers`",
            "did you mean `maker`?",
        ),
    ),
    "a circle of steps": (
        swap("scenarios/products.yaml", "    then: end", "    then: which"),
        Expected(
            "scenarios/products.yaml",
            20,
            "steps[3].id",
            "a cycle without a wait: `which` → `other` → `which`",
            "put a wait that always takes time in between, such as `days: 1`",
        ),
    ),
    "a step that nothing leads to": (
        swap("scenarios/products.yaml", "    otherwise: other", "    otherwise: maker"),
        Expected(
            "scenarios/products.yaml",
            20,
            "steps[3].id",
            "no step leads to `other`",
            "name it in a `then`, `otherwise` or `on_timeout`, or remove it",
        ),
    ),
    "quiet hours that never open": (
        swap("playbook.yaml", '  until: "08:00"', '  until: "20:00"'),
        Expected(
            "playbook.yaml",
            20,
            "quiet_hours.from",
            "`from` and `until` are the same time; leave `quiet_hours` out to send at any hour",
            "",
        ),
    ),
    "Shift_JIS": (
        raw("playbook.yaml", lambda b: b.decode().encode("cp932")),
        Expected(
            "playbook.yaml", 1, "", "`playbook.yaml` is not UTF-8 text", "it looks like Shift_JIS: save it as UTF-8"
        ),
    ),
    "Shift_JIS template": (
        raw("templates/products.mjml", lambda b: b.decode().encode("cp932")),
        Expected(
            "templates/products.yaml",
            6,
            "body",
            "`templates/products.mjml` is not UTF-8 text",
            "it looks like Shift_JIS: save it as UTF-8",
        ),
    ),
    "UTF16": (
        raw("rules.yaml", lambda b: b.decode().encode("utf-16")),
        Expected("rules.yaml", 1, "", "`rules.yaml` is not UTF-8 text", "it looks like UTF-16: save it as UTF-8"),
    ),
    "playbook.yml": (
        rename("playbook.yaml", "playbook.yml"),
        Expected("playbook.yml", 1, "", "the name must end in `.yaml`", "rename it to `playbook.yaml`"),
    ),
    "rules.yml": (
        rename("rules.yaml", "rules.yml"),
        Expected("rules.yml", 1, "", "the name must end in `.yaml`", "rename it to `rules.yaml`"),
    ),
    "segments in a folder": (
        rename("segments.yaml", "segments/segments.yaml"),
        Expected("segments/segments.yaml", 1, "", "nothing reads a file of this place", "move it to `segments.yaml`"),
    ),
    "a misspelt folder": (
        rename("campaigns/spring.yaml", "campaign/spring.yaml"),
        Expected(
            "campaign/spring.yaml", 1, "", "nothing reads a file of this place", "move it to `campaigns/spring.yaml`"
        ),
    ),
    "a campaign outside of its folder": (
        rename("campaigns/spring.yaml", "spring.yaml"),
        Expected("spring.yaml", 1, "", "nothing reads a file of this place", "move it to `campaigns/spring.yaml`"),
    ),
    "empty file": (
        write("segments.yaml", ""),
        Expected("segments.yaml", 1, "", "the file is empty", "write its keys, see docs/playbook.md"),
    ),
    "only comments": (
        write("segments.yaml", "# later\n"),
        Expected("segments.yaml", 1, "", "the file is empty", "write its keys, see docs/playbook.md"),
    ),
    "list where mapping": (
        write("rules.yaml", "- hot\n- rules\n"),
        Expected(
            "rules.yaml", 1, "", "must be keys and values, this is a list", "write `key: value` lines, indented below"
        ),
    ),
    "list where mapping inner": (
        swap(
            "playbook.yaml",
            'quiet_hours:\n  from: "20:00"\n  until: "08:00"',
            'quiet_hours:\n  - from: "20:00"\n  - until: "08:00"',
        ),
        Expected(
            "playbook.yaml",
            19,
            "quiet_hours",
            "must be keys and values, this is a list",
            "write `key: value` lines, indented below",
        ),
    ),
    "mapping where list": (
        swap(
            "sales.yaml",
            "  reject_reasons:\n    - { id: too-early, label: 時期尚早 }",
            "  reject_reasons:\n    too-early: 時期尚早",
        ),
        Expected(
            "sales.yaml",
            13,
            "feedback.reject_reasons",
            "must be a list, this is keys and values",
            "begin each entry with `- ` on a line of its own",
        ),
    ),
    "text where list": (
        swap("forms/seminar.yaml", "topics: [seminars, product-news]", "topics: seminars"),
        Expected(
            "forms/seminar.yaml",
            36,
            "consent.topics",
            "must be a list, this is `seminars`",
            "write it in brackets, `[seminars]`, or each entry after `- ` on a line of its own",
        ),
    ),
    "unquoted time": (
        swap("playbook.yaml", '"08:00"', "8:00"),
        Expected(
            "playbook.yaml",
            21,
            "quiet_hours.until",
            "`8:00` is not written as it must be",
            "write it with two digits for the hour, in quotes: `08:00`",
        ),
    ),
    "unquoted time int": (
        swap("playbook.yaml", '"08:00"', "8"),
        Expected("playbook.yaml", 21, "quiet_hours.until", "must be text, this is `8`", 'put it in quotes: "8"'),
    ),
    "time 24": (
        swap("sequences/after-seminar.yaml", '"10:00"', '"25:00"'),
        Expected(
            "sequences/after-seminar.yaml",
            13,
            "steps[0].at",
            "`25:00` is not written as it must be",
            "write hours and minutes: `10:00`",
        ),
    ),
    "price comma": (
        swap("campaigns/spring.yaml", "amount: 300000", 'amount: "300,000"'),
        Expected(
            "campaigns/spring.yaml",
            7,
            "costs[0].amount",
            "must be a number, this is `300,000`",
            "write only half-width digits, without commas and units: `300000`",
        ),
    ),
    "price comma flow": (
        swap("campaigns/spring.yaml", "amount: 300000", "amount: 300,000"),
        Expected(
            "campaigns/spring.yaml",
            7,
            "costs[0].000",
            "unknown key `000`",
            "write the number of `amount` without commas: `300000`",
        ),
    ),
    "price yen": (
        swap("campaigns/spring.yaml", "amount: 300000", "amount: ¥300000"),
        Expected(
            "campaigns/spring.yaml",
            7,
            "costs[0].amount",
            "must be a number, this is `¥300000`",
            "write only half-width digits, without commas and units: `300000`",
        ),
    ),
    "url without scheme": (
        swap("templates/products.mjml", "https://www.aoba-keisoku.co.jp/pricing", "www.aoba-keisoku.co.jp/pricing"),
        Expected(
            "templates/products.mjml",
            7,
            "",
            "`www.aoba-keisoku.co.jp/pricing` is not a full address",
            "write https://…, `{{ unsubscribe_url }}` or `{{ opt_in_url }}`",
        ),
    ),
    "url without scheme yaml": (
        swap("playbook.yaml", "https://www.aoba", "www.aoba"),
        Expected(
            "playbook.yaml",
            7,
            "sender.website",
            "`www.aoba-keisoku.co.jp` is not written as it must be",
            "write a full address: `https://www.example.jp/thanks`",
        ),
    ),
    "origin with path": (
        swap("forms/seminar.yaml", "  - https://www.aoba-keisoku.co.jp\n", "  - https://www.aoba-keisoku.co.jp/\n"),
        Expected(
            "forms/seminar.yaml",
            5,
            "origins[0]",
            "`https://www.aoba-keisoku.co.jp/` is not written as it must be",
            "scheme and host only, no path or final slash: `https://www.example.jp`",
        ),
    ),
    "fullwidth @": (
        swap("playbook.yaml", "info@mail", "info＠mail"),
        Expected(
            "playbook.yaml",
            3,
            "sender.from_address",
            "`info＠mail.aoba-keisoku.example.jp` is not written as it must be",
            "write it half-width: `info@mail.aoba-keisoku.example.jp`",
        ),
    ),
    "fullwidth @ owner": (
        swap("sales.yaml", "sato@", "sato＠"),
        Expected(
            "sales.yaml",
            4,
            "owners[0].email",
            "`sato＠aoba-keisoku.example.jp` is not written as it must be",
            "write it half-width: `sato@aoba-keisoku.example.jp`",
        ),
    ),
    "unclosed quote": (
        swap("playbook.yaml", '"20:00"', '"20:00'),
        Expected("playbook.yaml", 20, "from", 'a quote " is opened and not closed', "close it at the end of the text"),
    ),
    "unclosed bracket": (
        swap("forms/seminar.yaml", "[seminars, product-news]", "[seminars, product-news"),
        Expected(
            "forms/seminar.yaml",
            36,
            "topics",
            "`[` is opened and not closed, or a comma is missing",
            "write `]` at its end",
        ),
    ),
    "unknown merge field": (
        swap("templates/products.mjml", "新しい", "{{ lead.nam }}新しい"),
        Expected(
            "templates/products.mjml",
            6,
            "",
            "`lead.nam` is not known",
            "no form of this playbook collects it; did you mean `lead.name`?",
        ),
    ),
    "unknown filter": (
        swap("templates/dates.mjml", 'default: "ご担当者"', 'defaultt: "ご担当者"'),
        Expected("templates/dates.mjml", 9, "", "the filter `defaultt` is not available", "did you mean `default`?"),
    ),
    "unclosed {{": (
        swap("templates/dates.mjml", "{{ lead.company }}", "{{ lead.company }"),
        Expected("templates/dates.mjml", 7, "", "`{{` is not closed", "write `}}` at its end"),
    ),
    "fullwidth braces": (
        swap("templates/dates.mjml", "{{ lead.company }}", "｛｛ lead.company ｝｝"),
        Expected(
            "templates/dates.mjml",
            7,
            "",
            "`｛｛` is full-width, so it would be sent as it is",
            "write the braces half-width: `{{ … }}`",
        ),
    ),
    "liquid typo": (
        swap("templates/dates.mjml", "{% if lead.company %}", "{% fi lead.company %}"),
        Expected(
            "templates/dates.mjml",
            6,
            "",
            "there is no tag `{% fi %}`",
            "one of: `assign`, `break`, `capture`, `case`, `comment`, `continue`, `echo`, `for`, `if`, `unless`",
        ),
    ),
    "unclosed mjml": (
        swap("templates/products.mjml", "</mj-text>", ""),
        Expected("templates/products.mjml", 6, "", "`<mj-text>` is never closed", "add `</mj-text>` where it ends"),
    ),
    "no opt out": (
        swap("templates/products.mjml", "_footer.mjml", "_sender.mjml"),
        Expected(
            "templates/products.yaml",
            6,
            "body",
            "a link to unsubscribe (配信停止) is not visible in the HTML and the text part for a lead with"
            " required fields only",
            'show <a href="{{ unsubscribe_url }}">配信停止</a> in the footer',
        ),
    ),
    "colon in text": (
        swap("forms/seminar.yaml", "title: 計測セミナー申込", "title: セミナー: 計測"),
        Expected(
            "forms/seminar.yaml",
            2,
            "title",
            "a second `:` in this line, or the indentation is off",
            "put text that holds `: ` in quotes",
        ),
    ),
    "hash in text": (
        swap("forms/seminar.yaml", "title: 計測セミナー申込", "title: #計測"),
        Expected(
            "forms/seminar.yaml",
            2,
            "title",
            "must be text, this is empty",
            "write it after the `:`; a text that begins with `#` must be in quotes",
        ),
    ),
    "at sign start": (
        swap("playbook.yaml", "contact: お問い合わせ", "contact: @aoba お問い合わせ"),
        Expected(
            "playbook.yaml",
            6,
            "contact",
            "a text that begins with `@` is not in quotes",
            'put the whole text in quotes: "…"',
        ),
    ),
    "percent start": (
        swap("templates/products.yaml", "subject: 新製品", "subject: %OFF 新製品"),
        Expected(
            "templates/products.yaml",
            5,
            "subject",
            "a text that begins with `%` is not in quotes",
            'put the whole text in quotes: "…"',
        ),
    ),
    "star start": (
        swap("templates/products.yaml", "subject: 新製品", "subject: *新製品*"),
        Expected(
            "templates/products.yaml",
            5,
            "subject",
            "a text that begins with `*` is not in quotes",
            'put the whole text in quotes: "…"',
        ),
    ),
    "branch without otherwise": (
        swap("scenarios/products.yaml", "    otherwise: other\n", ""),
        Expected("scenarios/products.yaml", 12, "steps[1].otherwise", "`otherwise` is missing", "add it"),
    ),
    "condition words": (
        swap("scenarios/products.yaml", 'primary.industry = "製造"', 'primary.industry == "製造"'),
        Expected(
            "scenarios/products.yaml",
            14,
            "steps[1].branch[0].when",
            "column 19: `=` does not fit here",
            "write one `=`",
        ),
    ),
    "condition fullwidth": (
        swap("scenarios/products.yaml", 'primary.industry = "製造"', 'primary.industry ＝ "製造"'),
        Expected(
            "scenarios/products.yaml",
            14,
            "steps[1].branch[0].when",
            "column 18: `＝` is full-width",
            "write it half-width: `=`",
        ),
    ),
    "double opt-in template marketing": (
        swap("forms/seminar.yaml", "template: confirm", "template: products"),
        Expected(
            "forms/seminar.yaml",
            39,
            "consent.template",
            "`products` is marketing mail; it would need the consent that it asks for",
            "write `purpose: transactional` in templates/products.yaml",
        ),
    ),
    "unknown time zone": (
        swap("playbook.yaml", "Asia/Tokyo", "Asia/Tokio"),
        Expected(
            "playbook.yaml", 9, "sender.time_zone", "unknown time zone `Asia/Tokio`", "did you mean `Asia/Tokyo`?"
        ),
    ),
    "JST": (
        swap("playbook.yaml", "Asia/Tokyo", "JST"),
        Expected(
            "playbook.yaml", 9, "sender.time_zone", "unknown time zone `JST`", "write an IANA name such as `Asia/Tokyo`"
        ),
    ),
    "slug uppercase": (
        swap("campaigns/spring.yaml", "id: spring", "id: Spring_2027"),
        Expected(
            "campaigns/spring.yaml",
            1,
            "id",
            "`Spring_2027` is not written as it must be",
            "lower-case letters, digits and hyphens, 60 at most, e.g. `request-materials`",
        ),
    ),
    "japanese id": (
        swap("campaigns/spring.yaml", "id: spring", "id: 春"),
        Expected(
            "campaigns/spring.yaml",
            1,
            "id",
            "`春` is not written as it must be",
            "lower-case letters, digits and hyphens, 60 at most, e.g. `request-materials`",
        ),
    ),
    "three errors": (
        several(
            swap("rules.yaml", "threshold: 40", "threshold: 四十"),
            swap("rules.yaml", "points: 20", "point: 20"),
            swap("rules.yaml", "max_times: 3", "max_times: -3"),
        ),
        Expected("rules.yaml", 2, "hot.threshold", "must be a whole number, this is `四十`", "write digits only"),
        Expected("rules.yaml", 8, "rules[0].point", "unknown key `point`", "did you mean `points`?"),
        Expected("rules.yaml", 13, "rules[1].max_times", "must be 1 or more", "write another number"),
    ),
    "duplicate topic id": (
        swap("playbook.yaml", "caps:", "  - id: seminars\n    name: もう一つ\ncaps:"),
        Expected("playbook.yaml", 17, "topics[2].id", "the topic `seminars` is there twice", "keep one"),
    ),
    "an unquoted width of an image in mj-raw": (
        swap(
            "templates/products.mjml",
            "<mj-button",
            '<mj-raw><img src="https://www.aoba-keisoku.co.jp/a.png" alt="a" width=600></mj-raw><mj-button',
        ),
        Expected(
            "templates/products.mjml",
            7,
            "",
            "a value of `<img>` is not in quotes",
            'put each value in quotes: `width="600"`',
        ),
    ),
    "an image directly in a column": (
        swap(
            "templates/products.mjml",
            "<mj-button",
            '<img src="https://www.aoba-keisoku.co.jp/a.png" alt="a"><mj-button',
        ),
        Expected(
            "templates/products.mjml",
            7,
            "",
            "`<img>` lies directly in `<mj-column>`, where it is lost",
            "put it into `<mj-text>` or `<mj-raw>`; for images, use `<mj-image>`",
        ),
    ),
    "a < in text": (
        swap("templates/products.mjml", "新しい", "5 < 7 新しい"),
        Expected(
            "templates/products.mjml",
            6,
            "",
            "a `<` that begins no tag, or a quote that does not end",
            "in text write `&lt;`; close each quote of a tag",
        ),
    ),
    "a misspelt MJML element": (
        swap("templates/products.mjml", "<mj-text>", "<mj-txt>"),
        Expected("templates/products.mjml", 6, "", "there is no MJML element `mj-txt`", "did you mean `mj-text`?"),
    ),
    "a column that is not opened": (
        swap("templates/products.mjml", "<mj-column>\n", ""),
        Expected(
            "templates/products.mjml",
            7,
            "",
            "`</mj-column>` closes nothing",
            "remove it, or write `<mj-column>` where it begins",
        ),
    ),
    "two lines with full-width colons": (
        swap(
            "playbook.yaml", "  name: 青葉測器株式会社\n  from_address: ", "  name：青葉測器株式会社\n  from_address："
        ),
        Expected(
            "playbook.yaml",
            2,
            "name",
            "a full-width colon `：` stands after the key",
            "write a half-width `:` and a space after it",
        ),
        Expected(
            "playbook.yaml",
            3,
            "from_address",
            "a full-width colon `：` stands after the key",
            "write a half-width `:` and a space after it",
        ),
    ),
}
