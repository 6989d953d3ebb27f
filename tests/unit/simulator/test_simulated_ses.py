"""The in-process SES: what a sender sees, and what really went out."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from ses_simulator.client import SimulatedSes
from ses_simulator.disturbance import Disturbance
from ses_simulator.errors import Fault
from ses_simulator.quota import Account

START = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def new_ses(**options: Any) -> SimulatedSes:
    options.setdefault("clock", Clock())
    return SimulatedSes(identities={"example.jp"}, configuration_sets={"sodate-test"}, **options)


def mail(to: str = "taro@example.co.jp", **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "FromEmailAddress": "Sodate <news@example.jp>",
        "Destination": {"ToAddresses": [to]},
        "ConfigurationSetName": "sodate-test",
        "EmailTags": [{"Name": "send_id", "Value": "s-1"}],
        "Content": {
            "Simple": {
                "Subject": {"Data": "資料のご案内"},
                "Body": {"Text": {"Data": "こんにちは"}, "Html": {"Data": '<a href="https://example.jp/a">A</a>'}},
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.jp/u/1>"}],
            }
        },
    }
    return request | changes


def with_simple(**changes: Any) -> dict[str, Any]:
    request = mail()
    request["Content"]["Simple"] |= changes
    return request


def types(ses: SimulatedSes) -> list[str]:
    return [event["eventType"] for event in ses.simulator.take_events()]


def test_an_accepted_mail_is_kept_and_its_tags_come_back_in_every_event() -> None:
    ses = new_ses()
    message_id = ses.send_email(**mail())["MessageId"]
    events = ses.simulator.take_events()
    assert [message.message_id for message in ses.simulator.messages] == [message_id]
    assert [event["eventType"] for event in events] == ["Send", "Delivery"]
    for event in events:
        assert event["mail"]["messageId"] == message_id
        assert event["mail"]["tags"]["send_id"] == ["s-1"]
        assert event["mail"]["tags"]["ses:configuration-set"] == ["sodate-test"]
    assert ses.simulator.take_events() == []


def test_without_a_configuration_set_mail_is_sent_and_no_event_is_published() -> None:
    ses = new_ses()
    request = mail()
    del request["ConfigurationSetName"]
    message_id = ses.send_email(**request)["MessageId"]
    assert len(ses.simulator.messages) == 1
    assert types(ses) == []
    assert len(ses.simulator.history(message_id)) == 2


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("bounce@example.co.jp", ["Send", "Bounce"]),
        ("Bounce+yamada@example.co.jp", ["Send", "Bounce"]),
        ("late-bounce@example.co.jp", ["Send", "Delivery", "Bounce"]),
        ("complaint@example.co.jp", ["Send", "Delivery", "Complaint"]),
        ("ooto@example.co.jp", ["Send", "Delivery", "Bounce"]),
        ("delay@example.co.jp", ["Send", "DeliveryDelay", "Delivery"]),
        ("bouncer@example.co.jp", ["Send", "Delivery"]),
    ],
)
def test_special_addresses_play_their_part(to: str, expected: list[str]) -> None:
    ses = new_ses()
    ses.send_email(**mail(to))
    assert types(ses) == expected


def test_an_out_of_office_reply_is_a_transient_general_bounce_and_suppresses_nobody() -> None:
    ses = new_ses()
    ses.send_email(**mail("ooto@example.co.jp"))
    bounce = ses.simulator.take_events()[-1]["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Transient", "General")
    assert ses.simulator.suppressed == {}


def test_a_complaint_suppresses_and_taking_it_back_does_not() -> None:
    ses = new_ses()
    ses.send_email(**mail("not-spam@example.co.jp"))
    assert ses.simulator.suppressed == {}
    ses.send_email(**mail("complaint@example.co.jp"))
    assert list(ses.simulator.suppressed) == ["complaint@example.co.jp"]


def test_a_hard_bounce_puts_the_address_on_the_account_list_and_the_next_mail_is_taken_but_not_delivered() -> None:
    ses = new_ses()
    ses.send_email(**mail("bounce@example.co.jp"))
    ses.simulator.take_events()
    ses.send_email(**mail("bounce@example.co.jp"))
    events = ses.simulator.take_events()
    assert [event["eventType"] for event in events] == ["Send", "Bounce"]
    assert events[1]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 2


def test_mail_to_an_address_that_complained_causes_a_suppression_complaint_without_feedback_type() -> None:
    ses = new_ses()
    ses.put_suppressed_destination(EmailAddress="hanako@example.co.jp", Reason="COMPLAINT")
    ses.send_email(**mail("hanako@example.co.jp"))
    complaint = ses.simulator.take_events()[-1]["complaint"]
    assert complaint["complaintSubType"] == "OnAccountSuppressionList"
    assert "complaintFeedbackType" not in complaint


@pytest.mark.parametrize(
    "request_",
    [
        with_simple(Headers=[{"Name": f"X-{n}", "Value": "v"} for n in range(16)]),
        with_simple(Headers=[{"Name": "X Bad", "Value": "v"}]),
        with_simple(Headers=[{"Name": "X:Bad", "Value": "v"}]),
        with_simple(Headers=[{"Name": "X" * 127, "Value": "v"}]),
        with_simple(Headers=[{"Name": "X-A", "Value": "v" * 996}]),
        with_simple(Headers=[{"Name": "X-A", "Value": "v\r\nBcc: evil@example.com"}]),
        with_simple(Headers=[{"Name": "X-A", "Value": "日本"}]),
        with_simple(Subject={"Data": "a\r\nBcc: evil@example.com"}),
        with_simple(Subject={"Data": "a\nb"}),
        mail("ユーザー@example.jp"),
        mail("user@例.jp"),
        mail("a..b@docomo.ne.jp"),
        mail("taro@example.co.jp\r\nBcc: evil@example.com"),
        mail("taro"),
        mail(Destination={"ToAddresses": []}),
        mail(Destination={"ToAddresses": [f"u{n}@example.jp" for n in range(51)]}),
        mail(EmailTags=[{"Name": "send id", "Value": "x"}]),
        mail(EmailTags=[{"Name": "send_id", "Value": "日本"}]),
        mail(EmailTags=[{"Name": "a" * 257, "Value": "x"}]),
        mail(FromEmailAddress="育て <news@example.jp>"),
    ],
)
def test_what_ses_would_call_a_bad_request_is_refused_and_nothing_is_sent(request_: dict[str, Any]) -> None:
    ses = new_ses()
    with pytest.raises(ses.exceptions.BadRequestException) as refused:
        ses.send_email(**request_)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert ses.simulator.messages == []
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 0


def test_the_largest_legal_headers_are_taken() -> None:
    ses = new_ses()
    headers = [{"Name": f"X-{n:02d}".ljust(126, "x"), "Value": "~" * 995} for n in range(15)]
    ses.send_email(**with_simple(Headers=headers))
    assert len(ses.simulator.messages[0].headers) == 15


def test_an_unknown_parameter_is_refused_by_botocore_itself() -> None:
    with pytest.raises(ParamValidationError):
        new_ses().send_email(**mail(MessageTags=[]))


def test_an_unknown_configuration_set_is_not_found() -> None:
    ses = new_ses()
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.send_email(**mail(ConfigurationSetName="other"))


@pytest.mark.parametrize("source", ["news@example.com", "news@example.jp.evil.example", "news@badexample.jp"])
def test_a_sender_that_is_not_verified_is_rejected(source: str) -> None:
    ses = new_ses()
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**mail(FromEmailAddress=source))


def test_a_subdomain_of_a_verified_domain_may_send() -> None:
    ses = new_ses()
    ses.send_email(**mail(FromEmailAddress="news@mail.example.jp"))
    assert len(ses.simulator.messages) == 1


def test_in_the_sandbox_recipients_must_be_verified_too() -> None:
    ses = new_ses(account=Account(production_access=False))
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**mail())
    ses.send_email(**mail("me@example.jp"))


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault.TOO_MANY_REQUESTS, "TooManyRequestsException", 429),
        (Fault.LIMIT_EXCEEDED, "LimitExceededException", 400),
        (Fault.ACCOUNT_SUSPENDED, "AccountSuspendedException", 400),
        (Fault.SENDING_PAUSED, "SendingPausedException", 400),
        (Fault.MESSAGE_REJECTED, "MessageRejected", 400),
        (Fault.MAIL_FROM_NOT_VERIFIED, "MailFromDomainNotVerifiedException", 400),
        (Fault.BAD_REQUEST, "BadRequestException", 400),
        (Fault.SERVER_ERROR, "InternalFailure", 500),
    ],
)
def test_an_injected_refusal_has_the_code_of_the_model_and_strikes_once(fault: Fault, code: str, status: int) -> None:
    ses = new_ses()
    ses.simulator.inject(fault)
    with pytest.raises(ClientError) as refused:
        ses.send_email(**mail())
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert ses.simulator.messages == []
    ses.send_email(**mail())
    assert len(ses.simulator.messages) == 1


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [
        (Fault.TIMEOUT, ReadTimeoutError, 0),
        (Fault.RESET, ConnectionClosedError, 0),
        (Fault.ACCEPTED_THEN_TIMEOUT, ReadTimeoutError, 1),
        (Fault.ACCEPTED_THEN_RESET, ConnectionClosedError, 1),
        (Fault.ACCEPTED_THEN_SERVER_ERROR, ClientError, 1),
    ],
)
def test_a_lost_answer_looks_the_same_whether_the_mail_went_out_or_not(
    fault: Fault, error: type[Exception], sent: int
) -> None:
    ses = new_ses()
    ses.simulator.inject(fault)
    with pytest.raises(error):
        ses.send_email(**mail())
    assert len(ses.simulator.messages) == sent
    assert types(ses) == ["Send", "Delivery"][: sent * 2]


def test_a_paused_or_suspended_account_sends_nothing_until_it_is_resumed() -> None:
    ses = new_ses()
    ses.simulator.account.sending_enabled = False
    with pytest.raises(ses.exceptions.SendingPausedException):
        ses.send_email(**mail())
    ses.simulator.account.sending_enabled, ses.simulator.account.suspended = True, True
    with pytest.raises(ses.exceptions.AccountSuspendedException):
        ses.send_email(**mail())
    assert ses.get_account()["EnforcementStatus"] == "SHUTDOWN"
    ses.simulator.account.suspended = False
    ses.send_email(**mail())


@given(st.lists(st.integers(min_value=0, max_value=900), max_size=80))
def test_no_second_ever_holds_more_mail_than_the_rate(pauses: list[int]) -> None:
    clock = Clock()
    ses = new_ses(clock=clock, account=Account(max_send_rate=3))
    for pause in pauses:
        clock.now += timedelta(milliseconds=pause)
        try:
            ses.send_email(**mail())
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "TooManyRequestsException"
    sent = [message.at for message in ses.simulator.messages]
    assert all(sum(at <= other < at + timedelta(seconds=1) for other in sent) <= 3 for at in sent)
    assert len(sent) >= min(len(pauses), 3)


def test_the_daily_quota_counts_recipients_and_frees_them_after_24_hours() -> None:
    clock = Clock()
    ses = new_ses(clock=clock, account=Account(max_send_rate=100, max_24_hour_send=3))
    ses.send_email(**mail(Destination={"ToAddresses": ["a@x.example", "b@x.example"]}))
    with pytest.raises(ses.exceptions.TooManyRequestsException, match="Daily message quota exceeded"):
        ses.send_email(**mail(Destination={"ToAddresses": ["c@x.example", "d@x.example"]}))
    ses.send_email(**mail())
    clock.now += timedelta(hours=24)
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 0
    ses.send_email(**mail())


def test_the_suppression_list_can_be_read_and_emptied() -> None:
    ses = new_ses()
    ses.put_suppressed_destination(EmailAddress="Taro@example.co.jp", Reason="BOUNCE")
    found = ses.get_suppressed_destination(EmailAddress="taro@example.co.jp")["SuppressedDestination"]
    assert (found["Reason"], found["LastUpdateTime"]) == ("BOUNCE", START)
    assert ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"] == []
    ses.delete_suppressed_destination(EmailAddress="taro@example.co.jp")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress="taro@example.co.jp")


def test_a_reader_can_open_click_bounce_and_complain_later() -> None:
    clock = Clock()
    ses = new_ses(clock=clock)
    message_id = ses.send_email(**mail())["MessageId"]
    ses.simulator.take_events()
    clock.now += timedelta(hours=2)
    ses.simulator.open(message_id)
    ses.simulator.click(message_id, "https://example.jp/a")
    ses.simulator.bounce(message_id, "Transient", "MailboxFull")
    ses.simulator.complain(message_id)
    events = ses.simulator.take_events()
    assert [event["eventType"] for event in events] == ["Open", "Click", "Bounce", "Complaint"]
    assert events[1]["click"]["link"] == "https://example.jp/a"
    assert events[1]["click"]["timestamp"] == "2026-11-21T02:00:00.000Z"
    with pytest.raises(ValueError, match="no link"):
        ses.simulator.click(message_id, "https://evil.example/")


@given(st.integers(min_value=0, max_value=10_000))
def test_a_seed_repeats_its_duplicates_losses_and_order(seed: int) -> None:
    def run() -> list[tuple[str, str]]:
        disturbance = Disturbance(seed, duplicates=0.3, loss=0.2, delay=timedelta(hours=1), disorder=True)
        ses = new_ses(disturbance=disturbance, account=Account(max_send_rate=1000))
        for number in range(10):
            ses.send_email(**mail(f"u{number}@example.co.jp"))
        return [(e["eventType"], e["mail"]["destination"][0]) for e in ses.simulator.take_events(all_of_them=True)]

    assert run() == run()


def test_disturbed_events_are_lost_doubled_and_shuffled_but_never_invented() -> None:
    clock = Clock()
    disturbance = Disturbance(7, duplicates=0.3, loss=0.2, disorder=True)
    ses = new_ses(clock=clock, disturbance=disturbance, account=Account(max_send_rate=1000))
    for number in range(100):
        ses.send_email(**mail(f"u{number}@example.co.jp"))
    seen = [(e["eventType"], e["mail"]["messageId"]) for e in ses.simulator.take_events()]
    counts = Counter(seen)
    assert set(counts.values()) == {1, 2}
    assert 120 < len(counts) < 190
    assert seen != sorted(seen, key=lambda pair: pair[1])


def test_a_delayed_event_waits_for_the_clock() -> None:
    clock = Clock()
    ses = new_ses(clock=clock, disturbance=Disturbance(3, delay=timedelta(hours=1)))
    ses.send_email(**mail())
    early = len(ses.simulator.take_events())
    clock.now += timedelta(hours=1)
    assert early < 2
    assert early + len(ses.simulator.take_events()) == 2


def test_bulk_mail_renders_each_entry_and_a_missing_value_is_an_event_not_a_mail() -> None:
    ses = new_ses()
    content = {"Subject": "{{name}} 様", "Text": "{{name}}", "Html": "<p>{{ name }}</p>"}
    entries = [
        {
            "Destination": {"ToAddresses": ["taro@example.co.jp"]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "山田"}'}},
        },
        {"Destination": {"ToAddresses": ["hanako@example.co.jp"]}},
        {
            "Destination": {"ToAddresses": ["bad address"]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "x"}'}},
        },
    ]
    results = ses.send_bulk_email(
        FromEmailAddress="news@example.jp",
        ConfigurationSetName="sodate-test",
        DefaultContent={"Template": {"TemplateContent": content, "TemplateData": "{}"}},
        BulkEmailEntries=entries,
    )["BulkEmailEntryResults"]
    assert [result["Status"] for result in results] == ["SUCCESS", "SUCCESS", "INVALID_PARAMETER"]
    assert [message.subject for message in ses.simulator.messages] == ["山田 様"]
    assert types(ses) == ["Send", "Delivery", "Rendering Failure"]
