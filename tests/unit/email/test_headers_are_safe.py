"""No control and no separator reaches a header: sender name, subject, tags, header values, merge values in a subject.

The finished request is compared with SES's own patterns (API reference, MessageHeader and MessageTag).
"""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.consent.links import Links
from sodate.email.content.merge import merge_values
from sodate.email.content.render import render
from sodate.email.content.template import TemplateHead
from sodate.email.delivery.ses import OutgoingEmail, from_header, request
from sodate.email.ledger.states import StepRef
from sodate.email.mailing import Mailing, Sender
from sodate.leads.lead import Profile
from sodate.leads.text import one_line
from sodate.signing import Signer

from tests.support.forgery import NOW

BREAKS = [
    "\r",
    "\n",
    "\r\n",
    "\u2028",
    "\u2029",
    "\u0085",
    "\u000b",
    "\u000c",
    "\u0000",
    "\u001c",
    "\u001d",
    "\u001e",
    "\u007f",
]
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HEADER_VALUE = re.compile(r"[ -~]{1,995}")
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
SENDER = {"name": "n", "from_address": "a@b.jp", "postal_address": "p", "contact": "c"}
MAILING = Mailing.model_validate({"sender": SENDER, "topics": [{"id": "t", "name": "T"}]})
TEXTS = st.text(max_size=40) | st.lists(st.sampled_from([*BREAKS, "山", "a", "Bcc: x@y.jp"])).map("".join)


@pytest.mark.parametrize("character", BREAKS, ids=ascii)
@pytest.mark.parametrize("field", ["name", "postal_address", "contact"])
def test_a_sender_cannot_be_written_with_a_break(field: str, character: str) -> None:
    with pytest.raises(ValidationError):
        Sender.model_validate({**SENDER, field: f"a{character}Bcc: x@y.jp"})


@pytest.mark.parametrize("character", BREAKS, ids=ascii)
@pytest.mark.parametrize("address", ["from_address", "reply_to"])
def test_an_address_of_the_sender_cannot_have_a_break(address: str, character: str) -> None:
    for text in (f"a@b.jp{character}Bcc: x@y.jp", f"a{character}@b.jp", f"a@b.jp{character}x"):
        with pytest.raises(ValidationError):
            Sender.model_validate({**SENDER, address: text})


@given(TEXTS)
def test_one_line_is_one_line_and_takes_nothing_else(text: str) -> None:
    line = one_line(text)
    assert not UNSAFE.search(line)
    assert UNSAFE.sub(" ", text).strip() == line


def rendered(value: str, paths: tuple[str, ...] = ("name",)) -> Any:
    profile = Profile("L", "a@b.jp", value, "ja", primary=dict.fromkeys(paths, value), secondary={"x": value})
    values = merge_values(profile, MAILING, unsubscribe_url="https://m.example.jp/u", form=value)
    subject = (
        "{{ lead.name | default: '-' }}{{ lead.email | default: '-' }}{{ lead.secondary.x | default: '-' }}{{ form }}"
    )
    return render(subject, "<p></p>", "", values)


@given(TEXTS)
def test_no_merge_value_breaks_the_subject(value: str) -> None:
    assert not UNSAFE.search(rendered(value).subject)


@given(TEXTS, st.sampled_from(["product-news", "x" * 60]), st.integers(0, 99))
def test_the_finished_request_fits_the_patterns_of_ses(value: str, slug: str, step: int) -> None:
    ref = StepRef("01KAJ0000000000000000000AA", slug, 12, step, "0123456789abcdef")
    url = Links("https://mail.example.jp", Signer(("k",))).unsubscribe(ref.lead_id, ref.send_id, slug, NOW)
    made = request(
        OutgoingEmail(
            to="a@b.jp",
            sender=Sender.model_validate({**SENDER, "name": one_line(value)[:200] or "n"}),
            subject=rendered(value).subject,
            html="<p></p>",
            text="t",
            tags={"send_id": ref.send_id, "lead_id": ref.lead_id, "purpose": "marketing", "sequence": slug},
            headers={"List-Unsubscribe": f"<{url}>", "X-Sodate-Send": ref.send_id},
        ),
        "sodate-test",
    )
    assert all(TAG.fullmatch(tag["Value"]) for tag in made["EmailTags"])
    assert all(HEADER_VALUE.fullmatch(header["Value"]) for header in made["Content"]["Simple"]["Headers"])
    assert HEADER_VALUE.fullmatch(made["FromEmailAddress"])
    assert not UNSAFE.search(made["Content"]["Simple"]["Subject"]["Data"])


@given(TEXTS)
def test_a_display_name_is_one_header_with_one_address(name: str) -> None:
    header = from_header(one_line(name) or "n", "news@mail.example.jp")
    assert HEADER_VALUE.fullmatch(header)
    assert header.endswith(" <news@mail.example.jp>")


@pytest.mark.parametrize("character", ["\r", "\n"])
def test_ids_that_become_tags_are_slugs(character: str) -> None:
    with pytest.raises(ValidationError):
        TemplateHead.model_validate({"id": f"a{character}b", "topic": "t", "subject": "s"})
