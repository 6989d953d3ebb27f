"""Meta's API through an HTTP server: a verdict for each row, none for what is unknown, no address in a reason."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sodate.campaigns.conversion import Conversion, ConversionState, Row
from sodate.campaigns.export_conversions import Verdict
from sodate.campaigns.meta_client import MetaClient
from sodate.errors import Invalid, Transient

from tests.fakes.meta_server import HANGS, MetaServer, error, meta_server
from tests.support.campaigning import day

pytestmark = [pytest.mark.loopback, pytest.mark.allow_hosts(["127.0.0.1"])]
TOKEN = MetaServer.token
KEYS = [f"k{number}" for number in range(9)]
ROWS = [Row(Conversion("meta", key, "L1", "Won", day(30)), {"fbclid": "IwAR1"}, day(20), "ab" * 32) for key in KEYS]


def client(server: MetaServer, token: str = TOKEN, most_calls: int = 200) -> MetaClient:
    return MetaClient("1234567890", token, server.endpoint, most_calls=most_calls, timeout_s=2)


def states(verdicts: object) -> dict[str, ConversionState]:
    assert isinstance(verdicts, list)
    return {one.key: one.state for one in verdicts}


def test_what_meta_has_received_is_accepted_in_one_call() -> None:
    with meta_server() as server:
        assert set(states(client(server).upload(ROWS)).values()) == {ConversionState.ACCEPTED}
        assert server.requests == [("/v24.0/1234567890/events", KEYS)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(KEYS)))
def test_the_events_that_meta_refuses_are_found_and_no_other_is_lost(bad: set[str]) -> None:
    with meta_server(bad=sorted(bad)) as server:
        found = states(client(server).upload(ROWS))
    assert {key for key, state in found.items() if state is ConversionState.REJECTED} == bad
    assert found.keys() == set(KEYS)
    assert sorted(server.accepted) == sorted(set(KEYS) - bad), "each good event once"


def test_a_reason_has_codes_and_nothing_of_what_was_sent() -> None:
    with meta_server(bad=KEYS[:1]) as server:
        assert client(server).upload(ROWS[:1]) == [Verdict("k0", ConversionState.REJECTED, "error 100/2804003")]


@pytest.mark.parametrize(
    "answer",
    [
        (429, error(4)), (400, error(17)), (400, error(100, is_transient=True)), (500, b"<html>"), (503, error(2)),
        (408, b""), (400, error(613)), (400, error(80004)), (200, b"<html>"),
    ],
)  # fmt: skip
def test_what_may_come_right_later_is_no_verdict_and_no_second_call(answer: tuple[int, object]) -> None:
    with meta_server(answers=[answer]) as server:
        assert client(server).upload(ROWS) == []
        assert len(server.requests) == 1
        assert len(states(client(server).upload(ROWS))) == len(ROWS), "the next attempt"


def test_a_limit_in_the_middle_keeps_the_verdicts_so_far() -> None:
    refused, received = (400, error(100)), (200, {"events_received": 4})
    with meta_server(answers=[refused, received, (429, error(4))]) as server:
        assert states(client(server).upload(ROWS)) == dict.fromkeys(KEYS[:4], ConversionState.ACCEPTED)
        assert len(server.requests) == 3


def test_an_answer_that_does_not_come_in_time_is_no_verdict() -> None:
    with meta_server(answers=[(HANGS, b"")]) as server, pytest.raises(Transient):
        MetaClient("12", TOKEN, server.endpoint, timeout_s=0.1).upload(ROWS)


def test_no_answer_at_all_is_transient() -> None:
    with meta_server(answers=[(0, b"")]) as server, pytest.raises(Transient):
        client(server).upload(ROWS)
    with pytest.raises(Transient):
        client(server).upload(ROWS)  # nobody listens any more


@pytest.mark.parametrize("token", ["wrong", "wrong "])
def test_a_token_that_meta_does_not_accept_ends_the_upload(token: str) -> None:
    with meta_server() as server, pytest.raises(Invalid, match="does not accept the token") as raised:
        client(server, token).upload(ROWS)
    assert token.strip() not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"events_received": "9"}', b'{"events_received": true}', b"{" * 9999]
)
def test_an_answer_that_nobody_can_read_accepts_nothing(body: bytes) -> None:
    with meta_server(answers=[(200, body)]) as server:
        assert client(server).upload(ROWS) == [], "no verdict: Meta may have it"
        assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [(400, error(100, subcode=33)), (400, error(2635)), (404, b"<html>"), (301, b"")])
def test_a_refusal_of_the_whole_request_is_no_verdict_on_a_row(answer: tuple[int, object]) -> None:
    with meta_server(answers=[answer]) as server, pytest.raises(Invalid, match="refuses every request"):
        client(server).upload(ROWS)
    received, refused = (200, {"events_received": 4}), (400, error(100))
    with meta_server(answers=[refused, received, answer]) as server:
        assert states(client(server).upload(ROWS)) == dict.fromkeys(KEYS[:4], ConversionState.ACCEPTED)


def test_the_number_of_calls_is_bounded() -> None:
    with meta_server(bad=KEYS) as server:
        assert len(states(client(server, most_calls=5).upload(ROWS))) < len(ROWS)
        assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("dataset", "token", "endpoint"),
    [
        ("", "t", "https://graph.facebook.com"),
        ("12/../34", "t", "https://graph.facebook.com"),
        ("１２", "t", "https://graph.facebook.com"),
        ("12", " ", "https://graph.facebook.com"),
        ("12", "t", "http://graph.facebook.com"),
        ("12", "t", "ftp://localhost"),
    ],
)
def test_what_is_not_configured_is_refused_before_any_call(dataset: str, token: str, endpoint: str) -> None:
    with pytest.raises(Invalid):
        MetaClient(dataset, token, endpoint)
    assert "secret" not in repr(MetaClient("12", "secret"))
