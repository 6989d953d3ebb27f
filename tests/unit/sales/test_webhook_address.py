"""The webhook never connects to a private network, for any DNS answer, and follows no redirect."""

import base64
import hashlib
import hmac
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from sodate.errors import Invalid, Transient
from sodate.sales import webhook

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def post(url: str) -> webhook.Post:
    return webhook.sign(url, "id", {"a": 1}, "secret", NOW)


@dataclass
class Reply:
    """Its body must never be read: a receiver decides how large it is."""

    status: int

    def close(self) -> None: ...


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Requests that would be sent; none is."""
    calls: list[Any] = []

    def pool(scheme: str, address: str, port: int, host: str) -> Any:
        class Pool:
            def request(self, method: str, target: str, **options: Any) -> Reply:
                calls.append((scheme, address, port, host, target, options))
                answer = options.get("answer", answers[0])
                if isinstance(answer, Exception):
                    raise answer
                return Reply(answer)

        return Pool()

    monkeypatch.setattr(webhook, "pool", pool)
    return calls


answers: list[Any] = [200]


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",), ("10.0.0.1",), ("172.16.5.5",), ("192.168.1.1",), ("169.254.169.254",), ("0.0.0.0",),  # noqa: S104
        ("100.64.0.1",), ("::1",), ("fe80::1",), ("fd00::1",), ("::ffff:169.254.169.254",), ("::ffff:10.0.0.1",),
        ("64:ff9b::a9fe:a9fe",), ("2002:7f00:1::",), ("224.0.0.1",), ("255.255.255.255",),
        ("93.184.216.34", "10.0.0.1"), ("2606:2800:220:1::1", "::1"),
    ],
)  # fmt: skip
def test_29_an_address_inside_is_rejected_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], addresses: tuple[str, ...]
) -> None:
    resolves(monkeypatch, *addresses)
    with pytest.raises(Invalid, match="private network"):
        webhook.deliver(post("https://hooks.example.jp/x"), allow_private=False)
    assert asked == []


@pytest.mark.parametrize("url", ["http://hooks.example.jp/x", "ftp://hooks.example.jp/x", "file:///etc/passwd", "//x"])
def test_29_only_https_outside_the_local_stage(monkeypatch: pytest.MonkeyPatch, asked: list[Any], url: str) -> None:
    resolves(monkeypatch, "93.184.216.34")
    with pytest.raises(Invalid):
        webhook.deliver(post(url), allow_private=False)
    assert asked == []


@pytest.mark.parametrize(
    "url", ["https://hooks.example.jp:99999/x", "https://[::1/x", "https:///x", "https://toolong/"]
)
def test_29_an_address_that_is_none_is_rejected_in_words(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], url: str
) -> None:
    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Invalid):
        webhook.deliver(post(url), allow_private=False)
    assert asked == []


def test_29_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    """The host name is resolved once, so that DNS rebinding has no effect."""
    resolves(monkeypatch, "93.184.216.34")
    assert webhook.deliver(post("https://user:pw@hooks.example.jp/x?y=1"), allow_private=False) == 200
    ((scheme, address, port, host, target, options),) = asked
    assert (scheme, address, port, host, target) == ("https", "93.184.216.34", 443, "hooks.example.jp", "/x?y=1")
    assert options["headers"]["host"] == "hooks.example.jp"
    assert options["redirect"] is False
    assert options["retries"] is False
    assert options["preload_content"] is False


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (301, Invalid), (302, Invalid), (307, Invalid), (400, Invalid), (404, Invalid), (410, Invalid),
        (408, Transient), (425, Transient), (429, Transient), (500, Transient), (503, Transient),
        (urllib3.exceptions.ReadTimeoutError(None, "x", "y"), Transient),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again_and_what_never_will_is_not(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], answer: Any, error: type[Exception]
) -> None:
    resolves(monkeypatch, "93.184.216.34")
    answers[0] = answer
    try:
        with pytest.raises(error):
            webhook.deliver(post("https://hooks.example.jp/x"), allow_private=False)
    finally:
        answers[0] = 200
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("addresses", "dialled"),
    [
        (("2606:2800:220:1::1", "93.184.216.34"), "93.184.216.34"),
        (("93.184.216.34", "9.9.9.9", "2606:2800:220:1::1"), "9.9.9.9"),
        (("100.0.0.1", "20.0.0.1", "9.0.0.1"), "9.0.0.1"),
    ],
)
def test_a_host_with_both_kinds_of_address_is_reached_over_ipv4(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], addresses: tuple[str, ...], dialled: str
) -> None:
    """A function outside a VPC has no way out over IPv6; addresses are compared as numbers, not as text."""
    resolves(monkeypatch, *addresses)
    assert webhook.deliver(post("https://hooks.example.jp/x"), allow_private=False) == 200
    assert asked[0][1] == dialled


def test_a_host_without_ipv4_is_rejected_in_words_and_not_dialled(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    resolves(monkeypatch, "2606:2800:220:1::1")
    with pytest.raises(Invalid, match="no IPv4 address"):
        webhook.deliver(post("https://hooks.example.jp/x"), allow_private=False)
    assert asked == []


def verified_by_a_standard_library(sent: webhook.Post, secret: str) -> bool:
    """As the libraries of Standard Webhooks do it: base64 behind `whsec_`, and one matching signature is enough."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{sent.message_id}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(one == f"v1,{expected}" for one in sent.headers["webhook-signature"].split(" "))


WHSEC = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_standard_library_verifies_both_forms_of_the_key() -> None:
    assert verified_by_a_standard_library(webhook.sign("u", "id", {"a": 1}, WHSEC, NOW), WHSEC)
    text = "a-key-that-secrets-manager-made"
    as_standard = "whsec_" + base64.b64encode(text.encode()).decode()
    assert verified_by_a_standard_library(webhook.sign("u", "id", {"a": 1}, text, NOW), as_standard)


def test_while_the_receiver_changes_its_key_a_message_has_both_signatures() -> None:
    sent = webhook.sign("u", "id", {"a": 1}, f"{WHSEC} the-old-one", NOW)
    old = "whsec_" + base64.b64encode(b"the-old-one").decode()
    assert verified_by_a_standard_library(sent, WHSEC)
    assert verified_by_a_standard_library(sent, old)
    assert not verified_by_a_standard_library(sent, "whsec_" + base64.b64encode(b"another").decode())


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_not base64!", "whsec_%%%"])
def test_a_key_that_is_none_is_rejected_in_words(secret: str) -> None:
    with pytest.raises(Invalid, match="webhook secret"):
        webhook.keys_of(secret)
