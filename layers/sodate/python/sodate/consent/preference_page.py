"""HTML of the preference centre: one form, no script. A POST cannot change a topic that the page does not show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sodate.consent import pages
from sodate.consent.preferences import FREQUENCIES, PAUSES

#: Offered beside the time zone of the lead; a POST may name any other IANA zone.
TIME_ZONES = (
    "Asia/Tokyo", "Asia/Seoul", "Asia/Shanghai", "Asia/Taipei", "Asia/Singapore", "Asia/Bangkok", "Asia/Jakarta",
    "Asia/Kolkata", "Asia/Dubai", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki",
    "Africa/Johannesburg", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "Pacific/Honolulu", "Australia/Sydney", "Pacific/Auckland", "UTC",
)  # fmt: skip

_WORDS = {
    "ja": {
        "title": "メール配信の設定",
        "saved": "設定を保存しました。",
        "stopped": "すべての配信を停止しました。今後、ご案内メールはお送りしません。",
        "off": "現在、ご案内メールは停止されています。",
        "back": "再開したいテーマを選んで保存してください。",
        "form": "再開するには、もう一度フォームからお申し込みください。",
        "topics": "受け取るテーマ",
        "no_topics": "登録されているテーマはありません。",
        "again": "再開するには、フォームからお申し込みください。",
        "frequency": "お送りする回数",
        "all": "すべて受け取る",
        "weekly": "多くても週1通",
        "monthly": "多くても月1通",
        "pause": "一時停止",
        "paused": "{} まで停止中",
        "none": "停止しない",
        "days": "{}日間停止する",
        "language": "言語",
        "zone": "タイムゾーン(夜間にお送りしないために使います)",
        "unknown": "指定しない",
        "save": "保存する",
        "end": "すべて停止",
        "end_text": "すべてのご案内メールを、すぐに停止します。",
        "stop": "すべての配信を停止する",
    },
    "en": {
        "title": "Your mail preferences",
        "saved": "Your preferences are saved.",
        "stopped": "All mail has been stopped. We will not send you any more of it.",
        "off": "No mail of this kind is sent to you at present.",
        "back": "To receive it again, choose topics and save.",
        "form": "To receive it again, please fill in the form once more.",
        "topics": "What you receive",
        "no_topics": "You are not subscribed to any topic.",
        "again": "To receive it again, please use the form.",
        "frequency": "How often",
        "all": "Everything",
        "weekly": "At most one mail a week",
        "monthly": "At most one mail a month",
        "pause": "Take a break",
        "paused": "Paused until {}",
        "none": "No break",
        "days": "Pause for {} days",
        "language": "Language",
        "zone": "Time zone (so that nothing comes at night)",
        "unknown": "Not set",
        "save": "Save",
        "end": "Stop everything",
        "end_text": "Stops all mail of this kind at once.",
        "stop": "Stop all mail",
    },
}
_LANGUAGES = (("ja", "日本語"), ("en", "English"))


@dataclass(frozen=True)
class TopicChoice:
    """`can_change` is False for a topic that only a new request may bring back."""

    id: str
    name: str
    description: str
    on: bool
    can_change: bool


@dataclass(frozen=True)
class PreferenceView:
    """Current preferences of one lead. `off`: a block stops all marketing email, whatever the topics say; `can_return`:
    this page may lift that block."""

    topics: tuple[TopicChoice, ...]
    language: str
    frequency: str = "all"
    paused_until: date | None = None
    time_zone: str | None = None
    off: bool = False
    can_return: bool = False


def preference_page(view: PreferenceView, issuer: pages.Issuer, result: str = "") -> str:
    """`result` of a POST: `saved` or `stopped`; empty for a GET."""
    language = view.language if view.language in _WORDS else "en"
    words = _WORDS[language]
    form = Markup(
        '<form method="post">{}{}{}{}{}<button type="submit" name="do" value="save">{}</button>{}</form>'
    ).format(
        _topics(view, words),
        _radios("frequency", words["frequency"], [(name, words[name]) for name in FREQUENCIES], view.frequency),
        _pause(view, language),
        _select("language", words["language"], _LANGUAGES, language),
        _select("zone", words["zone"], _time_zones(view.time_zone, words["unknown"]), view.time_zone or ""),
        words["save"],
        Markup("") if view.off else _end(words),
    )
    return pages.page(language, words["title"], _status(view, words, result) + form, issuer)


def _status(view: PreferenceView, words: dict[str, str], result: str) -> Markup:
    lines = [words[result]] if result else []
    if view.off:
        lines += [words["off"]] if result != "stopped" else []
        lines.append(words["back" if view.can_return else "form"])
    return (
        Markup('<p class="told" role="status">{}</p>').format(("" if words is _WORDS["ja"] else " ").join(lines))
        if lines
        else Markup("")
    )


def _topics(view: PreferenceView, words: dict[str, str]) -> Markup:
    rows = Markup("").join(_topic(topic, words) for topic in view.topics)
    return _fieldset(words["topics"], rows or Markup("<p>{}</p>").format(words["no_topics"]))


def _topic(topic: TopicChoice, words: dict[str, str]) -> Markup:
    state = Markup(" checked") if topic.on else Markup("")
    if not topic.can_change:
        state += Markup(" disabled")
    description = topic.description if topic.can_change else f"{topic.description} {words['again']}".strip()
    note = Markup("<small>{}</small>").format(description) if description else Markup("")
    shown = Markup('<input type="hidden" name="shown" value="{}">').format(topic.id) if topic.can_change else Markup("")
    box = Markup('<label><input type="checkbox" name="topic" value="{}"{}> {}{}</label>')
    return shown + box.format(topic.id, state, topic.name, note)


def _pause(view: PreferenceView, language: str) -> Markup:
    words = _WORDS[language]
    choices = [(str(days), words["days"].format(days)) for days in PAUSES]
    if view.paused_until is None:
        return _radios("pause", words["pause"], [("", words["none"]), *choices], "")
    current = ("", words["paused"].format(_day(view.paused_until, language)))
    return _radios("pause", words["pause"], [current, ("0", words["none"]), *choices], "")


def _day(day: date, language: str) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if language == "ja" else f"{day.day} {day:%B %Y}"


def _time_zones(own: str | None, unknown: str) -> list[tuple[str, str]]:
    none = [] if own else [("", unknown)]
    extra = [own] if own and own not in TIME_ZONES else []
    return none + [(name, name.replace("_", " ")) for name in (*extra, *TIME_ZONES)]


def _end(words: dict[str, str]) -> Markup:
    return Markup(
        '<div class="end"><h2>{}</h2><p>{}</p><button type="submit" name="do" value="stop">{}</button></div>'
    ).format(words["end"], words["end_text"], words["stop"])


def _radios(name: str, legend: str, choices: Iterable[tuple[str, str]], chosen: str) -> Markup:
    row = Markup('<label><input type="radio" name="{}" value="{}"{}> {}</label>')
    rows = (row.format(name, value, Markup(" checked") if value == chosen else "", label) for value, label in choices)
    return _fieldset(legend, Markup("").join(rows))


def _select(name: str, label: str, choices: Iterable[tuple[str, str]], chosen: str) -> Markup:
    one = Markup('<option value="{}"{}>{}</option>')
    options = (one.format(value, Markup(" selected") if value == chosen else "", text) for value, text in choices)
    return Markup('<fieldset><label for="{0}">{1}</label><select id="{0}" name="{0}">{2}</select></fieldset>').format(
        name, label, Markup("").join(options)
    )


def _fieldset(legend: str, rows: Markup) -> Markup:
    return Markup("<fieldset><legend>{}</legend>{}</fieldset>").format(legend, rows)
