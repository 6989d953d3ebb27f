"""The feedback page of sales: plain forms, no script; of the lead only name, company and reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog


@dataclass(frozen=True)
class Shown:
    """`status`: `recorded`, `already`, `check` or empty. `token`: form target. `visit`: id that identifies a reload.

    A reason is its id and its label.
    """

    who: str
    owner: str
    why: Sequence[str]
    talk: str
    currency: str
    reject_reasons: Sequence[tuple[str, str]]
    lost_reasons: Sequence[tuple[str, str]]
    token: str
    visit: str
    answer: str | None = None
    before: str | None = None
    status: str = ""
    fields: Sequence[str] = ()


def feedback_page(shown: Shown, language: str, issuer: pages.Issuer) -> str:
    words = catalog(language).section("feedback")
    content = Markup("").join(
        [
            _status_line(shown, words),
            Markup("<h2>{}</h2>").format(shown.who),
            _list(words["why"], shown.why),
            _list(words["talk"], [shown.talk] if shown.talk else []),
            _forms(shown, words),
            _later(shown, words),
            Markup("<p><small>{}</small></p>").format(words["sent_to"].format(owner=shown.owner)),
        ]
    )
    return pages.page(language, words["title"], content, issuer)


def no_page(code: str, language: str) -> str:
    words = catalog(language).section("feedback")
    title = words.get(code, words["link_broken"])
    return pages.page(language, title, Markup("<p>{}</p>").format(words["help"]), pages.Issuer())


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


def _list(title: str, lines: Iterable[str]) -> Markup:
    rows = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup("<h2>{}</h2><ul>{}</ul>").format(title, rows) if rows else Markup("")


def _forms(shown: Shown, words: dict[str, str]) -> Markup:
    note = _note(words)
    won = Markup(
        '<label>{}<input type="text" name="amount" inputmode="numeric" required maxlength="20"></label>'
        '<label>{}<input type="text" name="currency" value="{}" required pattern="[A-Z]{{3}}" maxlength="3"></label>'
    ).format(words["amount"], words["currency"], shown.currency)
    forms = [
        _form(shown, "accepted", words, Markup(""), words["accepted"]),
        _form(shown, "meeting_set", words, Markup(""), words["meeting_set"]),
        _more(_form(shown, "rejected", words, _reasons(shown.reject_reasons, words) + note), words["rejected"]),
        _more(_form(shown, "won", words, won + note), words["won"]),
        _more(_form(shown, "lost", words, _reasons(shown.lost_reasons, words) + note), words["lost"]),
    ]
    return Markup("").join(forms)


def _form(shown: Shown, answer: str, words: dict[str, str], inside: Markup, button: str = "") -> Markup:
    """The form target is relative, so it works below any public base URL."""
    return Markup(
        '<form method="post" action="{}" class="answer"><input type="hidden" name="answer" value="{}">'
        '<input type="hidden" name="id" value="{}">{}<button type="submit">{}</button></form>'
    ).format(shown.token, answer, shown.visit, inside, button or words["send"])


def _more(form: Markup, title: str) -> Markup:
    return Markup('<details name="answer"><summary>{}</summary>{}</details>').format(title, form)


def _reasons(reasons: Sequence[tuple[str, str]], words: dict[str, str]) -> Markup:
    rows = Markup("").join(Markup('<option value="{}">{}</option>').format(id_, label) for id_, label in reasons)
    none = Markup('<option value="">{}</option>').format(words["reason"])
    return Markup('<label>{}<select name="reason" required>{}{}</select></label>').format(words["reason"], none, rows)


def _note(words: dict[str, str]) -> Markup:
    return Markup('<label>{}<textarea name="note" rows="3" maxlength="1000"></textarea></label>').format(words["note"])


def _later(shown: Shown, words: dict[str, str]) -> Markup:
    if not shown.status or shown.answer not in ("accepted", "meeting_set"):
        return Markup("")
    return Markup('<p><a href="{}">{}</a></p>').format(shown.token, words["later"])
