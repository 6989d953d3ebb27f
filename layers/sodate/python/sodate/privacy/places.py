"""Every kind of item that the table has, and whether and how it refers to a lead. Pure.

`tests/unit/privacy/test_places.py` fails for a kind that is not declared here: whoever adds a kind says in one entry
where it refers to a lead, what an erasure does with it, and what it is for the lead who reads an export.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reference(StrEnum):
    """How items of a kind refer to a lead."""

    PARTITION = "partition"
    """The item lies in the partition of the lead."""
    LISTED = "listed"
    """The item lies elsewhere; its key follows from the lead's own items (`privacy.find`)."""
    ADDRESS = "address"
    """The key is an HMAC of the address, or of an id in another system."""
    CONTENT = "content"
    """The content names a person who may be no lead yet."""
    LEAD_ID = "lead_id"
    """The item holds the lead's random id beside others, and nothing that says who it is."""
    NONE = "none"


class OnErasure(StrEnum):
    """What an erasure does with items of a kind."""

    DELETED = "deleted"
    REDUCED = "reduced"
    """Cut down to the proof of consent and given an end (`retention_years`)."""
    REDUCED_ELSEWHERE = "reduced_elsewhere"
    """Words are removed; amounts, times and ids stay with the company that they belong to."""
    KEPT = "kept"
    EXPIRES = "expires"
    """Left to its own end, which the reason states."""


@dataclass(frozen=True)
class Place:
    """`ja`, `en`: what it is, in the words of an export. `why`: why an erasure leaves it; empty when it does not."""

    kind: str
    reference: Reference
    on_erasure: OnErasure
    ja: str
    en: str
    why: str = ""

    def label(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


def _own(kind: str, ja: str, en: str) -> Place:
    return Place(kind, Reference.PARTITION, OnErasure.DELETED, ja, en)


def _listed(kind: str, ja: str, en: str) -> Place:
    return Place(kind, Reference.LISTED, OnErasure.DELETED, ja, en)


def _statistics(kind: str, ja: str, en: str, why: str) -> Place:
    return Place(kind, Reference.LEAD_ID, OnErasure.KEPT, ja, en, why)


def _expires(kind: str, reference: Reference, ja: str, en: str, why: str) -> Place:
    return Place(kind, reference, OnErasure.EXPIRES, ja, en, why)


def _nobody(kind: str) -> Place:
    return Place(kind, Reference.NONE, OnErasure.KEPT, "", "", "refers to no lead")


_ONLY_AN_ID = "a random id without a profile says nothing of a person; statistics survive"

PLACES: tuple[Place, ...] = (
    _own("profile", "基礎情報と二次情報", "profile: who you are, and what interests you"),
    _own("state", "配信の可否・同意している配信・シナリオの参加状況", "whether, on what and how often you get email"),
    _own("score", "スコア・ランク・フェーズ・セグメント", "score, rank, phase and segments"),
    Place(
        "consent", Reference.PARTITION, OnErasure.REDUCED, "同意と配信停止の記録",
        "proof of your consents and opt-outs",
        "the law asks for proof: action, topics, time, form and the digest of its words stay until their end",
    ),
    _own("submission", "フォームへの回答", "what you entered in forms"),
    _own("activity", "行動履歴", "what you did, and what happened"),
    _own("send", "お送りしたメールの記録", "emails that were planned for or sent to you"),
    _own("signal", "営業への連絡の記録", "when sales was notified of you, why, and what sales answered"),
    _own("call", "架電の記録", "calls that were planned with you, and their results"),
    _own("reply", "返信の記録", "emails of yours that came in, without their texts"),
    _own("replytext", "返信の本文", "texts of your replies"),
    _own("replycount", "1日の返信数", "how many emails of yours came in on a day"),
    _own("conversation", "営業担当者との状況", "which member of sales is in contact with you"),
    _own("adclick", "広告のクリックID", "click ids of ads that brought you"),
    _own("leadvisitor", "サイト訪問者としての識別子", "visitors of our website that you were"),
    _own("leadcompany", "所属企業", "the company that you belong to"),
    _own("leaddeal", "関係する商談", "deals in which you take part"),
    _own("givenid", "他システムでの行動の識別子", "ids that other systems gave to what you did"),
    _own("access", "データの閲覧記録", "who looked at your data"),
    _own("merge", "統合された記録", "another record of yours that was merged into this one"),
    _own("probe", "動作確認用のメール", "a test email of the operators"),
    Place(
        "owner", Reference.ADDRESS, OnErasure.KEPT, "メールアドレスの照合値", "a keyed hash of your address",
        "an import of the same address or id must not make the lead again; it says nothing without the key",
    ),
    Place(
        "suppression", Reference.ADDRESS, OnErasure.KEPT, "配信停止リスト(照合値)",
        "list of addresses that get no email",
        "nobody may email an erased address; it is a keyed hash and a reason",
    ),
    _listed("member", "セグメントへの所属", "segments that you belong to"),
    _listed("companymember", "企業のメンバー一覧", "list of the leads of your company"),
    _listed("session", "サイトの訪問", "your visits of our website"),
    _listed("visitorlead", "サイト訪問者との対応", "which lead a visitor of our website is"),
    _listed("campaignmember", "施策の対象", "campaigns that you are a member of"),
    _listed("opencall", "未完了の架電一覧", "list of open calls"),
    _listed("waitingentry", "シナリオ開始待ち", "scenarios that you wait to enter"),
    _listed("waiting", "営業へのまとめ通知待ち", "notifications that wait for a digest of sales"),
    _listed("load", "営業担当者の対応中一覧", "open notifications of a member of sales"),
    _listed("unknown", "結果不明の送信一覧", "list of emails whose outcome is unknown"),
    _listed("failed", "失敗した送信一覧", "list of emails that failed"),
    _listed("listedreply", "確認待ちの受信メール", "email that came in and waits for a person"),
    _listed("privacyrequest", "ご本人からの請求", "your requests about your own data"),
    _expires(
        "receipt", Reference.ADDRESS, "フォーム送信の受領印", "receipt of a form post",
        "a late repeat of the same post must not make the lead again; 30 days",
    ),
    _expires(
        "conversion", Reference.LEAD_ID, "広告媒体への成果通知", "conversions for ad platforms",
        "an id, withheld for an erased lead; 180 days",
    ),
    _expires(
        "due", Reference.LEAD_ID, "予定", "what is due at a certain minute",
        "ids only; without effect for an erased lead; 14 days after its minute",
    ),
    _expires(
        "ceiling", Reference.ADDRESS, "確認メールの上限", "limits of confirmation emails",
        "a keyed hash and a number; one day after its last use",
    ),
    Place(
        "dealchange", Reference.LEAD_ID, OnErasure.REDUCED_ELSEWHERE, "商談の履歴",
        "histories of deals in which you took part",
        "amounts and stages are the company's; a reason in words is removed, and what stays is a random id",
    ),
    _statistics("batch", "一斉配信の対象", "broadcasts that you were an audience of", _ONLY_AN_ID),
    _statistics("arm", "シナリオの実験での割り当て", "which way of an experiment you took", _ONLY_AN_ID),
    *map(
        _nobody,
        (
            "adcost", "apitoken", "approval", "backfill", "broadcasttest", "company", "companymerge", "companyowner",
            "coverage", "cursor", "deal", "dealreference", "decision", "definition", "entrycount", "entrystop",
            "import", "kpichanges", "kpifolded", "kpiround", "kpitotal", "kpivisitors", "listedcompany", "listeddeal",
            "prior", "privacyreview", "rate", "rate_limiter", "replay", "reportdelivery", "rotation", "run", "sync",
            "templatetest", "tokenwindow",
        ),
    ),
)  # fmt: skip

#: Submissions that lie in quarantine, in the partition of their month.
QUARANTINED = Place(
    "submission",
    Reference.CONTENT,
    OnErasure.DELETED,
    "隔離されたフォーム回答",
    "form posts that looked like a robot's",
)
_BY_KIND = {place.kind: place for place in PLACES}


@dataclass(frozen=True)
class OtherPlace:
    """Where data of a lead may lie outside of the table. `erased_by`: what removes it."""

    id: str
    ja: str
    en: str
    erased_by: str


#: Printed by the plan of an erasure and listed in docs/privacy.md.
OTHER_PLACES = (
    OtherPlace("import_files", "インポートしたファイル", "import files and their results in S3",
               "this erasure; a file that names the lead only by an id of under five characters: AWS, after 30 days"),
    OtherPlace("raw_emails", "受信したメールの原本", "raw email that came in",
               "this erasure; what was matched to nobody: AWS, after `reply_days`"),
    OtherPlace("queues", "処理待ちのメッセージ", "messages that wait in queues", "no effect for an erased lead"),
    OtherPlace("dead_letters", "処理できなかったメッセージ", "messages in dead-letter queues", "this erasure"),
    OtherPlace("stream", "変更履歴(24時間)", "the table's stream", "AWS, after 24 hours"),
    OtherPlace("recovery", "復元用バックアップ(35日間)", "point-in-time recovery",
               "AWS, after 35 days; `sodate privacy replay-erasures` after a restore"),
    OtherPlace("logs", "ログ", "logs", "hold ids only, never personal data"),
    OtherPlace("ses", "SESの配信停止リスト", "SES's own suppression list of bounced addresses", "your hands, in SES"),
    OtherPlace("others", "連携先", "CRM, chat and email of sales, systems that read the bus", "your hands, there"),
)  # fmt: skip


def place_of(kind: str) -> Place:
    """The declaration of a kind. A kind of a newer release counts as the lead's own: an erasure must not leave it."""
    return _BY_KIND.get(kind) or _own(kind, kind, kind)
