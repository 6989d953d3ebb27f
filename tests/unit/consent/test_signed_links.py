"""Signed links: no changed character is accepted for anything else than what was signed, and opt-in waits double."""

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.consent.consent import FIRST_WAIT, LONGEST_WAIT, decide_opt_in
from sodate.consent.links import OPT_IN, UNSUBSCRIBE, Links
from sodate.errors import Invalid
from sodate.leads.contact_state import Block, ContactState
from sodate.signing import Signer

from tests.support.examples import examples

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SIGNER = Signer(("old key", "new key"))
LINKS = Links("https://m.example.jp", SIGNER)
SIGNED = LINKS.unsubscribe("01KAJ0000000000000000000AA", "f" * 32, "product-news", NOW)
TOKEN = SIGNED.rsplit("/", 1)[1]


def test_no_single_changed_character_is_accepted() -> None:
    for position in range(len(TOKEN)):
        for character in ascii_letters + digits + "-_.=":
            if character == TOKEN[position]:
                continue
            try:
                payload = SIGNER.verify(UNSUBSCRIBE, TOKEN[:position] + character + TOKEN[position + 1 :], NOW)
            except Invalid:
                continue
            raise AssertionError(f"{character!r} at {position} was accepted: {payload}")


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@settings(max_examples=examples(200), deadline=None)
def test_no_made_up_token_is_accepted(token: str) -> None:
    for purpose in (OPT_IN, UNSUBSCRIBE):
        with pytest.raises(Invalid):
            SIGNER.verify(purpose, token, NOW)


def test_links_live_as_long_as_they_must() -> None:
    assert SIGNER.verify(UNSUBSCRIBE, TOKEN, NOW + timedelta(days=799))
    opt_in = LINKS.opt_in("l", "CONSENT#x", NOW).rsplit("/", 1)[1]
    assert SIGNER.verify(OPT_IN, opt_in, NOW + timedelta(days=7))
    for token, purpose, days in ((TOKEN, UNSUBSCRIBE, 801), (opt_in, OPT_IN, 8)):
        with pytest.raises(Invalid, match="no longer valid"):
            SIGNER.verify(purpose, token, NOW + timedelta(days=days))
    assert len(SIGNED) + 2 <= 995


@given(st.integers(0, 60), st.integers(0, 60 * 24 * 30), st.sampled_from([None, Block.UNSUBSCRIBED]))
def test_the_wait_before_another_opt_in_mail_doubles_up_to_a_week(
    mails: int, minutes: int, blocked: str | None
) -> None:
    state = ContactState("l", "k", blocked=blocked, opt_in_mails=mails, opt_in_mail_at=NOW.isoformat())
    wait = min(FIRST_WAIT * 2 ** min(max(mails - 1, 0), 20), LONGEST_WAIT) if mails else timedelta()
    decision = decide_opt_in(["t"], state, NOW + timedelta(minutes=minutes))
    assert decision.send_opt_in_email is (timedelta(minutes=minutes) >= wait)


@pytest.mark.parametrize("blocked", ["complaint", "hard_bounce", "undeliverable:eai", "special_use"])
def test_a_blocked_address_gets_no_opt_in_mail(blocked: str) -> None:
    decision = decide_opt_in(["t"], ContactState("l", "k", blocked=blocked), NOW)
    assert (decision.send_opt_in_email, decision.reason) == (False, f"blocked:{blocked}")
