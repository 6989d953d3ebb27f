"""The feedback page of sales: plain forms, no script; of the lead only name, company, score and reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog


@dataclass(frozen=True)
class Weighted:
    """One reason of the score. `times`: how often it counted."""

    label: str
    points: int
    times: int = 1


@dataclass(frozen=True)
class AnswerReason:
    """A reason that sales may give. `recycles_after`: days until the lead returns to nurturing with `recycles_to`, the
    title of a sequence; None: it does not return."""

    id: str
    label: str
    recycles_after: int | None = None
    recycles_to: str = ""


@dataclass(frozen=True)
class Shown:
    """`status`: `recorded`, `already`, `check` or empty. `token`: form target. `visit`: id that identifies a reload.

    `why`: the greatest weight first. `score` and `phase` are those of the signal; `rank` is today's, empty when there
    is none. `currencies`: the usual one first.
    """

    who: str
    owner: str
    score: int
    phase: str
    rank: str
    why: Sequence[Weighted]
    talk: str
    currencies: Sequence[str]
    reject_reasons: Sequence[AnswerReason]
    lost_reasons: Sequence[AnswerReason]
    token: str
    visit: str
    answer: str | None = None
    before: str | None = None
    status: str = ""
    fields: Sequence[str] = ()


def feedback_page(shown: Shown, language: str, issuer: pages.Issuer) -> pages.Page:
    words = catalog(language).section("feedback")
    content = Markup("").join(
        [
            _status_line(shown, words),
            _facts(shown, words),
            _why(shown, words),
            Markup("<h2>{}</h2><p>{}</p>").format(words["talk"], shown.talk) if shown.talk else Markup(""),
            Markup("<h2>{}</h2>").format(words["answers"]),
            _forms(shown, words),
            _later(shown, words),
            pages.paragraph(words["sent_to"].format(owner=shown.owner), "soft"),
        ]
    )
    return pages.page(language, words["title"], content, issuer, heading=shown.who or words["no_name"])


def no_page(code: str, language: str, issuer: pages.Issuer) -> pages.Page:
    words = catalog(language).section("feedback")
    title = words.get(code, words["link_broken"])
    return pages.page(language, title, Markup("<p>{}</p>").format(words["help"]), issuer)


def _status_line(shown: Shown, words: dict[str, str]) -> Markup:
    lines = []
    if shown.status == "check":
        names = ", ".join(words.get(name, name) for name in shown.fields)
        lines.append(words["check"].format(fields=names))
    elif shown.status and shown.answer:
        lines.append(words[shown.status].format(answer=words[shown.answer]))
        lines += [words["before"].format(before=words[shown.before])] if shown.before else []
    elif shown.answer:
        lines.append(words["now"].format(answer=words[shown.answer]))
    return Markup('<p class="told" role="status">{}</p>').format(" ".join(lines)) if lines else Markup("")


def _facts(shown: Shown, words: dict[str, str]) -> Markup:
    facts = [
        (words["score"], words["points"].format(points=f"{shown.score:,}")),
        (words["phase"], shown.phase),
        (words["rank"], shown.rank),
    ]
    row = Markup("<div><dt>{}</dt><dd>{}</dd></div>")
    return Markup('<dl class="facts">{}</dl>').format(
        Markup("").join(row.format(name, value) for name, value in facts if value)
    )


def _why(shown: Shown, words: dict[str, str]) -> Markup:
    row = Markup("<li><span>{}</span><b>{}</b></li>")
    rows = Markup("").join(row.format(_reason(one, words), f"{one.points:+d}") for one in shown.why)
    return Markup('<h2>{}</h2><ul class="weighted">{}</ul>').format(words["why"], rows) if rows else Markup("")


def _reason(one: Weighted, words: dict[str, str]) -> str:
    return f"{one.label} ({words['times'].format(times=one.times)})" if one.times > 1 else one.label


def _forms(shown: Shown, words: dict[str, str]) -> Markup:
    """The `id`s are targets of the buttons in emails to sales: a browser opens what it is sent to."""
    forms = [
        _form(shown, "accepted", words, Markup(""), words["accepted"]),
        _form(shown, "meeting_set", words, Markup(""), words["meeting_set"]),
        _more(_form(shown, "rejected", words, _reasons(shown.reject_reasons, words)), words["rejected"]),
        _more(_form(shown, "won", words, _won(shown, words)), words["won"]),
        _more(_form(shown, "lost", words, _reasons(shown.lost_reasons, words)), words["lost"]),
    ]
    return Markup("").join(forms)


def _won(shown: Shown, words: dict[str, str]) -> Markup:
    choice = Markup('<option value="{0}">{0}</option>')
    choices = Markup("").join(choice.format(currency) for currency in shown.currencies)
    return Markup(
        '<label>{}<input type="text" name="amount" inputmode="numeric" required maxlength="20"></label>'
        '<label>{}<select name="currency">{}</select></label>'
    ).format(words["amount"], words["currency"], choices)


def _form(shown: Shown, answer: str, words: dict[str, str], inside: Markup, button: str = "") -> Markup:
    """The form target is relative, so it works below any public base URL."""
    primary = answer == "accepted"
    return Markup(
        '<form method="post" action="{}" class="answer" id="{}"><input type="hidden" name="answer" value="{}">'
        '<input type="hidden" name="id" value="{}">{}{}<button type="submit"{}>{}</button>'
        '<p class="soft">{}</p></form>'
    ).format(
        shown.token,
        answer,
        answer,
        shown.visit,
        inside,
        _note(words) if inside else Markup(""),
        Markup("") if primary else Markup(' class="second"'),
        button or words["send"],
        words[f"next_{answer}"],
    )


def _more(form: Markup, title: str) -> Markup:
    return Markup('<details name="answer"><summary>{}</summary>{}</details>').format(title, form)


def _reasons(reasons: Sequence[AnswerReason], words: dict[str, str]) -> Markup:
    does_any = any(one.recycles_after is not None for one in reasons)
    rows = Markup("").join(
        Markup('<option value="{}">{}</option>').format(
            one.id, f"{one.label} ({_recycling(one, words)})" if does_any else one.label
        )
        for one in reasons
    )
    none = Markup('<option value="">{}</option>').format(words["reason"])
    return Markup('<label>{}<select name="reason" required>{}{}</select></label>').format(words["reason"], none, rows)


def _recycling(one: AnswerReason, words: dict[str, str]) -> str:
    if one.recycles_after is None:
        return words["not_recycled"]
    key = "recycled" if one.recycles_after else "recycled_at_once"
    return words[key].format(days=one.recycles_after, title=one.recycles_to)


def _note(words: dict[str, str]) -> Markup:
    return Markup('<label>{}<textarea name="note" rows="3" maxlength="1000"></textarea></label>').format(words["note"])


def _later(shown: Shown, words: dict[str, str]) -> Markup:
    if not shown.status or shown.answer not in ("accepted", "meeting_set"):
        return Markup("")
    return Markup('<p><a class="link" href="{}">{}</a></p>').format(shown.token, words["later"])
