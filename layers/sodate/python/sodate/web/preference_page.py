"""HTML of the preference centre: one form, no script. A POST cannot change a topic that the page does not show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import Catalog, catalog, language_names

#: Offered beside the time zone of the lead; a POST may name any other IANA zone.
TIME_ZONES = (
    "Asia/Tokyo", "Asia/Seoul", "Asia/Shanghai", "Asia/Taipei", "Asia/Singapore", "Asia/Bangkok", "Asia/Jakarta",
    "Asia/Kolkata", "Asia/Dubai", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki",
    "Africa/Johannesburg", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "Pacific/Honolulu", "Australia/Sydney", "Pacific/Auckland", "UTC",
)  # fmt: skip


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
    this page may lift that block. `frequencies` and `pauses` (days) are what may be chosen. `data_url`: the
    page on which the lead asks for its own data; empty: not offered."""

    topics: tuple[TopicChoice, ...]
    language: str
    frequencies: tuple[str, ...]
    pauses: tuple[int, ...]
    tracking: tuple[str, ...] = ("on", "off")
    frequency: str = "all"
    tracks: str = "on"
    paused_until: date | None = None
    time_zone: str | None = None
    off: bool = False
    can_return: bool = False
    data_url: str = ""


def preference_page(view: PreferenceView, issuer: pages.Issuer, result: str = "") -> pages.Page:
    """`result` of a POST: `saved` or `stopped`; empty for a GET."""
    chosen = catalog(view.language)
    language, words = chosen.language, chosen.section("preferences")
    form = Markup(
        '<form method="post">{}{}{}{}{}{}<button type="submit" name="do" value="save">{}</button>{}</form>'
    ).format(
        _topics(view, words),
        _radios("frequency", words["frequency"], [(name, words[name]) for name in view.frequencies], view.frequency),
        _pause(view, chosen),
        _select("language", words["language"], language_names(), language),
        _select("zone", words["zone"], _time_zones(view.time_zone, words["unknown"]), view.time_zone or ""),
        _radios("tracking", words["tracking"], [(one, words[f"tracking_{one}"]) for one in view.tracking], view.tracks),
        words["save"],
        Markup("") if view.off else _end(words),
    )
    data = Markup("")
    if view.data_url:
        data = Markup('<p class="end"><a class="link" href="{}">{}</a></p>').format(view.data_url, words["data"])
    return pages.page(language, words["title"], _status(view, chosen, result) + form + data, issuer)


def _status(view: PreferenceView, chosen: Catalog, result: str) -> Markup:
    words = chosen.section("preferences")
    lines = [words[result]] if result else []
    if view.off:
        lines += [words["off"]] if result != "stopped" else []
        lines.append(words["back" if view.can_return else "form"])
    return Markup('<p class="told" role="status">{}</p>').format(chosen.sentences(lines)) if lines else Markup("")


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


def _pause(view: PreferenceView, chosen: Catalog) -> Markup:
    words = chosen.section("preferences")
    choices = [(str(days), words["days"].format(days)) for days in view.pauses]
    if view.paused_until is None:
        return _radios("pause", words["pause"], [("", words["none"]), *choices], "")
    current = ("", words["paused"].format(chosen.day(view.paused_until)))
    return _radios("pause", words["pause"], [current, ("0", words["none"]), *choices], "")


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
