"""The catalog of activity types: everything that is said of a type is said here, and nowhere else.

Conditions, scoring, notifications to sales and corrections read it. A further type is one more member of
`ActivityType`; `tests/architecture/test_activity_catalog.py` adds one and looks at each of them.
"""

from enum import StrEnum
from typing import Self


class LifecycleStage(StrEnum):
    """`mql` is set by marketing's threshold; later stages by what sales reports."""

    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    REJECTED = "rejected"
    CUSTOMER = "customer"
    LOST = "lost"


class ActivityType(StrEnum):
    """What a lead did, or what happened to one."""

    # Each member is its stored value, its labels (Japanese, English), then what differs from the defaults below.
    label_ja: str
    label_en: str
    #: Names in `Activity.about`; sales reads the first that is given. Ids, links and reason codes, no personal data.
    attributes: tuple[str, ...]
    #: The lead did it. Other activities are events of an email, or written by sales or operators.
    is_engagement: bool
    #: A robot can cause it, so an operator may judge one (`sodate lead judge`).
    by_robots: bool
    #: The lifecycle stage to which it moves the lead.
    leads_to: LifecycleStage | None

    def __new__(
        cls,
        value: str,
        label_ja: str,
        label_en: str,
        attributes: tuple[str, ...] = (),
        is_engagement: bool = True,
        by_robots: bool = False,
        leads_to: LifecycleStage | None = None,
    ) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_ja, member.label_en, member.attributes = label_ja, label_en, attributes
        member.is_engagement, member.by_robots, member.leads_to = is_engagement, by_robots, leads_to
        return member

    FORM_SUBMITTED = "form_submitted", "フォーム送信", "sent a form", ("form",), True, True
    OPT_IN_CONFIRMED = "opt_in_confirmed", "メール登録を確認", "confirmed the subscription", ("form",)
    UNSUBSCRIBED = "unsubscribed", "配信停止", "unsubscribed"
    PREFERENCES_CHANGED = "preferences_changed", "配信設定を変更", "changed the preferences"
    MAIL_OPENED = "mail_opened", "メールを開封", "opened a mail", ("link", "template"), True, True
    MAIL_CLICKED = "mail_clicked", "リンクをクリック", "clicked a link", ("link", "template"), True, True
    MAIL_BOUNCED = "mail_bounced", "メール不達", "mail bounced", ("link", "template"), False
    MAIL_COMPLAINED = "mail_complained", "迷惑メール報告", "complained", ("link", "template")
    PAGE_VIEWED = "page_viewed", "ページを閲覧", "viewed a page", ("page", "link"), True, True
    DOCUMENT_DOWNLOADED = (
        "document_downloaded", "資料をダウンロード", "downloaded a document", ("link", "form"), True, True
    )  # fmt: skip
    SEMINAR_REGISTERED = "seminar_registered", "セミナーに申し込み", "registered for a seminar", ("seminar", "form")
    SEMINAR_ATTENDED = "seminar_attended", "セミナーに参加", "attended a seminar", ("seminar", "form")
    CALL_MADE = "call_made", "電話で連絡", "was called", ("outcome", "reason")
    SALES_ACCEPTED = "sales_accepted", "営業が引き受け", "sales accepted", ("reason",), False, False, LifecycleStage.SQL
    SALES_REJECTED = (
        "sales_rejected", "営業が見送り", "sales rejected", ("reason",), False, False, LifecycleStage.REJECTED
    )  # fmt: skip
    MEETING_SET = "meeting_set", "商談を設定", "a meeting was set", ("reason",)
    DEAL_WON = "deal_won", "受注", "won", ("reason",), False, False, LifecycleStage.CUSTOMER
    DEAL_LOST = "deal_lost", "失注", "lost", ("reason",), False, False, LifecycleStage.LOST
    SCORE_ADJUSTED = "score_adjusted", "スコアを手動で調整", "score was adjusted by hand", ("reason",), False
    ACTIVITY_JUDGED = (
        "activity_judged", "行動の判定(ロボットか人か)", "an activity was judged (robot or person)", (), False
    )  # fmt: skip

    def label(self, language: str) -> str:
        return self.label_ja if language == "ja" else self.label_en


_BY_VALUE = {type_.value: type_ for type_ in ActivityType}
#: For types of a newer release.
_ATTRIBUTES = ("link", "form", "template", "reason")


def label_of(activity_type: str, language: str) -> str:
    """The label of a type; the stored value of a type that this release does not know."""
    known = _BY_VALUE.get(activity_type)
    return known.label(language) if known is not None else activity_type


def attributes_of(activity_type: str) -> tuple[str, ...]:
    known = _BY_VALUE.get(activity_type)
    return known.attributes if known is not None else _ATTRIBUTES
