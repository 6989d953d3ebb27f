"""Every page that Sodate shows to people, as a worked example with long and hostile values."""

import inspect
import pkgutil
from collections.abc import Callable
from datetime import date
from importlib import import_module
from typing import Any

import sodate
from sodate.consent.preferences import FREQUENCIES, PAUSES
from sodate.email.brand import Brand
from sodate.privacy import data_page
from sodate.privacy.export_page import export_page
from sodate.sales.handoff_markup import handoff_html
from sodate.sales.message import DigestMessage, HandoffMessage, Part
from sodate.web import pages
from sodate.web.catalogs import catalog
from sodate.web.consent_pages import (
    Agreement,
    OptedOut,
    opt_in_page,
    undone_page,
    unsubscribe_page,
    unsubscribed_page,
)
from sodate.web.feedback_page import AnswerReason, Shown, Weighted, feedback_page, no_page
from sodate.web.form_pages import Entry, SentForm, form_errors_page
from sodate.web.pages import Issuer, Page
from sodate.web.preference_page import PreferenceView, TopicChoice, preference_page
from sodate.web.quarantine_page import DoubtfulPost, no_quarantine_page, quarantine_page

LOGO = "https://logo.example.jp/logo.svg"
BRAND = Brand.model_validate(
    {
        "color": "#d9480f",
        "logo": {"url": LOGO, "width": 180, "height": 40},
        "links": [
            {"label": "プライバシーポリシー", "url": "https://www.example.jp/privacy"},
            {"label": "特定商取引法に基づく表記", "url": "https://www.example.jp/law"},
        ],
    }
)
ISSUER = Issuer(
    "ノルテ業務クラウド株式会社", "support@example.jp / 03-0000-0000", "https://www.example.jp", BRAND.branding
)
#: Colours that no text can be read in on one of the two backgrounds.
PALE = Issuer("Pale", "x", branding=Brand(color="#ffef99").branding)
DEEP = Issuer("Deep", "x", branding=Brand(color="#0a0f1e").branding)
_TOPIC = "製品・導入事例のご案内"
_ABOUT = "業務管理クラウド「ノルテ」の使い方、導入事例、セミナーのご案内(月2〜4通)"
_WORDS = "株式会社ノルテから、製品・導入事例のご案内メールを受け取ることに同意します。\nいつでも停止できます。"
_LONG = "averylongwordwithoutanyspace" * 4
_SVG = "<svg onload=alert(1)>"
_SETTINGS = "../preferences/token"
_REASONS = [
    AnswerReason("too-early", "時期尚早", 30, "料金の検討に役立つ3通"),
    AnswerReason("no-fit", f"対象外 {_LONG}"),
    AnswerReason("later", "予算がない", 0, "はじめての方へ"),
]


def _shown(**more: Any) -> Shown:
    values: dict[str, Any] = {
        "who": f"例示株式会社 部長 山田太郎 {_SVG}",
        "owner": "佐藤 美咲",
        "score": 1279,
        "phase": "検討",
        "rank": "A1",
        "why": [
            Weighted("料金ページのリンクをクリック", 20, 2),
            Weighted(_LONG, 15),
            Weighted("競合のドメイン", -10),
        ],
        "talk": "料金ページをご覧いただきありがとうございます。",
        "currencies": ("JPY", "USD"),
        "reject_reasons": _REASONS,
        "lost_reasons": _REASONS[1:2],
        "token": "token",
        "visit": "first",
    }
    return Shown(**(values | more))


def _view(language: str, **more: Any) -> PreferenceView:
    topics = (
        TopicChoice("t", _TOPIC, _ABOUT, True, True),
        TopicChoice("u", _LONG, "", False, True),
        TopicChoice("v", "セミナー", "月1通", False, False),
    )
    values: dict[str, Any] = {"paused_until": date(2026, 11, 3), "data_url": "../privacy/token"}
    return PreferenceView(topics, language, FREQUENCIES, PAUSES, **(values | more))


_CHOICES = [("部長", "部長"), ("課長", _LONG)]
_ENTRIES = [
    Entry("z", _SVG, codes=["unknown_field"]),
    Entry("email", "メールアドレス", "email", ["taro@"], required=True, codes=["email"]),
    Entry("phone", _LONG, "phone", [_SVG], codes=["phone"]),
    Entry("name", "氏名", "text", ["山田 太郎"]),
    Entry("title", "役職", "choice", ["社長"], _CHOICES, required=True, codes=["choice"]),
    Entry("topics", "関心", "multiple_choice", ["部長"], _CHOICES, codes=["choice"]),
    Entry("budget", "予算", "number", ["９９９"], codes=["too_large"], least="1", greatest="1,000,000"),
    Entry("x", "自由記入", "long_text", ["</textarea>" + _SVG], codes=["too_long", "control_character"], limit="400"),
    Entry("plan", "プラン", "hidden", ["gold"]),
    Entry("product", "product", "hidden", ["zz"], codes=["choice"]),
    Entry("agree", _WORDS, "checkbox", ["on"], codes=["type"]),
]
_HANDOFF = HandoffMessage(
    f"ホットリード: 例示株式会社 山田太郎 {_SVG}(合計 79 点・検討)",
    ("例示株式会社 部長 山田太郎", "taro@example.jp / +81312345678", "担当: 佐藤 美咲"),
    (
        Part("理由", ("料金ページのリンクをクリック +20 (2回)", _LONG)),
        Part("直近の行動", ("11/28 10:00 フォームを送信 資料請求",)),
        Part("話の切り出し", ("料金ページをご覧いただきありがとうございます。",)),
    ),
    "https://mail.example.jp/sales/feedback/token",
    "回答する",
)
_EXPORT: dict[str, Any] = {
    "exported_at": "2026-11-28T00:00:00+00:00",
    "parts": [
        {
            "kind": "profile",
            "ja": "基礎情報",
            "en": "Profile",
            "items": [{"address": "taro@example.jp", "primary": {"name": _LONG}, "flags": ["a", _SVG]}],
            "kept_after_erasure": "law",
        }
    ],
    "merged": [],
    "not_listed": [{"ja": "照合値", "en": "digests"}],
    "outside_of_the_table": [{"ja": "バックアップ", "en": "backups"}],
}

_Build = Callable[[str], Page | str]


def _messages() -> dict[str, _Build]:
    def shows(name: str) -> _Build:
        return lambda language: pages.message(name, language, ISSUER)

    return {f"message:{name}": shows(name) for name in catalog("en").section("message")}


def _data_pages() -> dict[str, _Build]:
    def done(name: str) -> _Build:
        return lambda language: data_page.done_page(name, language, ISSUER, days=7)

    names = ("mailed", "erase_requested", "erase_scheduled", "withdrawn", "too_large")
    return {f"done_page:{name}": done(name) for name in names}


#: Name of the function, and which of its cases → builds it in one language.
PAGES: dict[str, _Build] = {
    **_messages(),
    **_data_pages(),
    "opt_in_page:agreed": lambda lang: opt_in_page(
        Agreement("資料請求", _WORDS, [(_TOPIC, _ABOUT), (_LONG, "")]), lang, ISSUER
    ),
    "opt_in_page:nothing known": lambda lang: opt_in_page(Agreement(), lang, Issuer()),
    "opt_in_page:pale colour": lambda lang: opt_in_page(Agreement("資料請求", _WORDS, [(_TOPIC, "")]), lang, PALE),
    "opt_in_page:deep colour": lambda lang: opt_in_page(Agreement("資料請求", _WORDS, [(_TOPIC, "")]), lang, DEEP),
    "unsubscribe_page:topic": lambda lang: unsubscribe_page(_TOPIC, _SETTINGS, lang, ISSUER),
    "unsubscribe_page:unknown": lambda lang: unsubscribe_page("", "", lang, Issuer()),
    "unsubscribed_page:undo": lambda lang: unsubscribed_page(OptedOut(_TOPIC, False, _SETTINGS, "t"), lang, ISSUER),
    "unsubscribed_page:all": lambda lang: unsubscribed_page(OptedOut(preferences_url=_SETTINGS), lang, ISSUER),
    "undone_page:topics": lambda lang: undone_page([_TOPIC, _LONG], _SETTINGS, lang, ISSUER),
    "preference_page:on": lambda lang: preference_page(_view(lang), ISSUER),
    "preference_page:saved": lambda lang: preference_page(_view(lang, paused_until=None), ISSUER, "saved"),
    "preference_page:stopped": lambda lang: preference_page(_view(lang, off=True, can_return=True), ISSUER, "stopped"),
    "feedback_page:new": lambda lang: feedback_page(_shown(), lang, ISSUER),
    "feedback_page:accepted": lambda lang: feedback_page(
        _shown(answer="accepted", before="rejected", status="recorded"), lang, ISSUER
    ),
    "feedback_page:wrong": lambda lang: feedback_page(
        _shown(status="check", fields=("amount", "reason")), lang, ISSUER
    ),
    "no_page:expired": lambda lang: no_page("link_expired", lang, ISSUER),
    "form_errors_page:form": lambda lang: form_errors_page(
        SentForm("資料請求", _ENTRIES, [("_submission_id", _SVG)], follow_ups=["https://www.example.jp/thanks"]),
        lang,
        ISSUER,
    ),
    "form_errors_page:captcha": lambda lang: form_errors_page(
        SentForm("資料請求", _ENTRIES, can_be_sent_again=False), lang, ISSUER
    ),
    "quarantine_page:posts": lambda lang: quarantine_page(
        [
            DoubtfulPost(
                "1", "2026-11-28 10:00", "資料請求", "honeypot", [("メールアドレス", "taro@example.jp"), ("氏名", _SVG)]
            ),
            DoubtfulPost("2", "2026-11-28 09:00", _LONG, "captcha_unavailable", [(_LONG, _LONG * 9)]),
        ],
        60,
        "released",
        lang,
        ISSUER,
    ),
    "quarantine_page:none": lambda lang: quarantine_page([], 0, "", lang, Issuer()),
    "no_quarantine_page:expired": lambda lang: no_quarantine_page("link_expired", lang, ISSUER),
    "ask_page:both": lambda lang: data_page.ask_page(("export", "erase"), lang, ISSUER),
    "ask_page:off": lambda lang: data_page.ask_page((), lang, ISSUER),
    "act_page:export": lambda lang: data_page.act_page("export", lang, ISSUER),
    "act_page:erase": lambda lang: data_page.act_page("erase", lang, ISSUER),
    "act_page:withdraw": lambda lang: data_page.act_page("erase", lang, ISSUER, is_asked=True),
    "export_page:all": lambda lang: export_page(_EXPORT, lang, "ノルテ業務クラウド株式会社"),
    "handoff_html:one": lambda lang: handoff_html(_HANDOFF, lang, BRAND.color),
    "handoff_html:digest": lambda lang: handoff_html(
        DigestMessage("ホットリード 2 件", (_HANDOFF, _HANDOFF), lang), lang, "#ffef99"
    ),
}


def page_functions() -> set[str]:
    """Public functions of the package that make a whole page: all that return a `Page`."""
    names: set[str] = set()
    for module in pkgutil.walk_packages(sodate.__path__, "sodate."):
        if "page" not in module.name.rpartition(".")[2] and not module.name.startswith("sodate.web"):
            continue
        members = vars(import_module(module.name)).items()
        own = [(name, one) for name, one in members if inspect.isfunction(one) and one.__module__ == module.name]
        names |= {name for name, one in own if not name.startswith("_") and one.__annotations__.get("return") is Page}
    return names
