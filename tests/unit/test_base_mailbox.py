"""One mailbox, however its address is written: for counting only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.leads.base_mailbox import base_mailbox

LOCAL = st.text("abcdefgh0123-_", min_size=1, max_size=20)
TAG = st.text("abc.+-_0123", max_size=10)


@pytest.mark.parametrize(
    ("match", "base"),
    [
        ("victim+1@example.jp", "victim@example.jp"),
        ("victim+1+2@example.jp", "victim@example.jp"),
        ("victim@example.jp", "victim@example.jp"),
        ("taro-yamada@example.jp", "taro-yamada@example.jp"),
        ("v.ictim@example.jp", "v.ictim@example.jp"),
        ("v.i.c.tim+x@gmail.com", "victim@gmail.com"),
        ("v.ictim@googlemail.com", "victim@gmail.com"),
        ("+1@example.jp", "+1@example.jp"),
        ("v.ictim@gmail.com.example.jp", "v.ictim@gmail.com.example.jp"),
    ],
)
def test_a_tag_is_folded_everywhere_and_dots_at_gmail_only(match: str, base: str) -> None:
    assert base_mailbox(match) == base


@given(LOCAL, TAG, st.sampled_from(["example.jp", "gmail.com", "googlemail.com"]))
def test_every_tag_leads_to_the_same_mailbox_and_folding_twice_is_folding_once(
    local: str, tag: str, domain: str
) -> None:
    base = base_mailbox(f"{local}@{domain}")
    assert base_mailbox(f"{local}+{tag}@{domain}") == base
    assert base_mailbox(base) == base


@given(st.text("abc", min_size=1, max_size=8), st.data())
def test_dots_anywhere_lead_to_the_same_gmail_mailbox(local: str, data: st.DataObject) -> None:
    dotted = "".join(letter + data.draw(st.sampled_from(["", "."])) for letter in local[:-1]) + local[-1]
    assert base_mailbox(f"{dotted}@gmail.com") == base_mailbox(f"{local}@gmail.com")
