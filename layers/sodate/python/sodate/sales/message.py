"""What sales reads: who, why, and what they did last. Values come from strangers and are escaped per channel."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.leads.lead import Profile
from sodate.sales.definition import Owner
from sodate.scoring.signals import SignalItem

_WORDS = {
    "ja": {
        "headline": "ホットリード: {who}(合計 {total} 点・{phase})",
        "why": "理由",
        "latest": "直近の行動",
        "owner": "担当",
        "times": "回",
        "form_submitted": "フォーム送信",
        "opt_in_confirmed": "メール登録を確認",
        "mail_opened": "メールを開封",
        "mail_clicked": "リンクをクリック",
        "mail_bounced": "メール不達",
        "mail_complained": "迷惑メール報告",
        "unsubscribed": "配信停止",
    },
    "en": {
        "headline": "Hot lead: {who} ({total} points, {phase})",
        "why": "Why",
        "latest": "What they did last",
        "owner": "Owner",
        "times": "times",
        "form_submitted": "sent a form",
        "opt_in_confirmed": "confirmed the subscription",
        "mail_opened": "opened a mail",
        "mail_clicked": "clicked a link",
        "mail_bounced": "mail bounced",
        "mail_complained": "complained",
        "unsubscribed": "unsubscribed",
    },
}


@dataclass(frozen=True)
class HandoffMessage:
    headline: str
    who: tuple[str, ...]
    why: tuple[str, ...]
    latest: tuple[str, ...]
    language: str

    @property
    def text(self) -> str:
        words = _WORDS[self.language]
        parts = [self.headline, "\n".join(self.who), f"■ {words['why']}", *(f"・{line}" for line in self.why)]
        return "\n".join([*parts, f"■ {words['latest']}", *(f"・{line}" for line in self.latest)])


def handoff_message(profile: Profile, signal: SignalItem, owner: Owner, language: str, zone: str) -> HandoffMessage:
    words = _WORDS[language]
    primary = profile.primary
    name = " ".join(str(primary[key]) for key in ("company", "department", "title", "name") if primary.get(key))
    contact = [profile.mailbox, *(str(primary[key]) for key in ("phone",) if primary.get(key))]
    why = tuple(
        f"{reason['label']} {reason['points']:+d}"
        + (f" ({reason['times']}{words['times']})" if reason["times"] > 1 else "")
        for reason in signal.reasons[:6]
    )
    return HandoffMessage(
        headline=words["headline"].format(
            who=name or profile.mailbox, total=int(signal.total), phase=signal.phase_label
        ),
        who=(name, " / ".join(contact), f"{words['owner']}: {owner.name}"),
        why=why,
        latest=tuple(_fact(fact, words, ZoneInfo(zone)) for fact in (signal.latest or [])),
        language=language,
    )


def _fact(fact: dict[str, Any], words: dict[str, str], zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(fact["at"]).astimezone(zone)
    about = fact.get("link") or fact.get("form") or fact.get("template") or ""
    return f"{at:%m/%d %H:%M} {words.get(fact['type'], fact['type'])} {about}".rstrip()


def slack_payload(message: HandoffMessage) -> dict[str, Any]:
    """Slack-compatible: `text` for the notification, `blocks` for the channel. `&<>` are Slack's own syntax."""
    words = _WORDS[message.language]
    sections = [
        f"*{_slack(message.headline)}*\n" + "\n".join(_slack(line) for line in message.who if line),
        f"*{words['why']}*\n" + "\n".join(f"• {_slack(line)}" for line in message.why),
        f"*{words['latest']}*\n" + "\n".join(f"• {_slack(line)}" for line in message.latest),
    ]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}} for text in sections]
    return {"text": _slack(message.text)[:3000], "blocks": blocks}


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
