"""The table of SES's answers contains every answer of SES, and each has the effect of its class."""

import boto3
import pytest
from sodate.email.delivery.ses_answers import BULK_STATUSES, ERRORS, Verdict, meaning_of_entry, meaning_of_error

SENDER = "news@mail.example.jp"


def _model() -> object:
    return boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta


def test_every_error_of_both_calls_is_in_the_table() -> None:
    model = _model().service_model  # type: ignore[attr-defined]
    declared = {
        shape.name for name in ("SendEmail", "SendBulkEmail") for shape in model.operation_model(name).error_shapes
    }
    assert declared
    assert declared <= set(ERRORS)


def test_every_exception_of_the_service_is_in_the_table() -> None:
    model = _model().service_model  # type: ignore[attr-defined]
    exceptions = {name for name in model.shape_names if getattr(model.shape_for(name), "metadata", {}).get("exception")}
    assert len(exceptions) > 10
    assert exceptions <= set(ERRORS)


def test_every_bulk_status_is_in_the_table() -> None:
    statuses = set(_model().service_model.shape_for("BulkEmailStatus").enum)  # type: ignore[attr-defined]
    assert statuses == set(BULK_STATUSES)


@pytest.mark.parametrize(
    ("code", "status", "message_text", "stops"),
    [
        (
            "MessageRejected",
            400,
            f"Email address is not verified: {SENDER}",
            "identity_not_verified",
        ),
        ("MessageRejected", 400, "Email address is not verified.", "identity_not_verified"),
        ("MessageRejected", 400, "Email address is not verified: somebody@example.net", None),
        ("MessageRejected", 400, "Message contains unsafe content.", None),
        ("MailFromDomainNotVerifiedException", 400, "", "mail_from_not_verified"),
        ("NotFoundException", 404, "Configuration set <x> does not exist.", "configuration_set_missing"),
        ("TooManyRequestsException", 429, "Maximum sending rate exceeded.", None),
        ("TooManyRequestsException", 429, "Daily message quota exceeded.", "quota_exhausted"),
        ("NewRefusalException", 400, "", "unknown_refusal"),
        ("SomethingNew", 403, "", "access_denied"),
    ],
)
def test_what_concerns_all_email_stops_it_and_nothing_else_does(
    code: str, status: int, message_text: str, stops: str | None
) -> None:
    assert meaning_of_error(code, status, message_text, SENDER).stops == stops


def test_an_unknown_answer_is_never_a_rejection_of_one_email() -> None:
    assert meaning_of_error("", 500, "", SENDER).verdict == Verdict.AMBIGUOUS
    assert meaning_of_error("Odd", 599, "", SENDER).verdict == Verdict.AMBIGUOUS
    assert meaning_of_error("Odd", 418, "", SENDER).verdict == Verdict.DEFERRED
    assert meaning_of_entry("A_NEW_STATUS", "", SENDER).verdict == Verdict.AMBIGUOUS


@pytest.mark.parametrize(
    "status", ["MAIL_FROM_DOMAIN_NOT_VERIFIED", "CONFIGURATION_SET_NOT_FOUND", "INVALID_SENDING_POOL_NAME"]
)
def test_an_entry_rejected_for_all_email_ends_no_send(status: str) -> None:
    meaning = meaning_of_entry(status, "", SENDER)
    assert (meaning.verdict, meaning.stops is not None) == (Verdict.DEFERRED, True)
