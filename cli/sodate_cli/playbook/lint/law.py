"""特定電子メール法 4条: what every marketing mail must show, judged on what readers see."""

from collections.abc import Iterator

from sodate_cli.playbook.lint.context import Context, Mail
from sodate_cli.playbook.lint.reader import SENDER, UNSUBSCRIBE, Reader, rendered
from sodate_cli.playbook.lint.visible import visible_links, visible_text
from sodate_cli.playbook.problem import Problem

_LAW = "特定電子メール法 4条"
#: rule id, what, merge field, source.
_DISPLAYS = (
    ("law-sender-name", "the sender's name (送信者の氏名又は名称)", "sender.name", f"{_LAW}1号"),
    ("law-postal-address", "the sender's postal address (住所)", "sender.postal_address", f"{_LAW}3号、施行規則 9条"),
    ("law-contact", "where complaints and questions go (苦情・問合せ先)", "sender.contact", f"{_LAW}3号、施行規則 9条"),
)
_UNSUBSCRIBE_LAW = f"{_LAW}2号; Gmail and Yahoo sender guidelines (a visible link in the body)"


def four_displays(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        if mail.template.purpose == "marketing":
            yield from _first_of_each({}, _missing(context, mail))


def _first_of_each(seen: dict[str, Problem], problems: Iterator[Problem]) -> Iterator[Problem]:
    """Both readers may miss the same display; it is one problem."""
    for problem in problems:
        if problem.rule not in seen:
            seen[problem.rule] = problem
            yield problem


def _missing(context: Context, mail: Mail) -> Iterator[Problem]:
    for reader in rendered(context, mail):
        shown, links = visible_text(reader.html), visible_links(reader.html)
        for rule, what, field, source in _DISPLAYS:
            value = SENDER[field.removeprefix("sender.")]
            places = [name for name, text in (("the HTML", shown), ("the text part", reader.text)) if value not in text]
            if places:
                yield _problem(mail, rule, what, field, places, reader, source)
        places = ["the HTML"] if UNSUBSCRIBE not in links else []
        places += ["the text part"] if UNSUBSCRIBE not in reader.text else []
        if places:
            what = "a link to unsubscribe (配信停止)"
            yield _problem(mail, "law-unsubscribe", what, "unsubscribe_url", places, reader, _UNSUBSCRIBE_LAW)


def _problem(mail: Mail, rule: str, what: str, field: str, places: list[str], reader: Reader, source: str) -> Problem:
    message = f"{what} is not visible in {' and '.join(places)} for {reader.name}"
    example = '<a href="{{ unsubscribe_url }}">配信停止</a>' if field == "unsubscribe_url" else f"{{{{ {field} }}}}"
    return mail.doc.problem(("body",), message, f"show {example} in the footer", rule, source=source)


RULES = (four_displays,)
