"""Reply addresses: short enough, readable in any case, genuine or nothing."""

from hypothesis import given
from hypothesis import strategies as st
from sodate.reply_address import ReplyAddresses
from sodate.signing import Signer
from ulid import ULID

OURS = ReplyAddresses("reply.example.jp", Signer(("old", "new")))
LEADS = st.binary(min_size=16, max_size=16).map(lambda content: str(ULID.from_bytes(content)))
SENDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(LEADS, SENDS)
def test_an_address_names_its_lead_and_send_in_any_case_and_surrounding(lead: str, send: str) -> None:
    address = OURS.of_send(lead, send)
    assert address is not None
    assert len(address.partition("@")[0]) <= 64
    assert address == address.lower()
    for shown in (
        address,
        address.upper(),
        f'"x" <{address}>',
        f"=?utf-8?q?x?= <{address.title()}>,",
        f"<{address}> b",
    ):
        assert OURS.send_in(shown) == (lead, send)


@given(LEADS, SENDS)
def test_every_active_key_verifies_and_no_other(lead: str, send: str) -> None:
    address = str(OURS.of_send(lead, send))
    assert ReplyAddresses("d", Signer(("new", "newest"))).send_in(address) == (lead, send)
    assert ReplyAddresses("d", Signer(("newest",))).send_in(address) is None


@given(LEADS, SENDS, st.integers(2, 62), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_letter_makes_it_nothing(lead: str, send: str, position: int, letter: str) -> None:
    address = str(OURS.of_send(lead, send))
    changed = address[:position] + letter + address[position + 1 :]
    assert OURS.send_in(changed) == ((lead, send) if changed == address else None)


@given(st.text(max_size=200))
def test_any_text_has_some_answer(text: str) -> None:
    assert OURS.send_in(text) is None
    assert OURS.owner_in(text, ["sato"]) is None


def test_ids_that_are_none_of_ours_get_no_address() -> None:
    assert OURS.of_send("doctor-1", "ab" * 16) is None
    assert OURS.of_send(str(ULID()), "ab") is None
    assert OURS.of_send(str(ULID()), "x" * 32) is None


def test_an_owner_is_found_among_those_that_there_are() -> None:
    address = OURS.of_owner("sato")
    assert OURS.owner_in(f"To: <{address.upper()}>", ["tanaka", "sato"]) == "sato"
    assert OURS.owner_in(address, ["tanaka"]) is None
    assert OURS.owner_in(f"bcc-aaaaaaaaaaaaaaaa@x, {address}", ["sato"]) == "sato"
    assert OURS.send_in(address) is None
