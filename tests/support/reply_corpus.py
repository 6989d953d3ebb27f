# ruff: noqa: E501  (lines of email are as long as mail programs write them)
"""Shapes of email that comes back, as mail programs and mail systems write them: written for these tests.

A shape is what one program or system does (headers, quotation, encoding); a case is a shape with one text, one way of
addressing and one sender. Names and addresses are invented.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.header import Header
from itertools import cycle
from quopri import encodestring

from ses_simulator.inbound import Findings

TO = "r-TOKEN@reply.example.jp"
LEAD, OTHER = "taro@example.jp", "hanako@other.example.jp"
SUBJECT = "【例示株式会社】導入事例のご案内"
ORIGINAL = "山田太郎様\n\n導入事例をお送りします。\n配信停止はこちら: https://mail.example.jp/unsubscribe/x\n"


@dataclass(frozen=True)
class Case:
    """`how`: how a reply has to be matched; None: no matter. `to`: recipient of the envelope."""

    name: str
    raw: bytes
    verdict: str
    sender: str = LEAD
    how: str | None = None
    to: str = TO
    findings: Findings = field(default_factory=Findings)


def encoded(text: str, charset: str, encoding: str) -> bytes:
    content = text.encode(charset, "replace")
    if encoding == "base64":
        return b"\r\n".join(b64encode(content)[at : at + 76] for at in range(0, len(b64encode(content)), 76))
    if encoding == "quoted-printable":
        return encodestring(content).replace(b"\n", b"\r\n")
    return content.replace(b"\n", b"\r\n")


def email(
    text: str, *, sender: str = LEAD, to: str = TO, subject: str = f"Re: {SUBJECT}", charset: str = "utf-8",
    encoding: str = "base64", headers: tuple[str, ...] = (), kind: str = "text/plain", answers: bool = True,
) -> bytes:  # fmt: skip
    shown = Header(subject, charset if charset != "cp932" else "iso-2022-jp").encode(maxlinelen=70, linesep="\r\n")
    label = {"cp932": "Shift_JIS", "iso2022_jp": "ISO-2022-JP"}.get(charset, charset)
    lines = [
        "Received: from client.example.jp (client.example.jp [192.0.2.33]) by mail.example.jp; Tue, 1 Dec 2026 10:00:00 +0900",
        f"From: =?utf-8?b?{b64encode('山田 太郎'.encode()).decode()}?= <{sender}>",
        f"To: =?utf-8?b?{b64encode('例示株式会社'.encode()).decode()}?= <{to}>",
        f"Subject: {shown}",
        "Date: Tue, 1 Dec 2026 10:00:00 +0900",
        *(
            [
                "In-Reply-To: <MESSAGE@ap-northeast-1.amazonses.com>",
                "References: <MESSAGE@ap-northeast-1.amazonses.com>",
            ]
            if answers
            else []
        ),
        "MIME-Version: 1.0",
        f"Content-Type: {kind}; charset={label}" if kind.startswith("text/") else f"Content-Type: {kind}",
        f"Content-Transfer-Encoding: {encoding}",
        *headers,
    ]
    content = encoded(text, charset, encoding) if kind.startswith("text/") else text.replace("\n", "\r\n").encode()
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


# -- replies: how mail programs quote -------------------------------------------------------------------------------

QUOTED = "\n".join(f"> {line}" for line in ORIGINAL.splitlines())
PROGRAMS = {
    "gmail-ja": lambda text: f"{text}\n\n2026年12月1日(火) 9:00 例示株式会社 <news@example.co.jp>:\n\n{QUOTED}\n",
    "gmail-ja-folded": lambda text: (
        f"{text}\n\n2026年12月1日(火) 9:00 例示株式会社マーケティング部ニュース係 <\nnews@example.co.jp>:\n\n{QUOTED}\n"
    ),
    "gmail-en": lambda text: (
        f"{text}\n\nOn Tue, Dec 1, 2026 at 9:00 AM Reiji Inc. <news@example.co.jp> wrote:\n\n{QUOTED}\n"
    ),
    "gmail-en-folded": lambda text: (
        f"{text}\n\nOn Tue, Dec 1, 2026 at 9:00 AM Reiji Incorporated Marketing <\nnews@example.co.jp> wrote:\n\n{QUOTED}\n"
    ),
    "outlook-ja": lambda text: (
        f"{text}\n\n________________________________\n差出人: 例示株式会社 <news@example.co.jp>\n送信日時: 2026年12月1日 9:00\n宛先: 山田 太郎 <taro@example.jp>\n件名: {SUBJECT}\n\n{ORIGINAL}"
    ),
    "outlook-ja-old": lambda text: (
        f"{text}\n\n-----Original Message-----\nFrom: 例示株式会社 [mailto:news@example.co.jp]\nSent: Tuesday, December 1, 2026 9:00 AM\nTo: 山田 太郎\nSubject: {SUBJECT}\n\n{ORIGINAL}"
    ),
    "outlook-en": lambda text: (
        f"{text}\n\nFrom: Reiji Inc. <news@example.co.jp>\nSent: Tuesday, December 1, 2026 9:00 AM\nTo: Taro Yamada <taro@example.jp>\nSubject: {SUBJECT}\n\n{ORIGINAL}"
    ),
    "apple-ja": lambda text: f"{text}\n\n> 2026/12/01 9:00、例示株式会社 <news@example.co.jp>のメール:\n> \n{QUOTED}\n",
    "apple-en": lambda text: (
        f"{text}\n\n> On Dec 1, 2026, at 9:00, Reiji Inc. <news@example.co.jp> wrote:\n> \n{QUOTED}\n"
    ),
    "iphone-ja": lambda text: (
        f"{text}\n\niPhoneから送信\n\n2026/12/01 9:00、例示株式会社 <news@example.co.jp>のメール:\n\n﻿{QUOTED}\n"
    ),
    "iphone-en": lambda text: (
        f"{text}\n\nSent from my iPhone\n\nOn Dec 1, 2026, at 9:00, Reiji Inc. <news@example.co.jp> wrote:\n\n{QUOTED}\n"
    ),
    "thunderbird-ja": lambda text: f"On 2026/12/01 9:00, 例示株式会社 wrote:\n{QUOTED}\n\n{text}\n-- \n山田太郎\n",
    "thunderbird-top": lambda text: f"{text}\n\nOn 2026/12/01 9:00, 例示株式会社 wrote:\n{QUOTED}\n",
    "becky": lambda text: (
        f"{text}\n\nOn Tue, 01 Dec 2026 09:00:00 +0900\n例示株式会社 <news@example.co.jp> wrote:\n\n{QUOTED}\n"
    ),
    "yahoo-ja": lambda text: (
        f"{text}\n\n----- Original Message -----\n>From: 例示株式会社 <news@example.co.jp>\n{QUOTED}\n"
    ),
    "docomo": lambda text: f"{text}\n\n-------元のメッセージ-------\n{ORIGINAL}",
    "no-quote": lambda text: text,
    "inline": lambda text: f"{QUOTED}\n\n{text}\n\n> 以上\n",
}
TEXTS = (
    "ありがとうございます。拝見しました。",
    "例示株式会社\nご担当者様\n\nいつもお世話になっております。\n山田です。\n\n資料の件、来週お電話をいただけますでしょうか。\n\n何卒よろしくお願いいたします。",
    "Thanks, could you send me a quote for 50 seats?",
    "興味あります！１２月１０日（木）１４時はいかがでしょうか。",
    "今回は見送ります。また機会がありましたらお願いします。",
    "了解です",
    "We are evaluating this in Q1. Who should I talk to?",
    "価格は￥１，２３４，０００で合っていますか？",
    "㈱テストの①案で進めたいです。髙橋・﨑山も同席します。",
)
ENCODINGS = (("utf-8", "base64"), ("utf-8", "quoted-printable"), ("iso2022_jp", "7bit"), ("cp932", "base64"))


def replies() -> Iterator[Case]:
    texts, encodings = cycle(TEXTS), cycle(ENCODINGS)
    for program, quote in PROGRAMS.items():
        for number in range(4):
            charset, encoding = next(encodings)
            raw = email(quote(next(texts)), charset=charset, encoding=encoding)
            yield Case(f"reply/{program}/{number}", raw, "reply", how="token")
    yield from _addressing()
    yield from _people_who_write_of_absence()
    yield from _html()
    yield from _odd_but_true()


def _addressing() -> Iterator[Case]:
    quote = PROGRAMS["gmail-ja"]
    yield Case("address/upper", email(quote(TEXTS[0]), to=TO.upper()), "reply", how="token", to=TO.upper())
    yield Case("address/envelope-only", email(quote(TEXTS[0]), to="news@example.co.jp"), "reply", how="token")
    yield Case("address/header-only", email(quote(TEXTS[0])), "reply", how="token", to="catch@reply.example.jp")
    yield Case("address/colleague", email(quote(TEXTS[1]), sender=OTHER), "reply", OTHER, "token")
    wrong = "info@reply.example.jp"
    yield Case("address/by-message-id", email(quote(TEXTS[1]), to=wrong), "reply", how="message_id", to=wrong)
    bare = email(quote(TEXTS[1]), to=wrong, answers=False)
    yield Case("address/by-writer", bare, "reply", how="address", to=wrong)
    damaged = "r-TOKE@reply.example.jp"
    yield Case("address/damaged-token", email(quote(TEXTS[1]), to=damaged), "reply", how="message_id", to=damaged)
    yield Case(
        "address/forwarding-server",
        email(quote(TEXTS[0]), headers=(f"X-Original-To: {TO}", f"Delivered-To: {TO}")),
        "reply",
        how="token",
    )


def _people_who_write_of_absence() -> Iterator[Case]:
    """What people write of absences; none of them is an absence note."""
    texts = (
        "来週は休暇をいただいておりますので、再来週にお電話ください。",
        "I'm out of office until Friday, but please call me on Monday.",
        "出張中のため返信が遅れました。資料は問題ありません。",
        "担当の佐藤は不在のため、私から回答します。導入を検討しています。",
        "年末年始の休業前に見積もりをいただけますか。",
        "自動返信の機能はありますか？",
        "We are looking for an automatic reply feature. Does your product have one?",
    )
    for number, text in enumerate(texts):
        for program in ("gmail-ja", "outlook-ja", "apple-en"):
            yield Case(f"absence-by-person/{program}/{number}", email(PROGRAMS[program](text)), "reply", how="token")
    for number, subject in enumerate(
        (
            "Re: 夏季休業のお知らせ",
            "RE: 【自動返信】資料請求ありがとうございます",
            "Re: Out of office? 働き方の事例",
            "返信: 不在時の電話対応について",
        )
    ):
        raw = email(PROGRAMS["gmail-ja"](TEXTS[1]), subject=subject)
        yield Case(f"absence-in-our-subject/{number}", raw, "reply", how="token")


def _html() -> Iterator[Case]:
    quotes = {
        "gmail": '<div dir="ltr">{}</div><br><div class="gmail_quote"><div class="gmail_attr">2026年12月1日</div><blockquote>{}</blockquote></div>',
        "outlook": '<div><p class="MsoNormal">{}</p></div><div id="divRplyFwdMsg"><b>差出人:</b> 例示</div><div>{}</div>',
        "apple": '<html><body>{}<br><blockquote type="cite">{}</blockquote></body></html>',
        "bare": "<p>{}</p><!-- {} -->",
    }
    for name, page in quotes.items():
        yield Case(
            f"html-only/{name}",
            email(page.format(TEXTS[1].replace("\n", "<br>"), ORIGINAL), kind="text/html"),
            "reply",
            how="token",
        )
        inner = page.format(TEXTS[0], ORIGINAL)
        mixed = (
            "--b1\nContent-Type: multipart/alternative; boundary=b2\n\n--b2\nContent-Type: text/plain; charset=utf-8\n"
            f"Content-Transfer-Encoding: 8bit\n\n{PROGRAMS['gmail-ja'](TEXTS[0])}\n--b2\nContent-Type: text/html; charset=utf-8\n\n{inner}\n"
            "--b2--\n--b1\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERi0=\n--b1--\n"
        )
        yield Case(f"attachment/{name}", email(mixed, kind='multipart/mixed; boundary="b1"'), "reply", how="token")


def _odd_but_true() -> Iterator[Case]:
    quote = PROGRAMS["outlook-en"]
    for name, subject in (("sv", "SV: "), ("aw", "AW: "), ("many", "Re: Re[2]: RE: "), ("full-width", "ＲＥ：")):
        yield Case(f"prefix/{name}", email(quote(TEXTS[2]), subject=f"{subject}{SUBJECT}"), "reply", how="token")
    yield Case("no-subject", email(quote(TEXTS[2]), subject=""), "reply", how="token")
    yield Case("auto-submitted-no", email(quote(TEXTS[2]), headers=("Auto-Submitted: no",)), "reply", how="token")
    yield Case("empty-body", email(QUOTED), "reply", how="token")
    yield Case(
        "reply-of-forward", email(quote(TEXTS[2]), subject=f"RE: FW: {SUBJECT}", sender=OTHER), "reply", OTHER, "token"
    )
    soft = Findings(spf="softfail", dkim="none", dmarc="none")
    yield Case("no-authentication", email(quote(TEXTS[2])), "reply", how="token", findings=soft)
    yield Case(
        "dmarc-fail-with-token",
        email(quote(TEXTS[2])),
        "reply",
        how="token",
        findings=Findings(spf="fail", dkim="fail", dmarc="fail"),
    )


# -- absence notes --------------------------------------------------------------------------------------------------

ABSENCE_JA = (
    "お世話になっております。\n\n12月1日から12月5日まで休暇をいただいております。\n12月8日以降に返信いたします。\n\n山田",
    "ただいま出張中のため、メールの確認が遅れます。\nお急ぎの方は代表電話までご連絡ください。",
    "誠に勝手ながら、下記の期間を冬季休業とさせていただきます。\n休業期間：12月29日～1月4日",
    "現在育児休業中です。\n復帰は2027年4月の予定です。",
    "山田は11月30日をもって退職いたしました。\n今後は佐藤までご連絡ください。",
)
ABSENCE_EN = (
    "Thank you for your email. I am out of the office until December 8 with limited access to email.",
    "I'm currently on annual leave and will be back on Monday 7 December. For urgent matters contact Sato.",
    "I will be travelling from 1 to 5 December and will reply when I return.",
    "Taro Yamada is no longer with the company. Please contact info@example.jp.",
)
#: What each system does: subject, further headers, null return path, answers with In-Reply-To.
SYSTEMS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "exchange-ja": (
        "自動応答: {}",
        (
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "X-MS-Exchange-Inbox-Rules-Loop: taro@example.jp",
        ),
        True,
    ),
    "exchange-en": ("Automatic reply: {}", ("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"), True),
    "exchange-2010": ("Out of Office: {}", ("X-Auto-Response-Suppress: All",), True),
    "exchange-bare": ("自動返信: {}", (), False),
    "gmail-vacation": ("Re: {}", ("Precedence: bulk", "X-Autoreply: yes", "Auto-Submitted: auto-replied"), True),
    "google-workspace": ("不在通知: {}", ("Auto-Submitted: auto-replied", "Precedence: bulk"), True),
    "cybozu": ("Re: {}", ("Auto-Submitted: auto-replied", "X-Mailer: Cybozu Office"), False),
    "hosting-vacation": ("Re: {}", ("Auto-Submitted: auto-replied (vacation)", "Precedence: junk"), True),
    "unix-vacation": ("away from my mail", ("Precedence: bulk", "Auto-Submitted: auto-replied"), True),
    "icloud": ("Re: {}", ("Auto-Submitted: auto-replied (vacation)",), False),
    "notes": ("Taro Yamada is out of the office (returning 08.12.2026)", ("Auto-Submitted: auto-generated",), False),
    "zimbra": ("Re: {}", ("Auto-Submitted: auto-replied (zimbra; read)", "Precedence: bulk"), True),
    "no-headers-brackets": ("【不在のお知らせ】Re: {}", (), False),
    "no-headers-re": ("Re: {}", (), False),
    "null-path-only": ("Re: {}", (), True),
    "company-holiday": ("冬季休業のお知らせ", (), False),
    "retired": ("退職のお知らせ Re: {}", (), False),
    "ooo-short": ("OOO: {}", ("Auto-Submitted: auto-replied",), True),
    "mobile-carrier": ("（自動応答）{}", (), False),
    "yahoo-ja": ("Re: {}", ("Auto-Submitted: auto-replied", "X-Autoreply: yes"), False),
}


def absences() -> Iterator[Case]:
    for system, (subject, headers, is_null) in SYSTEMS.items():
        texts = (*ABSENCE_JA, *ABSENCE_EN) if system != "company-holiday" else ABSENCE_JA[2:3]
        encodings = cycle(ENCODINGS)
        for number, text in enumerate(texts):
            charset, encoding = next(encodings)
            raw = email(text, subject=subject.format(SUBJECT), headers=headers, charset=charset, encoding=encoding)
            findings = Findings(return_path="") if is_null else Findings()
            yield Case(f"absence/{system}/{number}", raw, "out_of_office", findings=findings)


# -- bounces, other machines, forwards ------------------------------------------------------------------------------


def bounces() -> Iterator[Case]:
    report = (
        "--r\nContent-Type: text/plain\n\nThe mail system could not deliver your message.\n--r\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.jp\n\nFinal-Recipient: rfc822; taro@example.jp\n"
        "Action: failed\nStatus: 5.1.1\n\n--r\nContent-Type: message/rfc822\n\nSubject: x\n\nbody\n--r--\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    systems = {
        "postfix": ("MAILER-DAEMON@mail.example.jp", "Undelivered Mail Returned to Sender", kind),
        "exchange": ("postmaster@example.jp", f"配信不能: {SUBJECT}", kind),
        "exchange-en": ("postmaster@example.jp", f"Undeliverable: {SUBJECT}", kind),
        "gmail": ("mailer-daemon@googlemail.com", "Delivery Status Notification (Failure)", kind),
        "qmail": ("MAILER-DAEMON@mail.example.jp", "failure notice", "text/plain"),
        "sendmail": ("MAILER-DAEMON@mail.example.jp", "Returned mail: see transcript for details", kind),
        "exim": ("Mailer-Daemon@mail.example.jp", "Mail delivery failed: returning message to sender", "text/plain"),
        "carrier": ("mailer-daemon@carrier.example.jp", "Mail System Error - Returned Mail", "text/plain"),
        "delay": ("MAILER-DAEMON@mail.example.jp", "Warning: could not send message for past 4 hours", "text/plain"),
        "ja": ("postmaster@example.jp", "メールを送信できませんでした", "text/plain"),
    }
    for system, (sender, subject, type_) in systems.items():
        text = report if type_ == kind else "Hi. This is the mail program. <taro@example.jp>: user unknown"
        for path in ("", None):
            raw = email(text, sender=sender, subject=subject, kind=type_, answers=path is None)
            yield Case(f"bounce/{system}/{path!r}", raw, "bounce", sender.lower(), findings=Findings(return_path=path))


def machines() -> Iterator[Case]:
    receipt = "--r\nContent-Type: text/plain\n\nYour message was read.\n--r\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--r--\n"
    yield Case(
        "machine/read-receipt",
        email(
            receipt,
            subject=f"開封済み: {SUBJECT}",
            kind='multipart/report; report-type=disposition-notification; boundary="r"',
        ),
        "auto",
    )
    yield Case("machine/read-receipt-en", email("Your message was read", subject=f"Read: {SUBJECT}"), "auto")
    ticket = "お問い合わせありがとうございます。受付番号 12345 で承りました。このメールは自動送信されています。"
    yield Case("machine/ticket-ja", email(ticket, subject="【受付完了】お問い合わせありがとうございます"), "auto")
    yield Case("machine/ticket-re", email(ticket), "auto")
    yield Case(
        "machine/ticket-en",
        email(
            "This is an automated message.",
            subject="[Ticket #4711] received",
            headers=("Auto-Submitted: auto-generated",),
        ),
        "auto",
    )
    yield Case("machine/no-reply", email("Thank you", sender="no-reply@example.jp"), "auto", "no-reply@example.jp")
    yield Case(
        "machine/challenge",
        email(
            "To deliver your message please click https://x.example/verify",
            subject="Please confirm your email delivery",
        ),
        "auto",
    )
    yield Case(
        "machine/challenge-ja",
        email("送信者の確認のため https://x.example/ を開いてください", subject="送信者確認のお願い"),
        "auto",
    )
    invite = "--c\nContent-Type: text/plain\n\n\n--c\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--c--\n"
    yield Case(
        "machine/calendar",
        email(invite, subject=f"承諾: {SUBJECT}", kind='multipart/alternative; boundary="c"'),
        "auto",
    )
    yield Case(
        "machine/loop",
        email("Auto answer to an auto answer", headers=("Auto-Submitted: auto-replied", "X-Loop: yes")),
        "auto",
    )


def forwards() -> Iterator[Case]:
    body = f"---------- Forwarded message ---------\nFrom: 例示株式会社 <news@example.co.jp>\n\n{ORIGINAL}"
    for number, prefix in enumerate(("Fwd: ", "FW: ", "転送: ", "Fw: ")):
        yield Case(f"forward/{number}", email(body, subject=f"{prefix}{SUBJECT}"), "forwarded")
    lists = ("List-Id: <sales.lists.example.jp>", "List-Post: <mailto:sales@lists.example.jp>", "Precedence: list")
    yield Case("forward/list", email(PROGRAMS["gmail-ja"](TEXTS[0]), headers=lists), "forwarded")


def every_case() -> list[Case]:
    return [*replies(), *absences(), *bounces(), *machines(), *forwards()]
