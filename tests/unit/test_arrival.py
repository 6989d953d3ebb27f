"""Where a visitor came from: bounded codes, and nothing that names a person."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.arrival import ARRIVAL, CLICK_IDS, MOST_BYTES, arrival_of, click_ids_in, code_of, host_of

NAMES = [*(f"utm_{name}" for name in ("campaign", "source", "medium", "term", "content")), "referrer", *CLICK_IDS]


def test_codes_of_the_link_are_kept_and_of_a_click_id_its_kind() -> None:
    found = arrival_of(
        {
            "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "秋_資料請求", "utm_term": "ﾘｰﾄﾞ 育成",
            "referrer": "https://taro:pw@www.google.co.jp/search?q=secret", "gclid": "Cj0KCQ-abc_1", "page_url": "/x",
        }
    )  # fmt: skip
    assert found == {
        "campaign": "秋_資料請求", "source": "google", "medium": "cpc", "click": "gclid", "term": "リード 育成",
        "referrer": "www.google.co.jp",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["taro@example.jp", "taro%40example.jp", "ｔａｒｏ＠example.jp", "https://a/?m=a&x=1@b"]
)
def test_what_looks_like_an_address_is_left_out(text: str) -> None:
    assert "@" not in code_of(text)
    assert "taro" not in code_of(text)


def test_of_a_url_the_query_and_credentials_are_left_out() -> None:
    assert code_of("https://user:pw@www.example.jp/a?token=1#x") == "www.example.jp/a"
    assert code_of("https://[") == ""
    assert host_of("http://[::1") == host_of("javascript:alert(1)") == ""


def test_scripts_and_control_characters_lose_their_signs() -> None:
    assert code_of("<script>alert('x')</script>") == "scriptalert(x)/script"
    assert code_of("a\u202e\x00\nb") == "ab"


def test_a_malformed_click_id_is_left_out() -> None:
    ids = {"gclid": "a b", "fbclid": "<x>", "yclid": "YSS.1001234567.EAIaIQ", "wbraid": "x" * 501}
    assert click_ids_in(ids) == {"yclid": "YSS.1001234567.EAIaIQ"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=300)))
def test_whatever_a_stranger_writes_is_bounded_and_on_one_line(source: dict[str, str]) -> None:
    found = arrival_of(source)
    assert set(found) <= set(ARRIVAL)
    assert sum(len(value.encode()) for value in found.values()) <= MOST_BYTES
    assert all(value.isprintable() and "@" not in value and "<" not in value for value in found.values())
