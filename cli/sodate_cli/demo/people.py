"""Who takes part, and what each of them does with their mail."""

import json
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlencode

_BOUNDARY = "sodate-demo"


class Act(NamedTuple):
    """On receiving the `mail`-th step mail (1 is the first); `part` is what the clicked link has in it."""

    mail: int
    what: Literal["open", "click", "unsubscribe", "complain"]
    part: str = ""


@dataclass(frozen=True)
class Person:
    """`post` is (content type, body). `expected` says how the story must end for this person."""

    name: str
    address: str | None
    form: str
    post: tuple[str, str]
    answer: int
    confirms: bool = False
    acts: tuple[Act, ...] = ()
    mails: int = 0
    blocked: str | None = None
    hot: bool = False
    remark: str = field(default="")
    employees: str = ""
    interest: str = ""


def _json(**answers: object) -> tuple[str, str]:
    return "application/json", json.dumps(answers, ensure_ascii=False)


def _html_form(**answers: str) -> tuple[str, str]:
    return "application/x-www-form-urlencoded", urlencode(answers)


def _multipart(**answers: str) -> tuple[str, str]:
    parts = [f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in answers.items()]
    return f"multipart/form-data; boundary={_BOUNDARY}", "".join(parts) + f"--{_BOUNDARY}--\r\n"


_YAMADA = _json(
    email="ｙａｍａｄａ＠ｅｘａｍｐｌｅ．ｊｐ",
    name="山田　太郎",
    name_kana="ﾔﾏﾀﾞ ﾀﾛｳ",
    company="株式会社例示製作所",
    title="部長",
    phone="０９０－１２３４－５６７８",
    employees="300-999",
    agree=True,
    _submission_id="5f0c4f0e-7a3b-4c55-9d53-6f2f5a8f3a01",
    _utm_source="google",
    _utm_medium="cpc",
    _utm_campaign="autumn-materials-2026",
    _utm_term="在庫管理",
)

PEOPLE = (
    Person(
        "山田 太郎",
        "yamada@example.jp",
        "request-materials",
        _YAMADA,
        201,
        confirms=True,
        acts=(
            Act(1, "open"),
            Act(2, "open"),
            Act(3, "open"),
            Act(3, "click", "/pricing"),
        ),
        mails=3,
        hot=True,
        remark="full-width input; becomes hot",
    ),
    Person("山田 太郎", None, "request-materials", _YAMADA, 200, remark="the same post again"),
    Person(
        "佐藤 花子",
        "sato@example.com",
        "request-materials",
        _html_form(email="sato@example.com", name="佐藤 花子", company="佐藤商事", title="課長", agree="on"),
        303,
        confirms=True,
        acts=(Act(1, "open"), Act(2, "unsubscribe")),
        mails=2,
        blocked="unsubscribed",
        remark="HTML form; unsubscribes with one click",
    ),
    Person(
        "鈴木 一郎",
        "suzuki@example.com",
        "request-materials",
        _json(email="suzuki@example.com", name="鈴木 一郎", company="鈴木工業", title="一般", agree=True),
        201,
        confirms=True,
        acts=(Act(1, "complain"),),
        mails=1,
        blocked="complaint",
        remark="reports spam",
    ),
    Person(
        "高橋 次郎",
        "bounce@example.com",
        "request-materials",
        _json(email="bounce@example.com", name="高橋 次郎", company="高橋印刷", title="一般", agree=True),
        201,
        blocked="hard_bounce",
        remark="mailbox does not exist",
    ),
    Person(
        "伊藤 三郎",
        "ito@example.com",
        "request-materials",
        _json(email="ito@example.com", name="伊藤 三郎", company="伊藤建設", title="経営者・役員", agree=True),
        201,
        remark="never confirms",
    ),
    Person(
        "Emma Brown",
        "emma@example.com",
        "demo",
        _multipart(
            email="emma@example.com",
            name="Emma Brown",
            company="Example Trading",
            title="課長",
            phone="03-1234-5678",
            agree="on",
        ),
        303,
        confirms=True,
        acts=(Act(1, "open"),),
        mails=1,
        hot=False,
        remark="multipart; asks for a demo",
    ),
    Person(
        "小林 真央",
        "kobayashi@example.com",
        "newsletter",
        _json(
            email="kobayashi@example.com",
            name="小林 真央",
            company="小林食品",
            employees="1-49",
            interest=["電子帳簿保存法"],
            agree=True,
        ),
        201,
        confirms=True,
        acts=(Act(1, "open"), Act(1, "click", "/reading"), Act(2, "open")),
        mails=3,
        remark="newsletter; clicks, and the scenario takes the branch of her interest",
        employees="1-49",
        interest="電子帳簿保存法",
    ),
    Person(
        "加藤 健",
        "kato@example.com",
        "newsletter",
        _json(email="kato@example.com", name="加藤 健", company="加藤機械", employees="300-999", agree=True),
        201,
        confirms=True,
        mails=3,
        remark="newsletter; reads nothing, and gets what suits a large company",
        employees="300-999",
    ),
    Person(
        "渡辺 四郎",
        "ユーザー@例.jp",
        "request-materials",
        _json(email="ユーザー@例.jp", name="渡辺 四郎", company="渡辺水産", title="その他", agree=True),
        202,
        blocked="undeliverable:eai",
        remark="an address that SES cannot mail: kept, not mailed",
    ),
    Person(
        "a robot",
        None,
        "request-materials",
        _json(
            email="bot@example.net", name="x", company="x", title="その他", agree=True, _website="http://spam.example"
        ),
        200,
        remark="fills the honeypot: quarantined, sees success",
    ),
    Person(
        "中村 五郎",
        None,
        "request-materials",
        _json(email="nakamura@@example.com", name="中村 五郎", company="中村屋", title="一般", agree=True),
        422,
        remark="a broken address: told which field",
    ),
)
