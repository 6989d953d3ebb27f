"""What the website tells its visitors (外部送信規律, 電気通信事業法 27条の12): what is sent, to whom, why. Pure.

The text follows `tracking.yaml`, so it says neither more nor less than the beacon does.
"""

from sodate.email.mailing import Sender
from sodate.playbook.model import Language
from sodate.tracking.definition import Tracking

_PURPOSE = {
    "ja": "サイトの利用状況の把握と改善、お問い合わせ・資料請求をいただいた方へのご案内のため",
    "en": "to understand and improve how the website is used, and to inform people who contacted us",
}
_ITEMS = {
    "ja": (
        "閲覧したページのURL(パスとutmパラメータ)、参照元のURL(パスまで)、閲覧日時",
        "ページの表示時間とスクロールの深さ",
        "ブラウザごとの識別子(ランダムな文字列。ブラウザのローカルストレージに保存。Cookieは使いません)と訪問の識別子",
        "フォームを送信されたとき: 上記の識別子、参照元、utmパラメータ、広告のクリック識別子",
        "ブラウザの種類(ユーザーエージェント)とIPアドレス(通信に伴い送信されます。IPアドレスは保存しません)",
    ),
    "en": (
        "address of the pages (path and utm parameters), referring page (up to its path), and time",
        "how long a page was shown and how far it was scrolled",
        "a random identifier of the browser, kept in its local storage (no cookie), and one of the visit",
        "with a form that is sent: this identifier, the referring page, utm parameters, click ids of advertisements",
        "kind of browser (user agent) and IP address, as part of any request; the IP address is not stored",
    ),
}
_MORE = {
    "ja": {
        "downloads": "ダウンロードしたファイルのパス",
        "ctas": "押されたボタン・リンク: {names}",
        "event": "操作「{name}」({fields})",
        "event_alone": "操作「{name}」",
        "token": "メールのリンクから訪問された場合は、その方を示す署名付きの文字列",
    },
    "en": {
        "downloads": "path of downloaded files",
        "ctas": "use of: {names}",
        "event": "the event {name} ({fields})",
        "event_alone": "the event {name}",
        "token": "after a link in one of our emails: a signed text that stands for its recipient",
    },
}
_TEXT = {
    "ja": (
        "外部送信について",
        "このサイト({sites})では、訪問された方のブラウザから次の情報を送信しています。",
        "送信される情報",
        "送信先",
        "{name}({host}。当社が管理するAmazon Web Servicesの環境)",
        "利用目的",
        "保存期間",
        "訪問の記録は最後の閲覧から{days}日間",
        "停止の方法",
    ),
    "en": (
        "Information that your browser sends",
        "On this website ({sites}) your browser sends the following.",
        "What is sent",
        "To whom",
        "{name} ({host}; our own environment at Amazon Web Services)",
        "Why",
        "How long it is kept",
        "the record of a visit for {days} days after its last page",
        "How to stop it",
    ),
}
_STOP = {
    "ja": {
        "required": "同意いただくまで何も保存・送信しません。同意は、サイトの設定画面からいつでも取り消せます。",
        "not_required": "",
        "always": "ブラウザのGlobal Privacy ControlまたはDo Not Trackを有効にすると、保存も送信も行いません。",
    },
    "en": {
        "required": "Nothing is stored or sent before you agree; you can withdraw it on the website at any time.",
        "not_required": "",
        "always": "With Global Privacy Control or Do Not Track in your browser nothing is stored or sent.",
    },
}
_POLICY = {"ja": "プライバシーポリシー: {url}", "en": "Privacy policy: {url}"}


def notice(tracking: Tracking, sender: Sender, host: str, language: Language) -> str:
    """The notice as Markdown. `host`: where the events go, as the browser shows it."""
    title, intro, what, whom, recipient, why, kept, days, stop = _TEXT[language]
    stops = [_STOP[language][tracking.consent], _STOP[language]["always"]]
    parts = [
        f"# {title}",
        intro.format(sites=", ".join(origin.partition("://")[2] for origin in tracking.origins)),
        _part(what, [*_ITEMS[language], *_further_items(tracking, language)]),
        _part(whom, [recipient.format(name=sender.name, host=host)]),
        _part(why, list(tracking.purposes) or [_PURPOSE[language]]),
        _part(kept, [days.format(days=tracking.retention_days)]),
        _part(stop, [text for text in stops if text]),
    ]
    if tracking.policy_url:
        parts.append(_POLICY[language].format(url=tracking.policy_url))
    return "\n\n".join(parts) + "\n"


def _part(title: str, items: list[str]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {item}" for item in items)])


def _further_items(tracking: Tracking, language: Language) -> list[str]:
    words, items = _MORE[language], list[str]()
    if tracking.download_extensions:
        items.append(words["downloads"])
    if tracking.ctas:
        items.append(words["ctas"].format(names=", ".join(cta.title or cta.id for cta in tracking.ctas)))
    for event in tracking.events:
        fields = ", ".join(field.name for field in event.fields)
        text = words["event"] if fields else words["event_alone"]
        items.append(text.format(name=event.title or event.id, fields=fields))
    return [*items, words["token"]] if tracking.tokens_in_links else items


def snippet(tracking: Tracking, public_url: str) -> str:
    """The script tag for every page of the website."""
    consent = ' data-consent="required"' if tracking.consent == "required" else ""
    downloads = ",".join(tracking.download_extensions)
    return f'<script src="{public_url}/sodate.js" async{consent} data-downloads="{downloads}"></script>'


def policy_lines(public_url: str) -> str:
    """What a Content-Security-Policy of the website must allow."""
    scheme, _, rest = public_url.partition("://")
    host = f"{scheme}://{rest.partition('/')[0]}"
    return f"script-src {host}; connect-src {host}"
