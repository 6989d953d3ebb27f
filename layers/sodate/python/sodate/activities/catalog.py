"""The catalog of activity types: everything that is said of a type is said here, and nowhere else.

Conditions, scoring, notifications to sales and corrections read it. A further type is one more member of
`ActivityType`; `tests/architecture/test_activity_catalog.py` adds one and looks at each of them.
"""

import math
import re
from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, Self

from sodate.messages import Message


class LifecycleStage(StrEnum):
    """`mql` is set by marketing's threshold; later stages by what sales reports."""

    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    REJECTED = "rejected"
    CUSTOMER = "customer"
    LOST = "lost"


class DoneBy(Enum):
    LEAD = 1
    LEAD_OR_ROBOT = 2
    """Link checkers and crawlers cause it too."""
    OTHERS = 3
    """An event of an email, or written by sales or operators."""


class ActivityVerdict(StrEnum):
    """Who did an activity, as the classifier or an operator says (`activities.verdict`)."""

    ROBOT = "robot"
    HUMAN = "human"
    UNSURE = "unsure"
    """Nobody can tell: counts for no person, until a later verdict says so."""


#: Attributes of activities of one kind; what a customer's system records may name a product.
_OF_EMAILS = ("link", "template", "sequence")
_OF_REPLIES = ("template", "sequence", "broadcast", "match")
_OF_SEMINARS = ("seminar", "form", "product")
_OF_DEALS = ("stage", "reason", "deal")


class CallOutcome(StrEnum):
    """What came of a call: the values of `outcome` in `call_made`."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CALL_BACK = "call_back"
    WRONG_NUMBER = "wrong_number"
    MEETING_SET = "meeting_set"


class ActivityType(StrEnum):
    """What a lead did, or what happened to one."""

    # Each member is its stored value, its labels (Japanese, English), then what differs from the defaults below.
    label_ja: str
    label_en: str
    #: Names in `Activity.about`; sales reads the first that is given. Ids, links and reason codes, no personal data.
    attributes: tuple[str, ...]
    done_by: DoneBy
    #: The lifecycle stage to which it moves the lead.
    leads_to: LifecycleStage | None

    def __new__(
        cls,
        value: str,
        label_ja: str,
        label_en: str,
        attributes: tuple[str, ...] = (),
        done_by: DoneBy = DoneBy.LEAD,
        leads_to: LifecycleStage | None = None,
    ) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_ja, member.label_en, member.attributes = label_ja, label_en, attributes
        member.done_by, member.leads_to = done_by, leads_to
        return member

    FORM_SUBMITTED = "form_submitted", "フォーム送信", "sent a form", ("form",), DoneBy.LEAD_OR_ROBOT
    OPT_IN_CONFIRMED = "opt_in_confirmed", "メール登録を確認", "confirmed the subscription", ("form",)
    UNSUBSCRIBED = "unsubscribed", "配信停止", "unsubscribed"
    PREFERENCES_CHANGED = "preferences_changed", "配信設定を変更", "changed the preferences"
    MAIL_OPENED = "mail_opened", "メールを開封", "opened a mail", _OF_EMAILS, DoneBy.LEAD_OR_ROBOT
    MAIL_CLICKED = "mail_clicked", "リンクをクリック", "clicked a link", _OF_EMAILS, DoneBy.LEAD_OR_ROBOT
    MAIL_BOUNCED = "mail_bounced", "メール不達", "mail bounced", _OF_EMAILS, DoneBy.OTHERS
    MAIL_COMPLAINED = "mail_complained", "迷惑メール報告", "complained", _OF_EMAILS
    EMAIL_REPLIED = "email_replied", "メールに返信", "replied to an email", _OF_REPLIES
    # A mail system wrote it, so it must not end a lead's inactivity.
    OUT_OF_OFFICE = "out_of_office", "不在の自動返信", "is out of office", _OF_REPLIES, DoneBy.OTHERS
    PAGE_VIEWED = "page_viewed", "ページを閲覧", "viewed a page", ("page", "link", "product"), DoneBy.LEAD_OR_ROBOT
    DOCUMENT_DOWNLOADED = (
        "document_downloaded", "資料をダウンロード", "downloaded a document", ("link", "form", "product"),
        DoneBy.LEAD_OR_ROBOT,
    )  # fmt: skip
    # One visit of the website with all its pages; `page_viewed` besides for pages that the playbook names.
    WEB_SESSION = (
        "web_session", "サイトを訪問", "visited the website", ("landing", "campaign", "source", "form"),
        DoneBy.LEAD_OR_ROBOT,
    )  # fmt: skip
    # A call to action, or an event that the playbook declares. `fields`: as `name=value`.
    WEB_EVENT = "web_event", "サイトでの操作", "acted on the website", ("event", "fields"), DoneBy.LEAD_OR_ROBOT
    SEMINAR_INVITED = "seminar_invited", "セミナーに招待", "was invited to a seminar", _OF_SEMINARS, DoneBy.OTHERS
    SEMINAR_REGISTERED = "seminar_registered", "セミナーに申し込み", "registered for a seminar", _OF_SEMINARS
    SEMINAR_ATTENDED = "seminar_attended", "セミナーに参加", "attended a seminar", (*_OF_SEMINARS, "minutes")
    SURVEY_ANSWERED = "survey_answered", "アンケートに回答", "answered a survey", ("form", "seminar", "product", "nps")
    CARD_EXCHANGED = "card_exchanged", "名刺交換", "exchanged business cards", ("reason", "exhibition", "product")
    EXHIBITION_VISITED = (
        "exhibition_visited", "展示会でブースに来場", "visited the booth at an exhibition", ("exhibition", "product")
    )  # fmt: skip
    SOCIAL_REACTED = "social_reacted", "SNSで反応", "reacted on a social network", ("network", "reaction", "post")
    CHATTED = "chat_held", "チャットで会話", "had a chat", ("channel", "product", "minutes")
    EMAIL_BY_SALES = (
        "email_by_sales", "営業からメール", "was emailed by sales", ("owner", "reason", "product"), DoneBy.OTHERS
    )  # fmt: skip
    # A call that nobody answered must not end a lead's inactivity.
    CALL_MADE = (
        "call_made", "電話で連絡", "was called", ("outcome", "reason", "scenario", "step", "seminar", "product"),
        DoneBy.OTHERS,
    )  # fmt: skip
    SALES_ACCEPTED = (
        "sales_accepted", "営業が引き受け", "sales accepted", ("reason",), DoneBy.OTHERS, LifecycleStage.SQL
    )  # fmt: skip
    SALES_REJECTED = (
        "sales_rejected", "営業が見送り", "sales rejected", ("reason",), DoneBy.OTHERS, LifecycleStage.REJECTED
    )  # fmt: skip
    MEETING_SET = "meeting_set", "商談を設定", "a meeting was set", ("reason",)
    DEAL_OPENED = "deal_opened", "案件化", "a deal was opened", _OF_DEALS, DoneBy.OTHERS
    DEAL_STAGE_CHANGED = (
        "deal_stage_changed", "案件のステージ変更", "a deal changed its stage", _OF_DEALS, DoneBy.OTHERS
    )  # fmt: skip
    DEAL_WON = "deal_won", "受注", "won", ("reason", "stage", "deal"), DoneBy.OTHERS, LifecycleStage.CUSTOMER
    DEAL_LOST = "deal_lost", "失注", "lost", ("reason", "stage", "deal"), DoneBy.OTHERS, LifecycleStage.LOST
    CONTACT_CHANGED = (
        "contact_changed", "配信可否が変わった", "may be emailed no longer, or again", ("reason",), DoneBy.OTHERS
    )  # fmt: skip
    SEGMENT_ENTERED = "segment_entered", "セグメントに入った", "entered a segment", ("segment",), DoneBy.OTHERS
    SEGMENT_LEFT = "segment_left", "セグメントから出た", "left a segment", ("segment",), DoneBy.OTHERS
    SEGMENT_ADDED = "segment_added", "リストに追加", "was added to a list", ("segment", "reason"), DoneBy.OTHERS
    SEGMENT_REMOVED = "segment_removed", "リストから削除", "was taken off a list", ("segment", "reason"), DoneBy.OTHERS
    SCENARIO_ENTERED = "scenario_entered", "シナリオに入った", "entered a scenario", ("scenario",), DoneBy.OTHERS
    SCENARIO_ADVANCED = (
        "scenario_advanced", "シナリオの分岐", "took a branch of a scenario", ("scenario", "reason"), DoneBy.OTHERS
    )  # fmt: skip
    SCENARIO_ENDED = "scenario_ended", "シナリオが終了", "a scenario ended", ("scenario", "reason"), DoneBy.OTHERS
    GOAL_REACHED = "goal_reached", "ゴール達成", "reached a goal", ("scenario", "reason"), DoneBy.OTHERS
    LEAD_MERGED = "lead_merged", "リードを統合", "another lead was merged into it", ("reason",), DoneBy.OTHERS
    # Of the other lead; it is never copied.
    MERGED_INTO = "merged_into", "別のリードに統合された", "was merged into another lead", ("reason",), DoneBy.OTHERS
    LEAD_UNMERGED = "lead_unmerged", "統合を取り消し", "a merge was undone", ("reason",), DoneBy.OTHERS
    SCORE_ADJUSTED = "score_adjusted", "スコアを手動で調整", "score was adjusted by hand", ("reason",), DoneBy.OTHERS
    ACTIVITY_JUDGED = (
        "activity_judged", "行動の判定(ロボットか人か)", "an activity was judged (robot or person)", (), DoneBy.OTHERS
    )  # fmt: skip

    @property
    def is_engagement(self) -> bool:
        return self.done_by is not DoneBy.OTHERS

    @property
    def by_robots(self) -> bool:
        """An operator may judge whether a robot did it (`sodate lead judge`)."""
        return self.done_by is DoneBy.LEAD_OR_ROBOT

    def label(self, language: str) -> str:
        return self.label_ja if language == "ja" else self.label_en


#: What people do outside of Sodate, and an operator may log by hand; all others are written by the system only.
BY_HAND = (
    ActivityType.CALL_MADE, ActivityType.CARD_EXCHANGED, ActivityType.CHATTED, ActivityType.EMAIL_BY_SALES,
    ActivityType.EXHIBITION_VISITED, ActivityType.MEETING_SET, ActivityType.SEMINAR_ATTENDED,
    ActivityType.SEMINAR_INVITED, ActivityType.SEMINAR_REGISTERED, ActivityType.SOCIAL_REACTED,
    ActivityType.SURVEY_ANSWERED,
)  # fmt: skip
#: Attributes that have certain values only.
VALUES = {(ActivityType.CALL_MADE, "outcome"): tuple(one.value for one in CallOutcome)}
#: Attributes that are whole numbers, with the least and the most. NPS: 0 to 10, as the question is asked.
NUMBERS = {"minutes": (0, 10_000), "nps": (0, 10)}
#: In `Activity.about` of an activity that a playbook declares as no engagement: what an activity is does not change
#: with a later playbook.
PASSIVE = "_passive"

#: Names that a playbook may give to activities of its own, and to their fields.
DECLARED_NAME = r"[a-z][a-z0-9_]{1,39}"


class DeclaredType(str):
    """The name of an activity that activities.yaml declares. What is said of it is said there."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


def activity_type(name: object) -> ActivityType | DeclaredType:
    """The type of this name; of an unknown name, one that a playbook may declare.

    Raises: `ValueError` for what is no name.
    """
    if isinstance(name, ActivityType | DeclaredType):
        return name
    if not isinstance(name, str) or not re.fullmatch(DECLARED_NAME, name):
        raise ValueError(
            Message("an activity has lower-case letters, digits and `_`, at most 40, e.g. `seminar_attended`")
        )
    return _BY_VALUE.get(name) or DeclaredType(name)


def is_engagement(type_: str, about: Mapping[str, Any]) -> bool:
    """Whether the activity ends the inactivity of its lead. A type of a newer release does."""
    return type_ not in _NO_ENGAGEMENT and PASSIVE not in about


def text_of(value: bool | int | float) -> str:
    """The one text of a flag or number in an activity and in a condition: `true`, `5` (also of 5.0), `0.25`.

    Raises: `ValueError` for what is not finite.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(Message("a number is finite"))
    return str(int(value)) if value == int(value) else f"{value:.10g}"


_BY_VALUE = {type_.value: type_ for type_ in ActivityType}
_NO_ENGAGEMENT = frozenset(type_.value for type_ in ActivityType if not type_.is_engagement)
#: For types of a newer release.
_ATTRIBUTES = ("link", "form", "template", "reason")


def label_of(activity_type: str, language: str) -> str:
    """The label of a type; the stored value of a type that this release does not know."""
    known = _BY_VALUE.get(activity_type)
    return known.label(language) if known is not None else activity_type


def attributes_of(activity_type: str) -> tuple[str, ...]:
    known = _BY_VALUE.get(activity_type)
    return known.attributes if known is not None else _ATTRIBUTES
