"""Shared by the commands that send tests to seed contacts: the sender of the stage, and SES's answers."""

import time
from collections.abc import Sequence

import typer
from sodate.email.delivery.seed_send import SeedSender
from sodate.email.delivery.ses import Answer, SesMailer

from sodate_cli import output
from sodate_cli.operator import now, outputs, ses_client
from sodate_cli.target import Target


def seed_sender(where: Target) -> SeedSender:
    of_stage = outputs(where)
    mailer = SesMailer(lambda: ses_client(where), of_stage["ConfigurationSet"])
    return SeedSender(mailer, of_stage["ApiUrl"], lambda: now(where), time.sleep)


def show_answers(title: str, answers: Sequence[tuple[str, Answer]], *, as_json: bool) -> None:
    """Ends with 1 unless SES accepted every email."""
    columns = ("address", "answer", "reason")
    rows = [(address, answer.verdict.value, answer.reason or "") for address, answer in answers]
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.show_table(title, columns, rows)
    if any(answer != "accepted" for _, answer, _ in rows):
        raise typer.Exit(output.FAILED)
