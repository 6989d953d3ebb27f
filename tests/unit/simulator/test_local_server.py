"""The HTTP face of the simulator, spoken to by real boto3 and by plain HTTP; loopback only."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from ses_simulator.errors import Fault
from sodate.replies.inbound_email import read_email
from sodate.replies.judgement import Verdict, judge
from sodate_cli.local.server import LocalServices
from sodate_cli.local.sink import signature_of
from sodate_cli.local.web import serve

pytestmark = [pytest.mark.loopback, pytest.mark.allow_hosts(["127.0.0.1"])]

UNSUBSCRIBE_POST = {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}


class Running:
    def __init__(self, state: Path) -> None:
        self.services = LocalServices(state)
        self.services.simulator.identities = ("example.jp",)
        self.services.simulator.configuration_sets = ("sodate-test",)
        self.server = serve(self.services.router, 0)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def call(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    def json(self, method: str, path: str, document: Any = None) -> Any:
        status, _, text = self.call(method, path, json.dumps(document or {}))
        assert status < 300, text
        return json.loads(text)

    def ses(self, **config: Any) -> BaseClient:
        return boto3.client(
            "sesv2",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="ap-northeast-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    server = Running(tmp_path)
    yield server
    server.close()


def mail(**changes: Any) -> dict[str, Any]:
    simple = {
        "Subject": {"Data": "資料のご案内"},
        "Body": {"Text": {"Data": "本文"}, "Html": {"Data": '<p><a href="https://example.jp/a?x=1&amp;y=2">A</a></p>'}},
        "Headers": [{"Name": "X-Sodate-Send", "Value": "s-1"}],
    }
    return {
        "FromEmailAddress": "news@example.jp",
        "Destination": {"ToAddresses": ["taro@example.co.jp"]},
        "ConfigurationSetName": "sodate-test",
        "EmailTags": [{"Name": "send_id", "Value": "s-1"}],
        "Content": {"Simple": simple | changes},
    }


def test_boto3_sends_and_the_mail_can_be_listed_and_read(running: Running) -> None:
    message_id = running.ses().send_email(**mail())["MessageId"]
    listed = running.json("GET", "/control/messages?to=Taro@example.co.jp")["messages"]
    assert [(one["id"], one["subject"], one["events"]) for one in listed] == [
        (message_id, "資料のご案内", ["Send", "Delivery"])
    ]
    shown = running.json("GET", f"/control/messages/{message_id}")
    assert shown["headers"] == [["X-Sodate-Send", "s-1"]]
    assert shown["links"] == ["https://example.jp/a?x=1&y=2"]
    assert running.json("GET", "/control/messages?to=other@example.co.jp")["messages"] == []


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault.TOO_MANY_REQUESTS, "TooManyRequestsException", 429),
        (Fault.SENDING_PAUSED, "SendingPausedException", 400),
        (Fault.ACCOUNT_SUSPENDED, "AccountSuspendedException", 400),
        (Fault.LIMIT_EXCEEDED, "LimitExceededException", 400),
        (Fault.MESSAGE_REJECTED, "MessageRejected", 400),
        (Fault.MAIL_FROM_NOT_VERIFIED, "MailFromDomainNotVerifiedException", 400),
        (Fault.ACCEPTED_THEN_SERVER_ERROR, "InternalFailure", 500),
    ],
)
def test_boto3_recognises_every_ordered_error(running: Running, fault: Fault, code: str, status: int) -> None:
    running.json("POST", "/control/faults", {"fault": fault.value})
    ses = running.ses()
    with pytest.raises(ClientError) as refused:
        ses.send_email(**mail())
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if status < 500:
        assert type(refused.value).__name__ == code


def test_an_accepted_mail_whose_answer_is_lost_is_a_timeout_for_boto3(running: Running) -> None:
    running.services.simulator.inject(Fault.ACCEPTED_THEN_TIMEOUT)
    with pytest.raises(ReadTimeoutError):
        running.ses(read_timeout=0.3).send_email(**mail())
    assert len(running.services.simulator.messages) == 1


def test_a_closed_connection_reaches_boto3_as_such(running: Running) -> None:
    running.services.simulator.inject(Fault.RESET)
    with pytest.raises(ConnectionClosedError):
        running.ses().send_email(**mail())
    assert running.services.simulator.messages == []


def test_boto3_manages_the_suppression_list_and_reads_the_account(running: Running) -> None:
    ses = running.ses()
    ses.put_suppressed_destination(EmailAddress="taro+a@example.co.jp", Reason="BOUNCE")
    entry = ses.get_suppressed_destination(EmailAddress="taro+a@example.co.jp")["SuppressedDestination"]
    assert entry["LastUpdateTime"].tzinfo is not None
    assert len(ses.list_suppressed_destinations(Reasons=["BOUNCE"])["SuppressedDestinationSummaries"]) == 1
    ses.delete_suppressed_destination(EmailAddress="taro+a@example.co.jp")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.delete_suppressed_destination(EmailAddress="taro+a@example.co.jp")
    assert ses.get_account()["SendQuota"]["MaxSendRate"] == 14.0


def test_events_wait_for_the_topic_and_survive_its_failures(running: Running) -> None:
    published: list[str] = []
    failures = iter([True, False, False])

    def publish(text: str) -> None:
        if next(failures, False):
            raise ConnectionError("SNS is away")
        published.append(json.loads(text)["eventType"])

    running.ses().send_email(**mail())
    publisher = running.services.publisher
    publisher.publish_due()
    assert publisher.unpublished == 2
    publisher.publish = publish
    publisher.publish_due()
    assert (published, publisher.last_error) == ([], "ConnectionError: SNS is away")
    publisher.publish_due()
    assert (published, publisher.unpublished, publisher.last_error) == (["Send", "Delivery"], 0, None)


def test_a_restarted_server_still_has_the_mail_and_issues_no_id_twice(running: Running, tmp_path: Path) -> None:
    first = running.ses().send_email(**mail())["MessageId"]
    running.json("POST", f"/control/messages/{first}/complain")
    again = Running(tmp_path)
    kept = again.json("GET", f"/control/messages/{first}")
    assert kept["events"] == ["Send", "Delivery", "Complaint"]
    assert list(again.services.simulator.suppressed) == ["taro@example.co.jp"]
    assert again.ses().send_email(**mail())["MessageId"] != first
    again.close()


def test_a_torn_last_line_of_the_journal_is_dropped(running: Running, tmp_path: Path) -> None:
    running.ses().send_email(**mail())
    with (tmp_path / "mail.jsonl").open("a") as journal:
        journal.write('{"message": {"mess')
    again = Running(tmp_path)
    assert len(again.services.simulator.messages) == 1
    again.close()


def test_one_click_unsubscribe_posts_the_form_of_rfc_8058_to_the_header_s_address(running: Running) -> None:
    url = f"http://127.0.0.1:{running.port}/sink/unsubscribe"
    headers = [{"Name": "List-Unsubscribe", "Value": f"<{url}>, <mailto:x@example.jp>"}, UNSUBSCRIBE_POST]
    message_id = running.ses().send_email(**mail(Headers=headers))["MessageId"]
    done = running.json("POST", f"/control/messages/{message_id}/unsubscribe")
    received = running.json("GET", "/sink")["received"][0]
    assert done["done"] == "unsubscribe answered 204"
    assert received["body"] == "List-Unsubscribe=One-Click"
    assert received["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert "cookie" not in received["headers"]


def test_without_the_post_header_there_is_no_one_click(running: Running) -> None:
    headers = [{"Name": "List-Unsubscribe", "Value": "<https://example.jp/u>"}]
    message_id = running.ses().send_email(**mail(Headers=headers))["MessageId"]
    status, _, text = running.call("POST", f"/control/messages/{message_id}/unsubscribe")
    assert status == 409
    assert "one-click" in text


@pytest.mark.parametrize("path", ["/control/messages/none", "/control/messages/none/html", "/nowhere", "/mail/none"])
def test_what_is_not_there_is_404(running: Running, path: str) -> None:
    assert running.call("GET", path)[0] == 404


@pytest.mark.parametrize("action", ["open", "click", "unsubscribe"])
def test_acting_on_an_unknown_mail_is_404(running: Running, action: str) -> None:
    assert running.call("POST", f"/control/messages/none/{action}")[0] == 404


def test_every_hostile_value_is_shown_as_text_and_the_mail_itself_may_run_nothing(running: Running) -> None:
    hostile = "<svg onload=alert(1)>\"'&"
    headers = [{"Name": "X-Evil", "Value": hostile}]
    body = {"Html": {"Data": f"<script>alert(1)</script>{hostile}"}, "Text": {"Data": hostile}}
    request = mail(Subject={"Data": hostile}, Body=body, Headers=headers)
    message_id = running.ses().send_email(**request)["MessageId"]
    for view in ("html", "text", "headers", "events"):
        _, answered, page = running.call("GET", f"/mail/{message_id}?view={view}&notice=%3Csvg%20onload%3E")
        assert "<svg" not in page
        assert "<script>alert" not in page and page.count("<script>") == 1, "the page's own refreshes its list"
        assert "&lt;svg onload" in page
        assert "default-src 'none'" in answered["Content-Security-Policy"]
    status, answered, part = running.call("GET", f"/mail/{message_id}/html")
    assert status == 200
    assert hostile in part
    assert answered["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert 'sandbox=""' in running.call("GET", f"/mail/{message_id}")[2]


def test_the_mailbox_page_offers_each_link_and_a_click_becomes_an_event(running: Running) -> None:
    message_id = running.ses().send_email(**mail())["MessageId"]
    assert "https://example.jp/a?x=1&amp;y=2" in running.call("GET", f"/mail/{message_id}")[2]
    status, headers, _ = running.call(
        "POST", f"/mail/{message_id}/click", "link=https%3A%2F%2Fexample.jp%2Fa%3Fx%3D1%26y%3D2"
    )
    assert status == 303
    assert headers["Location"] == f"/mail/{message_id}?clicked=https%3A%2F%2Fexample.jp%2Fa%3Fx%3D1%26y%3D2"
    shown = running.call("GET", headers["Location"])[2]
    assert '<a href="https://example.jp/a?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">' in shown
    history = running.services.simulator.history(message_id)
    assert history[-1]["click"]["link"] == "https://example.jp/a?x=1&y=2"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_other_sites_can_neither_read_nor_act(running: Running, headers: dict[str, str]) -> None:
    message_id = running.ses().send_email(**mail())["MessageId"]
    assert running.call("POST", f"/mail/{message_id}/complain", **headers)[0] == 403
    assert len(running.services.simulator.history(message_id)) == 2


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://evil.example/", "<svg onload=alert(1)>"])
def test_a_page_address_cannot_make_the_mailbox_show_a_foreign_link(running: Running, link: str) -> None:
    message_id = running.ses().send_email(**mail())["MessageId"]
    page = running.call("GET", f"/mail/{message_id}?clicked={quote(link)}")[2]
    assert not any(part in page for part in ("evil.example", "javascript:", "<svg"))


def test_the_server_listens_on_loopback_only(running: Running) -> None:
    assert running.server.server_address[0] == "127.0.0.1"


def test_the_sink_tells_a_right_signature_from_a_wrong_and_an_old_one(running: Running) -> None:
    now = str(int(running.services.sink.clock().timestamp()))
    running.services.sink.secret = "s3cret"
    body = '{"type":"LeadBecameHot"}'

    def post(timestamp: str, key: bytes) -> None:
        signature = "v1,wrong " + signature_of(key, "msg_1", timestamp, body.encode())
        running.call(
            "POST", "/sink/sales", body, webhook_id="msg_1", webhook_timestamp=timestamp, webhook_signature=signature
        )

    post(now, b"s3cret")
    post(now, b"other")
    post(str(int(now) - 301), b"s3cret")
    running.call("POST", "/sink/sales", body)
    received = running.json("GET", "/sink")["received"]
    assert [one["signature"] for one in received] == [
        "valid",
        "wrong signature",
        "timestamp out of tolerance",
        "unsigned",
    ]
    assert received[0]["body"] == {"type": "LeadBecameHot"}
    assert received[0]["channel"] == "sales"


def test_the_sink_can_be_told_to_fail_first(running: Running) -> None:
    running.call("PUT", "/sink/answers", '{"answers": [500, 429]}')
    assert [running.call("POST", "/sink")[0] for _ in range(3)] == [500, 429, 204]


def test_the_signature_is_that_of_the_standard_webhooks_example() -> None:
    # The example that the Standard Webhooks libraries are tested with (msg_p5jXN8AQM9LWM0D4loKWxJek).
    import base64

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = signature_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_own_sender_is_verified_once_it_is_made_and_outlives_the_server(running: Running, tmp_path: Path) -> None:
    ses = running.ses()
    own = {**mail(), "FromEmailAddress": "news@mail.own-company.example"}
    with pytest.raises(ClientError, match="not verified"):
        ses.send_email(**own)
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.get_email_identity(EmailIdentity="mail.own-company.example")
    assert ses.create_email_identity(EmailIdentity="Mail.own-company.example")["VerifiedForSendingStatus"] is True
    assert ses.send_email(**own)["MessageId"]
    found = ses.get_email_identity(EmailIdentity="mail.own-company.example")
    assert (found["IdentityType"], found["DkimAttributes"]["Status"]) == ("DOMAIN", "SUCCESS")
    again = LocalServices(tmp_path)
    assert "mail.own-company.example" in again.simulator.identities


def with_a_bucket(running: Running) -> dict[str, bytes]:
    stored: dict[str, bytes] = {}
    running.services.inbox.domain, running.services.inbox.store = "reply.example.jp", stored.__setitem__
    return stored


def test_an_answer_is_stored_as_ses_stores_what_it_receives(running: Running) -> None:
    stored = with_a_bucket(running)
    message_id = running.ses().send_email(**mail(), ReplyToAddresses=["r-abc@reply.example.jp"])["MessageId"]
    options = {"text": "見積をお願いします", "from": "hanako@example.com"}
    done = running.json("POST", f"/control/messages/{message_id}/reply", options)["done"]
    ((key, content),) = stored.items()
    assert done == f"SES received it and stored {key}" and key.startswith("inbound/")
    email = read_email(content, is_cut=False)
    assert (email.sender, email.subject, email.recipients) == (
        "hanako@example.com", "Re: 資料のご案内", ["r-abc@reply.example.jp"]
    )  # fmt: skip
    assert (email.words.text, email.receipt.is_authentic) == ("見積をお願いします", True)


def test_an_automatic_answer_is_an_absence_note_for_whoever_reads_headers(running: Running) -> None:
    stored = with_a_bucket(running)
    message_id = running.ses().send_email(**mail(), ReplyToAddresses=["r-abc@reply.example.jp"])["MessageId"]
    running.json("POST", f"/control/messages/{message_id}/reply", {"text": "休んでおります", "auto_reply": True})
    assert judge(read_email(*stored.values(), is_cut=False)).verdict is Verdict.OUT_OF_OFFICE


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"text": " "}, "needs a text"),
        ({"text": "x", "from": "太郎@example.jp"}, "non-ASCII"),
        ({"text": "x", "from": "no address"}, "domain"),
    ],
)
def test_what_no_mail_program_would_send_is_refused(running: Running, options: dict[str, Any], why: str) -> None:
    stored = with_a_bucket(running)
    message_id = running.ses().send_email(**mail(), ReplyToAddresses=["r-abc@reply.example.jp"])["MessageId"]
    status, _, text = running.call("POST", f"/control/messages/{message_id}/reply", json.dumps(options))
    assert (status, stored) == (409, {})
    assert why in text


def test_an_answer_to_an_address_outside_reaches_nobody_and_the_page_says_so(running: Running) -> None:
    stored = with_a_bucket(running)
    message_id = running.ses().send_email(**mail())["MessageId"]
    _, headers, _ = running.call("POST", f"/mail/{message_id}/reply", "text=%E3%81%AF%E3%81%84&auto_reply=on")
    assert "news%40example.jp%2C+a+mailbox+outside+of+Sodate" in headers["Location"]
    assert stored == {}


def test_before_the_stage_is_known_nothing_is_received(running: Running) -> None:
    message_id = running.ses().send_email(**mail(), ReplyToAddresses=["r-abc@reply.example.jp"])["MessageId"]
    status, _, text = running.call("POST", f"/control/messages/{message_id}/reply", '{"text": "x"}')
    assert (status, "receives no email" in text) == (409, True)


@pytest.mark.parametrize("name", ["Reply-To", "FROM", "Message-ID"])
def test_ses_refuses_headers_that_it_sets_itself(running: Running, name: str) -> None:
    with pytest.raises(ClientError, match="cannot be a custom header"):
        running.ses().send_email(**mail(Headers=[{"Name": name, "Value": "x@example.jp"}]))


def test_a_browser_says_where_a_button_was_pressed(running: Running) -> None:
    """With `no-referrer` a browser sends `Origin: null` with every form, which is refused as another site's."""
    message_id = running.ses().send_email(**mail())["MessageId"]
    _, headers, _ = running.call("GET", f"/mail/{message_id}")
    assert headers["Referrer-Policy"] == "same-origin"
    own = f"http://127.0.0.1:{running.port}"
    assert running.call("POST", f"/mail/{message_id}/open", Origin=own)[0] == 303
    assert running.call("POST", f"/mail/{message_id}/open", Origin="null")[0] == 403
