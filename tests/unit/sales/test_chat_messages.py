"""Untrusted text in Slack, Teams and email: shown literally, bounded, and never interpreted as syntax."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sodate.activities.catalog import ActivityType
from sodate.leads.lead import Profile
from sodate.sales.channels import slack_payload, teams_payload
from sodate.sales.definition import Sales
from sodate.sales.handoff_markup import handoff_html
from sodate.sales.message import DigestMessage, HandoffMessage, Reader, digest_message, handoff_message, words_of
from sodate.signals.store import SignalItem, signal_item

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
LINK = "https://mail.example.jp/sales/feedback/.eJyr-_x.sig"
SALES = Sales.model_validate(
    {
        "owners": [{"id": "sato", "name": "佐藤", "email": "sato@example.jp"}],
        "default_owner": "sato",
        "talks": [
            {"activity": "mail_clicked", "link_contains": "/pricing", "say": "{company}の{name}様、料金の件で"},
            {"lead": {"attribute": "primary.title", "any_of": ["部長"]}, "say": "部長向け"},
            {"category": "crm", "say": "CRMの件で"},
            {"say": "お問い合わせの件で"},
        ],
    }
)
HOSTILE = [
    "<!channel> <!here> <@U123>",
    "*bold* _it_ ~no~ `code` ```x```",
    "<https://evil.example|click>",
    "[x](javascript:alert(1))",
    "# heading\n- list\n> quote",
    '=HYPERLINK("https://evil.example")',
    "<at>everyone</at>",
    "\u202e\x00\r\nBcc: a@b.example",
    "{company}{name}{0}{{7*7}}",
    "&lt;!channel&gt;",
    "会" * 10_000,
]


def signal(**facts: Any) -> SignalItem:
    latest = [{"type": "mail_clicked", "at": "2026-11-24T01:00:00.000Z", "link": "https://www.example.jp/pricing"}]
    reasons = [{"label": "料金", "points": 20, "times": 2}]
    standard = {"total": 79, "phase": "c", "phase_label": "検討", "rules_version": 1}
    return signal_item("L", AT, **{**standard, "latest": latest, "reasons": reasons, **facts})


def message(language: str = "ja", item: SignalItem | None = None, **primary: Any) -> HandoffMessage:
    profile = Profile("L", "a@example.jp", "a@example.jp", "ja", primary=primary)
    return handoff_message(profile, item or signal(), SALES.owners[0], SALES, Reader(language, "Asia/Tokyo"), link=LINK)


def digest(count: int, **primary: Any) -> DigestMessage:
    return digest_message([message(**primary) for _ in range(count)], "ja")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["name", "company", "title", "phone"])
def test_untrusted_text_is_never_syntax(text: str, field: str) -> None:
    for shown in (message(**{field: text}), digest(2, **{field: text})):
        slack = slack_payload(shown)
        assert slack["mrkdwn"] is False
        for block in slack["blocks"]:
            said = block["text"]
            assert said["type"] == "plain_text" or said["text"].startswith(f"<{LINK}|")
            assert 0 < len(said["text"]) <= 3000
            assert said["type"] == "mrkdwn" or not set("<>") & set(said["text"])
        assert not set("<>") & set(slack["text"])
        card = teams_payload(shown)["attachments"][0]["content"]
        kinds = {element["type"] for element in card["body"]}
        assert kinds <= {"RichTextBlock", "ActionSet"}, "a TextBlock reads Markdown"
        actions = [a for e in card["body"] for a in e.get("actions", [])] + card["actions"]
        assert {action["url"] for action in actions} == {LINK}


@pytest.mark.parametrize("count", [1, 2, 10, 100])
def test_messages_stay_below_the_limits_of_the_chats(count: int) -> None:
    long = {"name": "会" * 10_000, "company": "社" * 10_000, "phone": "0" * 10_000}
    shown = digest(count, **long)
    assert len(slack_payload(shown)["blocks"]) <= 50
    assert len(json.dumps(teams_payload(shown), ensure_ascii=False).encode()) < 28_000
    assert len(message(**long).headline) < 250
    reasons = [{"label": "長" * 5000, "points": 1, "times": 1}] * 200
    many = message(item=signal(reasons=reasons, latest=[], phase_label="段" * 500), **long)
    assert len(json.dumps(slack_payload(many), ensure_ascii=False).encode()) < 28_000
    assert len(json.dumps(teams_payload(many), ensure_ascii=False).encode()) < 28_000


def test_a_digest_says_how_many_are_left_to_the_email() -> None:
    chat = json.dumps(slack_payload(digest(13, name="山田")), ensure_ascii=False)
    assert "ほか 3 件" in chat
    assert digest(13, name="山田").text.count(LINK) == 13


@pytest.mark.parametrize(
    ("changes", "primary", "talk"),
    [
        ({}, {"company": "例示", "name": "山田"}, "例示の山田様、料金の件で"),
        ({}, {"company": "{name}", "name": "{company}"}, "{name}の{company}様、料金の件で"),
        ({"latest": []}, {"title": "ﾌﾞﾁｮｳ"}, "お問い合わせの件で"),
        ({"latest": []}, {"title": "部長"}, "部長向け"),
        ({"latest": None, "reasons": [{"label": "x", "points": 1, "times": 1, "category": "crm"}]}, {}, "CRMの件で"),
    ],
)
def test_the_first_talk_that_fits_is_suggested(changes: Any, primary: Any, talk: str) -> None:
    shown = message(item=signal(**changes), **primary)
    assert shown.parts[-1].lines == (talk,)


def test_english_and_kinds_of_headline() -> None:
    assert message("en", name="Ann").headline == "Hot lead: Ann (79 points, 検討)"
    assert message("en", signal(joins="SIGNAL#1"), name="Ann").headline.startswith("More about")
    assert message("en", signal(escalation_level=1), name="Ann").headline.startswith("Nobody has answered")
    assert message("en").headline.startswith("Hot lead: a@example.jp"), "somebody without a name"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_type_of_activity_has_a_label_for_sales(language: str) -> None:
    words = words_of(language)
    assert [type_ for type_ in ActivityType if not type_.label(language)] == []
    assert words.keys() == words_of("en").keys()


def test_the_six_reasons_that_weigh_most_come_first_and_ids_are_titles() -> None:
    points = [1, -30, 5, 20, 2, 3, 4]
    item = signal(
        reasons=[{"label": f"r{one}", "points": one, "times": 1} for one in points],
        latest=[{"type": "form_submitted", "at": "2026-11-24T01:00:00.000Z", "form": "request-materials"}],
    )
    profile = Profile("L", "a@example.jp", "a@example.jp", "ja")
    reader = Reader("ja", "Asia/Tokyo", lambda name, value: f"{name}の題" if value == "request-materials" else value)
    why, latest, *_ = handoff_message(profile, item, SALES.owners[0], SALES, reader).parts
    assert [line.split()[0] for line in why.lines] == ["r-30", "r20", "r5", "r4", "r3", "r2"]
    assert "formの題" in latest.lines[0]
    assert "request-materials" not in latest.lines[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_email_escapes_what_strangers_typed_and_links_only_to_the_feedback_page(text: str) -> None:
    for shown in (message(name=text, company=text), digest(2, name=text)):
        page = handoff_html(shown, "ja", "#0b6e4f")
        links = [href.partition("#")[0] for href in re.findall(r'href="([^"]*)"', page)]
        assert set(links) == {LINK}
        assert not re.findall(r"<(?:svg|at|@|!c)", page)
