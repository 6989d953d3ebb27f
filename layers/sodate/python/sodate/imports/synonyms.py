"""Names of columns, in Japanese and English, that mean the same thing in exports of other systems."""

from sodate.imports.known_fields import plain_name

#: What a column is for, other than an attribute. A target of its own, or a part of the mapping.
EMAIL, EXTERNAL_ID, CREATED, UPDATED = "email", "external_id", "created", "updated"
OPT_OUT, CONSENT, OUTCOME = "opt_out", "consent", "outcome"

# fmt: off
_NAMES: dict[str, tuple[str, ...]] = {
    EMAIL: (
        "email", "mail", "email address", "mail address", "e-mail", "eメール", "メール", "メアド", "メールアドレス",
        "電子メール", "電子メールアドレス", "email1", "連絡先メールアドレス", "会社メールアドレス",
    ),
    EXTERNAL_ID: (
        "id", "prospect id", "contact id", "lead id", "customer id", "record id", "member id", "顧客id", "取引先id",
        "取引先責任者id", "会員番号", "会員id", "顧客番号", "顧客コード", "リードid", "見込み客id", "コンタクトid",
    ),
    CREATED: (
        "created", "created at", "created date", "create date", "date created", "作成日", "登録日", "作成日時",
        "登録日時", "新規登録日", "獲得日",
    ),
    UPDATED: (
        "updated", "updated at", "last modified", "last modified date", "modified at", "更新日", "更新日時",
        "最終更新日", "最終更新日時",
    ),
    OPT_OUT: (
        "opt out", "opted out", "unsubscribed", "do not email", "do not mail", "email opt out",
        "has opted out of email", "配信停止", "配信不可", "配信拒否", "メール配信停止", "メール配信拒否",
        "メール不可", "メール不要",
        "メール送信除外", "オプトアウト",
    ),
    CONSENT: (
        "opt in", "opted in", "consent", "subscribed", "newsletter", "marketing consent", "配信希望", "メール配信",
        "メール配信希望", "メルマガ", "メルマガ希望", "メルマガ配信", "オプトイン", "同意", "配信許諾", "案内希望",
    ),
    OUTCOME: (
        "converted", "won", "outcome", "deal outcome", "結果", "商談結果", "受注", "成約", "受注結果", "成否",
        "受注失注",
    ),
    "primary.name": (
        "name", "full name", "contact name", "氏名", "名前", "お名前", "ご氏名", "姓名", "担当者", "担当者名",
        "ご担当者名", "担当者氏名", "ご担当者様名", "顧客名",
    ),
    "primary.last_name": ("last name", "family name", "surname", "姓", "苗字", "名字"),
    "primary.first_name": ("first name", "given name", "名"),
    "primary.name_kana": (
        "name kana", "kana", "furigana", "フリガナ", "ふりがな", "カナ", "氏名カナ", "氏名フリガナ", "お名前フリガナ",
        "お名前カナ", "名前フリガナ",
    ),
    "primary.company": (
        "company", "company name", "organization", "organisation", "account name", "会社", "会社名", "企業名", "企業",
        "貴社名", "御社名", "勤務先", "勤務先名", "お勤め先", "法人名", "団体名", "組織名", "所属企業", "会社名団体名",
        "取引先名", "企業名団体名",
    ),
    "primary.title": ("title", "job title", "position", "役職", "役職名", "お役職", "肩書", "肩書き", "職位"),
    "primary.department": (
        "department", "division", "部署", "部署名", "ご所属", "所属", "所属部署", "部門", "部課名", "ご部署",
    ),
    "primary.phone": (
        "phone", "phone number", "tel", "telephone", "telephone number", "mobile", "mobile phone", "電話", "電話番号",
        "お電話番号", "連絡先電話番号", "tel番号", "携帯", "携帯電話", "携帯番号", "携帯電話番号", "ご連絡先",
    ),
    "primary.employees": (
        "employees", "number of employees", "company size", "従業員数", "社員数", "従業員規模", "企業規模", "会社規模",
    ),
    "primary.industry": ("industry", "業種", "業界"),
    "primary.occupation": ("occupation", "current occupation", "職業", "ご職業", "職種"),
    "primary.country": ("country", "country name", "国", "国名"),
    "primary.prefecture": ("prefecture", "state", "都道府県"),
    "primary.city": ("city", "市区町村", "市町村"),
    "primary.postal_code": ("postal code", "postcode", "zip", "zip code", "郵便番号"),
    "primary.address": ("address", "street", "住所", "ご住所", "所在地"),
    "primary.website": ("website", "url", "web site", "ホームページ", "会社url", "webサイト"),
    "primary.do_not_call": ("do not call", "no call", "電話不可", "電話拒否", "架電不可", "架電禁止", "電話ng"),
    "source.channel": (
        "lead source", "source", "original source", "channel", "流入元", "流入経路", "獲得経路", "リードソース",
        "リード元", "獲得チャネル",
    ),
    "source.origin": ("lead origin", "origin", "リード区分", "取得方法", "獲得方法"),
}
# fmt: on

#: What sales sees of every lead, so that it is taken over where no form or condition asks for it, too.
ALWAYS_TAKEN = frozenset(
    {
        "primary.name", "primary.last_name", "primary.first_name", "primary.company", "primary.title",
        "primary.department", "primary.phone", "source.channel", "source.origin",
    }
)  # fmt: skip

#: Columns of `sodate export` that a second import does not read.
OWN_COLUMNS = frozenset({"blocked", "topics", "total", "rank", "phase", "stage", "hot"})
#: Of `sodate export`: the address as the lead wrote it, beside the one that is mailed.
AS_TYPED = "email_as_typed"

#: Compared name → what it means. The first entry of a name wins.
MEANING: dict[str, str] = {
    plain_name(name): meaning for meaning, names in reversed(_NAMES.items()) for name in reversed(names)
}
