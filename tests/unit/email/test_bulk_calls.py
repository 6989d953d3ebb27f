"""`SesMailer.send_bulk`: one call where it can be one, and where it cannot, no further call once time is up."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ses_simulator.client import SimulatedSes
from sodate.email.delivery.ses import OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Sender

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SENDER = Sender(name="育て", from_address="news@example.jp", contact="x", postal_address="東京都")


class Counting:
    """Counts the calls; every answer is the simulator's."""

    def __init__(self) -> None:
        self.ses = SimulatedSes(clock=lambda: NOW, identities=["example.jp"], configuration_sets=["sodate-test"])
        self.calls = 0

    def send_email(self, **request: Any) -> Any:
        return self.ses.send_email(**request)

    def send_bulk_email(self, **request: Any) -> Any:
        self.calls += 1
        return self.ses.send_bulk_email(**request)


def emails(number: int, *, with_reply_to: bool) -> list[OutgoingEmail]:
    return [
        OutgoingEmail(
            to=f"taro{n}@example.com",
            sender=SENDER.model_copy(update={"reply_to": f"r-{n}@reply.example.jp"}) if with_reply_to else SENDER,
            subject="s", html="<p>h</p>", text="t", tags={"send_id": str(n)}, headers={},
        )
        for n in range(number)
    ]  # fmt: skip


@pytest.fixture
def client() -> Counting:
    return Counting()


@pytest.fixture
def mailer(client: Counting) -> SesMailer:
    return SesMailer(lambda: client, "sodate-test")


def has_time(*answers: bool) -> Any:
    left: Iterator[bool] = iter(answers)
    return lambda: next(left)


def test_emails_without_a_reply_address_go_out_in_one_call(client: Counting, mailer: SesMailer) -> None:
    answers = mailer.send_bulk(emails(5, with_reply_to=False), has_time())
    assert ([answer.verdict for answer in answers], client.calls) == ([Verdict.ACCEPTED] * 5, 1)


def test_what_has_no_time_for_a_call_of_its_own_is_not_attempted(client: Counting, mailer: SesMailer) -> None:
    answers = mailer.send_bulk(emails(5, with_reply_to=True), has_time(True, False))
    assert [answer.verdict for answer in answers] == [Verdict.ACCEPTED] * 2 + [Verdict.DEFERRED] * 3
    assert [answer.reason for answer in answers[2:]] == [Reason.NOT_ATTEMPTED] * 3
    assert client.calls == len(client.ses.simulator.messages) == 2, "SES was not asked for the others"
    assert not any(answer.is_silence for answer in answers), "it says nothing of SES"


def test_the_first_email_is_attempted_however_late_it_is(client: Counting, mailer: SesMailer) -> None:
    answers = mailer.send_bulk(emails(2, with_reply_to=True), lambda: False)
    assert [answer.verdict for answer in answers] == [Verdict.ACCEPTED, Verdict.DEFERRED]


def test_each_email_has_its_own_reply_address(client: Counting, mailer: SesMailer) -> None:
    mailer.send_bulk(emails(3, with_reply_to=True))
    assert [mail.reply_to for mail in client.ses.simulator.messages] == [(f"r-{n}@reply.example.jp",) for n in range(3)]
