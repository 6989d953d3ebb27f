"""HTML that answers a plain HTML form with wrong entries: the reasons, and the form again as it was sent. No script."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.web import pages
from sodate.web.catalogs import catalog

#: Type of a field → attributes of its `<input>`. Numbers and dates are typed as text: people write them full-width too.
_INPUTS = {
    "email": 'type="email" autocomplete="email"',
    "phone": 'type="tel" autocomplete="tel"',
    "number": 'type="text" inputmode="decimal"',
    "nps": 'type="text" inputmode="numeric"',
}


@dataclass(frozen=True)
class Entry:
    """One field with what was sent for it.

    `kind`: type of the field, as in the form API; empty for a name that the form does not have. `values`: a ticked
    checkbox has one. `choices`: value and label. `codes`: what is wrong, as in the form API; empty for nothing.
    `limit`: most characters. `least`, `greatest`: of a number. Each is empty where there is none.
    """

    name: str
    label: str
    kind: str = ""
    values: Sequence[str] = ()
    choices: Sequence[tuple[str, str]] = ()
    required: bool = False
    codes: Sequence[str] = ()
    limit: str = ""
    least: str = ""
    greatest: str = ""


@dataclass(frozen=True)
class SentForm:
    """`carried`: names and values that no person sees, to be sent again. `can_be_sent_again`: False for a form that
    needs a script, such as that of a CAPTCHA; the page then shows no form and sends the person back to theirs.
    `follow_ups`: the pages that may come after it.
    """

    title: str
    entries: Sequence[Entry]
    carried: Sequence[tuple[str, str]] = ()
    can_be_sent_again: bool = True
    follow_ups: Sequence[str] = ()


def form_errors_page(sent: SentForm, language: str, issuer: pages.Issuer) -> pages.Page:
    words = catalog(language).section("form_error")
    row = Markup("<dt>{}</dt><dd>{}</dd>")
    wrong = [entry for entry in sent.entries if entry.codes]
    rows = Markup("").join(row.format(_name(entry, sent), _reasons(entry, words)) for entry in wrong)
    content = Markup("<p>{}</p><dl>{}</dl>").format(words["text"].format(form=sent.title), rows)
    if not sent.can_be_sent_again:
        return pages.page(language, words["title"], content + pages.paragraph(words["back"]), issuer)
    return pages.page(language, words["title"], content + _form(sent, words), issuer, sent.follow_ups)


def _name(entry: Entry, sent: SentForm) -> Markup:
    if not sent.can_be_sent_again or entry.kind in ("", "hidden"):
        return Markup("{}").format(entry.label)
    return Markup('<a class="link" href="#field-{}">{}</a>').format(entry.name, entry.label)


def _reasons(entry: Entry, words: dict[str, str]) -> str:
    """No person can correct a hidden field: one that may be empty is left out, and without any other the form is at
    fault."""
    if entry.kind == "hidden":
        return words["hidden_required" if entry.required else "hidden_left_out"]
    return " ".join(_reason(entry, code, words) for code in entry.codes)


def _reason(entry: Entry, code: str, words: dict[str, str]) -> str:
    if code in ("too_small", "too_large"):
        code = "between" if entry.least and entry.greatest else "at_least" if entry.least else "at_most"
    text = words.get(code, words["other"])
    return text.format(limit=entry.limit, least=entry.least, greatest=entry.greatest)


def _form(sent: SentForm, words: dict[str, str]) -> Markup:
    """It is sent to where it came from, without the fragment that a link to a field leaves in the address."""
    hidden = Markup('<input type="hidden" name="{}" value="{}">')
    carried = Markup("").join(hidden.format(name, value) for name, value in sent.carried)
    fields = Markup("").join(_field(entry, words) for entry in sent.entries if entry.kind)
    return Markup('<form method="post" action="submissions">{}{}<button type="submit">{}</button></form>').format(
        carried, fields, words["send"]
    )


def _field(entry: Entry, words: dict[str, str]) -> Markup:
    value = entry.values[0] if entry.values else ""
    if entry.kind == "hidden":
        if entry.codes:
            return Markup("")
        return Markup('<input type="hidden" name="{}" value="{}">').format(entry.name, value)
    if entry.kind == "multiple_choice":
        return _choices(entry, words)
    named = Markup('id="field-{0}" name="{0}"{1}{2}').format(
        entry.name, Markup(" required") if entry.required else "", _tie(entry)
    )
    if entry.kind == "checkbox":
        box = Markup('<input type="checkbox" value="true" {}{}>').format(named, _checked(bool(entry.values)))
        return Markup("<label>{}{}</label>{}").format(box, entry.label, _tied_reason(entry, words))
    if entry.kind == "choice":
        control = Markup("<select {}>{}</select>").format(named, _options(entry, words))
    elif entry.kind == "long_text":
        # A browser drops the first line break of a text area.
        control = Markup('<textarea rows="5" {}>\n{}</textarea>').format(named, value)
    else:
        kind = Markup(_INPUTS.get(entry.kind, 'type="text"'))  # noqa: S704
        control = Markup('<input {} {} value="{}">').format(kind, named, value)
    return Markup("<label>{}{}</label>{}").format(entry.label, control, _tied_reason(entry, words))


def _options(entry: Entry, words: dict[str, str]) -> Markup:
    option = Markup('<option value="{}"{}>{}</option>')
    chosen = [
        option.format(value, Markup(" selected") if value in entry.values else "", label)
        for value, label in entry.choices
    ]
    return Markup("").join([option.format("", "", words["choose"]), *chosen])


def _choices(entry: Entry, words: dict[str, str]) -> Markup:
    box = Markup('<label><input type="checkbox" name="{}" value="{}"{}>{}</label>')
    boxes = Markup("").join(
        box.format(entry.name, value, _checked(value in entry.values), label) for value, label in entry.choices
    )
    return Markup('<fieldset id="field-{}"{}><legend>{}</legend>{}{}</fieldset>').format(
        entry.name, _tie(entry, is_group=True), entry.label, boxes, _tied_reason(entry, words)
    )


def _checked(ticked: bool) -> Markup:
    return Markup(" checked") if ticked else Markup("")


def _tie(entry: Entry, *, is_group: bool = False) -> Markup:
    """A group has no `aria-invalid`: no role of it allows that."""
    if not entry.codes:
        return Markup("")
    invalid = Markup("") if is_group else Markup(' aria-invalid="true"')
    return Markup('{} aria-describedby="wrong-{}"').format(invalid, entry.name)


def _tied_reason(entry: Entry, words: dict[str, str]) -> Markup:
    if not entry.codes:
        return Markup("")
    return Markup('<p class="wrong" id="wrong-{}">{}</p>').format(entry.name, _reasons(entry, words))
