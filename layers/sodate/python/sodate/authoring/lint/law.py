"""What the law requires of marketing email, each rule with its source; checked on the text that a recipient sees.

特定電子メール法 4条, 特定商取引法 12条の3 and CAN-SPAM (15 U.S.C. 7704) require nearly the same: the
sender's name, postal address and contact, and a way to opt out.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from sodate.authoring.lint.context import Context, Mail
from sodate.authoring.lint.reader import HTML, SENDER, TEXT_PART, UNSUBSCRIBE, Reader, both_or_one, rendered
from sodate.authoring.lint.visible import visible_links, visible_text
from sodate.messages import Message
from sodate.playbook.problem import Problem

_LAW = "特定電子メール法 4条"
_TRADE = "特定商取引法"
_CAN_SPAM = "CAN-SPAM, 15 U.S.C. 7704"
_RETENTION_YEARS = 3
#: rule id, what, merge field, source.
_DISPLAYS = (
    (
        "law-sender-name",
        Message("the sender's name (送信者の氏名又は名称)"),
        "sender.name",
        f"{_LAW}1号; {_TRADE} 11条",
    ),
    (
        "law-postal-address",
        Message("the sender's postal address (住所)"),
        "sender.postal_address",
        f"{_LAW}3号、施行規則 9条; {_TRADE} 11条; {_CAN_SPAM}(a)(5)(A)(iii)",
    ),
    (
        "law-contact",
        Message("where complaints and questions go (苦情・問合せ先)"),
        "sender.contact",
        f"{_LAW}3号、施行規則 9条",
    ),
)
_UNSUBSCRIBE_LAW = (
    f"{_LAW}2号; {_TRADE} 12条の3第4項; {_CAN_SPAM}(a)(5)(A)(ii); Gmail and Yahoo sender guidelines (a visible link)"
)


def four_displays(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        if mail.template.purpose == "marketing":
            yield from _first_of_each({}, _missing(context, mail))


def _first_of_each(seen: dict[str, Problem], problems: Iterator[Problem]) -> Iterator[Problem]:
    """The same display may be missing in both renderings; it is reported once."""
    for problem in problems:
        if problem.rule not in seen:
            seen[problem.rule] = problem
            yield problem


def _missing(context: Context, mail: Mail) -> Iterator[Problem]:
    for reader in rendered(context, mail):
        shown, links = visible_text(reader.html), visible_links(reader.html)
        for rule, what, field, source in _DISPLAYS:
            value = SENDER[field.removeprefix("sender.")]
            places = [name for name, text in ((HTML, shown), (TEXT_PART, reader.text)) if value not in text]
            if places:
                yield _problem(mail, rule, what, field, places, reader, source)
        places = [HTML] if UNSUBSCRIBE not in links else []
        places += [TEXT_PART] if UNSUBSCRIBE not in reader.text else []
        if places:
            what = Message("a link to unsubscribe (配信停止)")
            yield _problem(mail, "law-unsubscribe", what, "unsubscribe_url", places, reader, _UNSUBSCRIBE_LAW)


def _problem(
    mail: Mail, rule: str, what: str, field: str, places: Sequence[str], reader: Reader, source: str
) -> Problem:
    message = Message(
        "{what} is not visible in {places} for {name}", what=what, places=both_or_one(places), name=reader.name
    )
    example = '<a href="{{ unsubscribe_url }}">配信停止</a>' if field == "unsubscribe_url" else f"{{{{ {field} }}}}"
    return mail.doc.problem(
        ("body",), message, Message("show {example} in the footer", example=example), rule, source=source
    )


def sender_can_be_found(context: Context) -> Iterator[Problem]:
    """The name of a town is no postal address, and the name of a department is no contact."""
    doc = context.book.mailing
    if doc is None or doc.model is None:
        return
    sender = doc.model.sender
    if not re.search(r"\d", sender.postal_address) or re.search(r"@|https?:", sender.postal_address):
        message = Message("this is no postal address where somebody could be visited or written to")
        source = f"{_LAW}3号、施行規則 9条; {_CAN_SPAM}(a)(5)(A)(iii) (a valid physical postal address)"
        hint = Message("write street and number, or a registered post office box")
        yield doc.problem(("sender", "postal_address"), message, hint, "law-postal-valid", source=source)
    if not re.search(r"\S@\S|https?://\S|(\d[-() ]?){8,}", unicodedata.normalize("NFKC", sender.contact)):
        message = Message("nobody can complain to this: it has no mail address, URL or telephone number")
        source = f"{_LAW}3号、施行規則 9条; {_TRADE} 11条、施行規則 23条"
        hint = Message("add one of them")
        yield doc.problem(("sender", "contact"), message, hint, "law-contact-valid", source=source)


def subjects_do_not_pretend(context: Context) -> Iterator[Problem]:
    for mail in context.finished():
        if mail.template.purpose == "marketing" and re.match(r"\s*(re|fwd?)\s*[::]", mail.template.subject, re.I):
            message = Message("the subject pretends to be an answer or a forwarded mail")
            source = f"{_CAN_SPAM}(a)(2) (deceptive subject headings)"
            yield mail.doc.problem(
                ("subject",), message, Message("say what the mail is about"), "law-subject", source=source
            )


def evidence_is_kept(context: Context) -> Iterator[Problem]:
    doc = context.book.mailing
    if doc and doc.model and doc.model.retention_years < _RETENTION_YEARS:
        message = Message(
            "evidence of consent is purged {retention_years} years after a withdrawal",
            retention_years=doc.model.retention_years,
        )
        source = f"{_TRADE} 12条の3第3項、施行規則 (records for three years); 特定電子メール法 3条2項"
        hint = Message(
            "keep it for {retention_years} years if the mail advertises goods or services",
            retention_years=_RETENTION_YEARS,
        )
        yield doc.problem(("retention_years",), message, hint, "law-retention", severity="warning", source=source)


RULES = (four_displays, sender_can_be_found, subjects_do_not_pretend, evidence_is_kept)
