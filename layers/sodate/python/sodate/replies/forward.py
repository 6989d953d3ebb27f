"""The email to the owner with what a lead answered: from our sender, as text, without attachments.

An automatic answer to it would go to the lead, so its headers ask for none (RFC 3834), and automatic answers of leads
are never forwarded (`judgement`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.delivery.transactional import Composer, Withheld, transactional_tags
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.leads.address import parse_reported_address
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.leads.text import one_line
from sodate.playbook.store import Definitions, parsed
from sodate.replies.bucket import ReplyBucket
from sodate.replies.inbound_email import InboundEmail, read_email
from sodate.replies.judgement import Flag
from sodate.reply_address import ReplyAddresses

LONGEST_TEXT = 20_000
_LONGEST_SUBJECT = 120
#: Headers that ask mail systems for no automatic answer.
_NO_ANSWER = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "prefix": "返信",
        "intro": "{who} からメールへの返信がありました。このメールに返信すると、{to} に届きます。",
        "template": "元のメール: {template}",
        "attachments": "添付ファイル {count} 件は転送していません。",
        "cut": "長いメールのため、途中までです。",
        "empty": "(本文はありません)",
        Flag.OTHER_ADDRESS: "ご注意: 登録とは別のアドレス {sender} から届きました。",
        Flag.UNAUTHENTIC: "ご注意: 送信元のドメインによる認証がありません。",
        Flag.MENTIONS_STOP: "ご注意: 配信停止に触れています。ご本人の意思をご確認ください。",
    },
    "en": {
        "prefix": "Reply",
        "intro": "{who} answered an email. An answer to this email goes to {to}.",
        "template": "Answered email: {template}",
        "attachments": "{count} attachments were not forwarded.",
        "cut": "The email is long: this is its beginning.",
        "empty": "(no text)",
        Flag.OTHER_ADDRESS: "Note: it came from {sender}, which is not the lead's address.",
        Flag.UNAUTHENTIC: "Note: the sender's domain does not vouch for it.",
        Flag.MENTIONS_STOP: "Note: it speaks of unsubscribing; find out whether that is what the lead wants.",
    },
}
#: The address of the owner of a lead, by the owner's id; None: nobody.
OwnerAddress = Callable[[str | None], str | None]


def reply_composer(
    definitions: Definitions, bucket: ReplyBucket, addresses: ReplyAddresses, owner_address: OwnerAddress, stage: str
) -> Composer:
    def compose(send: SendItem, now: datetime) -> OutgoingEmail:
        data = send.data or {}
        mailing = parsed(definitions.live("mailing"), Mailing)
        try:
            profile, raw = load_profile(send.lead_id), bucket.read(data["object"])
        except NotFound as error:
            raise Withheld(Reason.RAW_EMAIL_GONE) from error
        to = _recipient(profile, mailing, owner_address)
        if to is None or addresses.is_ours(to):
            raise Withheld(Reason.NO_OWNER)
        email = read_email(raw.content, is_cut=raw.is_cut)
        words = _WORDS.get(mailing.sender.language, _WORDS["en"])
        reply_to = _answers_go_to(email, profile)
        notes = _notes(email, words, data.get("flags", ()), data.get("template"))
        intro = words["intro"].format(who=_who(profile), to=reply_to)
        text = "\n".join([intro, *notes, "", "―" * 20, "", _body(email) or words["empty"]])
        return OutgoingEmail(
            to=to,
            sender=mailing.sender.model_copy(update={"reply_to": reply_to} if reply_to.isascii() else {}),
            subject=one_line(f"[{words['prefix']}] {_who(profile)}: {email.subject}")[:_LONGEST_SUBJECT],
            html=str(Markup('<div style="font:15px/1.7 sans-serif;white-space:pre-wrap">{}</div>').format(text)),
            text=text,
            tags=transactional_tags(send, stage),
            headers={**_NO_ANSWER, "X-Sodate-Send": send.send_id},
        )

    return compose


def _recipient(profile: Profile, mailing: Mailing, owner_address: OwnerAddress) -> str | None:
    default = mailing.replies.forward_to
    return default if profile.owner is None and default else owner_address(profile.owner)


def _answers_go_to(email: InboundEmail, profile: Profile) -> str:
    """The writer's address where its domain vouches for it; a forged one would let a stranger read the answer."""
    writer = parse_reported_address(email.sender)
    is_safe = writer is not None and email.receipt.is_authentic and not email.has_duplicates
    return writer if is_safe and writer else profile.mailbox


def _who(profile: Profile) -> str:
    named = (profile.primary.get(name) for name in ("company", "name"))
    return " ".join(str(value) for value in named if value) or profile.address


def _notes(
    email: InboundEmail, words: Mapping[str, str], flags: Sequence[str], template: str | None
) -> list[str]:  # fmt: skip
    warned = (Flag.OTHER_ADDRESS, Flag.UNAUTHENTIC, Flag.MENTIONS_STOP)
    notes = [words[flag].format(sender=email.sender) for flag in warned if flag in flags]
    if template:
        notes.append(words["template"].format(template=template))
    if email.attachments:
        notes.append(words["attachments"].format(count=email.attachments))
    if email.is_cut or len(email.words.text) > LONGEST_TEXT:
        notes.append(words["cut"])
    return notes


def _body(email: InboundEmail) -> str:
    """What the lead wrote; the whole text when that cannot be told from the quoted email."""
    return _printable((email.words.text or email.text)[:LONGEST_TEXT])


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable() or one in "\n\t　").strip()
