"""Content of a notification: lead, reasons, latest activities, suggested opening, feedback link. No channel syntax.

Values are untrusted: each is cut to one bounded line here; `channels` and `handoff_email` escape them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.catalog import attributes_of, label_of
from sodate.calls.store import CallItem
from sodate.leads.lead import Profile
from sodate.leads.text import one_line
from sodate.sales.definition import Owner, Sales, Talk
from sodate.sales.match import first_talk
from sodate.signals.store import SignalItem

_WORDS: dict[str, dict[str, str]] = {
    "ja": {
        "headline": "ホットリード: {who}(合計 {total} 点・{phase})",
        "update": "続報(対応中のリード): {who}(合計 {total} 点・{phase})",
        "escalation": "要対応(未回答のため引き継ぎ): {who}(合計 {total} 点・{phase})",
        "overdue": "架電の期限を過ぎました: {who}",
        "call": "架電",
        "digest": "ホットリード {count} 件(時間外にお預かりした分)",
        "more": "ほか {count} 件(メールをご覧ください)",
        "why": "理由",
        "latest": "直近の行動",
        "talk": "話の切り出し",
        "answer": "回答する(引き受ける・見送る・商談・受注・失注)",
        "owner": "担当",
        "times": "回",
        "answer_here": "このリードへの回答",
        "accepted": "引き受ける",
        "meeting_set": "商談を設定した",
        "rejected": "見送る",
        "won": "受注した",
        "lost": "失注した",
    },
    "en": {
        "headline": "Hot lead: {who} ({total} points, {phase})",
        "update": "More about a lead you have: {who} ({total} points, {phase})",
        "escalation": "Nobody has answered yet: {who} ({total} points, {phase})",
        "overdue": "A call is overdue: {who}",
        "call": "Call",
        "digest": "{count} hot leads came in outside working hours",
        "more": "and {count} more: see the mail",
        "why": "Why",
        "latest": "What they did last",
        "talk": "What to say",
        "answer": "Answer (accept, reject, meeting, won, lost)",
        "owner": "Owner",
        "times": "times",
        "answer_here": "Your answer",
        "accepted": "I take it",
        "meeting_set": "A meeting is set",
        "rejected": "Reject",
        "won": "Won",
        "lost": "Lost",
    },
}
_LONGEST_LINE, _LONGEST_NAME = 300, 120


@dataclass(frozen=True)
class Part:
    """A titled list; the title is ours, the lines are untrusted."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class HandoffMessage:
    """`link`: feedback link, `link_title`: its text; both are ours."""

    headline: str
    who: tuple[str, ...]
    parts: tuple[Part, ...]
    link: str = ""
    link_title: str = ""

    @property
    def text(self) -> str:
        lines = [self.headline, *self.who]
        for part in self.parts:
            lines += [f"■ {part.title}", *(f"・{line}" for line in part.lines)]
        return "\n".join([*lines, *([f"■ {self.link_title}", self.link] if self.link else [])])


@dataclass(frozen=True)
class DigestMessage:
    """Several signals in one message. Chats show the first ones and refer to the email for the rest."""

    headline: str
    signals: tuple[HandoffMessage, ...]
    language: str

    def first(self, count: int) -> tuple[tuple[HandoffMessage, ...], str]:
        left = len(self.signals) - count
        return self.signals[:count], words_of(self.language)["more"].format(count=left) if left > 0 else ""

    @property
    def text(self) -> str:
        return "\n\n".join([self.headline, *(signal.text for signal in self.signals)])


def words_of(language: str) -> dict[str, str]:
    return _WORDS[language]


#: (attribute of an activity, its value) → what a person reads instead of an id (`sales.titles`).
TitleOf = Callable[[str, str], str]


def _id_itself(_: str, value: str) -> str:
    return value


@dataclass(frozen=True)
class Reader:
    """For whom a message is written: language (`ja`, `en`), IANA time zone of its times, titles instead of ids."""

    language: str
    time_zone: str
    title_of: TitleOf = _id_itself


def handoff_message(
    profile: Profile, signal: SignalItem, owner: Owner, sales: Sales, reader: Reader, *, link: str = ""
) -> HandoffMessage:
    words = _WORDS[reader.language]
    name, contact = who_is(profile), [profile.mailbox, str(profile.primary.get("phone") or "")]
    latest = tuple(_activity(one, reader, sales) for one in (signal.latest or [])[:10])
    talk = talk_for(profile, signal, sales.talks)
    parts = [
        Part(words["why"], tuple(_reason(reason, words) for reason in by_weight(signal))),
        Part(words["latest"], latest),
        Part(words["talk"], (talk,) if talk else ()),
    ]
    kind = "update" if signal.joins else "escalation" if int(signal.escalation_level) else "headline"
    return HandoffMessage(
        headline=words[kind].format(who=name, total=int(signal.total), phase=_cut(signal.phase_label, 60)),
        who=(name, " / ".join(_cut(one, 254) for one in contact if one), f"{words['owner']}: {owner.name}"),
        parts=tuple(part for part in parts if part.lines),
        link=link,
        link_title=words["answer"] if link else "",
    )


def call_reminder(message: HandoffMessage, profile: Profile, call: CallItem, reader: Reader) -> HandoffMessage:
    """`message`: of the signal of the call, whose due time has passed."""
    words = _WORDS[reader.language]
    due = call.due_at.astimezone(ZoneInfo(reader.time_zone))
    part = Part(words["call"], (_cut(f"{call.text} ({due:%Y-%m-%d %H:%M})"),))
    return replace(message, headline=words["overdue"].format(who=who_is(profile)), parts=(part, *message.parts))


def digest_message(signals: Sequence[HandoffMessage], language: str) -> DigestMessage:
    short = tuple(replace(signal, parts=signal.parts[:1]) for signal in signals)
    return DigestMessage(_WORDS[language]["digest"].format(count=len(short)), short, language)


def who_is(profile: Profile) -> str:
    """Company, department, title and name as far as they are known, else the address."""
    return names_of(profile, "company", "department", "title", "name") or _cut(profile.mailbox, _LONGEST_NAME)


def names_of(profile: Profile, *fields: str) -> str:
    """These fields as far as they are known; empty for none."""
    known = (_cut(str(profile.primary.get(key) or ""), 60) for key in fields)
    return _cut(" ".join(one for one in known if one), _LONGEST_NAME)


def by_weight(signal: SignalItem) -> list[dict[str, Any]]:
    """The six reasons that weigh most, the greatest first: what took points away counts as much."""
    return sorted(signal.reasons, key=lambda reason: -abs(int(reason["points"])))[:6]


def talk_for(profile: Profile, signal: SignalItem, talks: Sequence[Talk]) -> str:
    """The first matching opening with placeholders filled in; braces in untrusted values stay literal."""
    talk = first_talk(talks, profile, signal.reasons, signal.latest or [])
    if talk is None:
        return ""
    company, name = (_cut(str(profile.primary.get(key) or ""), 60) for key in ("company", "name"))
    pieces = (piece.replace("{name}", name) for piece in talk.say.split("{company}"))
    return _cut(company.join(pieces), 1200)


def _reason(reason: dict[str, Any], words: dict[str, str]) -> str:
    times = f" ({reason['times']}{words['times']})" if reason["times"] > 1 else ""
    return f"{_cut(str(reason['label']))} {reason['points']:+d}{times}"


def _activity(activity: dict[str, Any], reader: Reader, sales: Sales) -> str:
    own = sales.activity_labels.get(activity["type"])
    label = label_of(activity["type"], reader.language) if own is None else getattr(own, reader.language)
    at = datetime.fromisoformat(activity["at"]).astimezone(ZoneInfo(reader.time_zone))
    named = ((name, activity[name]) for name in attributes_of(activity["type"]) if activity.get(name))
    about = next((reader.title_of(name, str(value)) for name, value in named), "")
    return _cut(f"{at:%m/%d %H:%M} {label} {about}".rstrip())


def _cut(text: str, longest: int = _LONGEST_LINE) -> str:
    line = one_line(text[: 2 * longest])
    return line if len(line) <= longest else line[: longest - 1] + "…"
