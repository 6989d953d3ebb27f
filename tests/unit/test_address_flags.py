"""Flags tell people what kind of mailbox it is; a doubt stops mail, a flag does not."""

import pytest
from sodate.leads.address import parse_address


@pytest.mark.parametrize(
    ("address", "flags", "doubt"),
    [
        ("taro.yamada@example.co.jp", (), None),
        ("info@example.co.jp", ("role",), None),
        ("INFO@Example.co.jp", ("role",), None),
        ("sales+tokyo@example.co.jp", ("role",), None),
        ("noreply@example.co.jp", ("role",), None),
        ("soumu@example.co.jp", ("role",), None),
        ("information.taro@example.co.jp", (), None),
        ("ｉｎｆｏ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ", ("role",), None),
        ("a@mailinator.com", ("disposable",), None),
        ("a@inbox.mailinator.com", ("disposable",), None),
        ("admin@mailinator.com", ("role", "disposable"), None),
        ("a@mailinator.com.example.jp", (), None),
        ("a@gmail.com", (), None),
        ("ユーザー@example.jp", (), "undeliverable:eai"),
        ("a..b@docomo.ne.jp", (), "legacy_jp"),
        ("a.@ezweb.ne.jp", (), "legacy_jp"),
    ],
)
def test_role_disposable_eai_and_legacy_addresses_are_told_apart(
    address: str, flags: tuple[str, ...], doubt: str | None
) -> None:
    parsed = parse_address(address)

    assert (parsed.flags, parsed.doubt) == (flags, doubt)
