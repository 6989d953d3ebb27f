"""What a form post becomes: repeat, quarantine or accepted; a new lead or a merge; consent asked, repeated or given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.forms.answers import FieldErrors, read_answers
from sodate.forms.bots import Suspicion
from sodate.forms.definition import Form
from sodate.forms.opt_in import ConfirmedAtOnce, ConsentRequest, ConsentRequested, RequestRepeated
from sodate.forms.submission import Controls, Submission
from sodate.forms.submission_plan import (
    SAME_POST,
    Accept,
    Captured,
    KnownAddress,
    Outcome,
    Quarantine,
    Receipt,
    Repeat,
    SubmissionPlan,
    decide_post,
    plan_submission,
)
from sodate.leads.contact_state import ContactState

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REPEATED = Captured(Outcome.REPEAT, "stored-1", "repeat")
STAMP = "2026-11-24T08:00:00.000Z"
FIELDS: list[dict[str, Any]] = [
    {"name": "email", "type": "email", "required": True},
    {"name": "name", "type": "text", "maps_to": "primary.name"},
    {"name": "agree", "type": "checkbox"},
]
CONSENT = {"field": "agree", "topics": ["news"], "wording": "同意します", "template": "opt-in"}
ROBOT, CAPTCHA = Suspicion("honeypot"), Suspicion("captcha", is_disclosed=True)


def form(**consent: Any) -> Form:
    return Form.model_validate({"id": "f", "title": "資料請求", "fields": FIELDS, "consent": CONSENT | consent})


def post(submission_id: str | None = None, at: datetime = NOW, source: dict[str, str] | None = None,
         **answers: Any) -> Submission:  # fmt: skip
    values = {"email": "taro@example.jp", "name": "山田", "agree": True} | answers
    return Submission("f", 3, at, read_answers(form(), values), Controls(submission_id), source or {})


def receipt(submission: Submission, age: timedelta = timedelta(0), **changes: Any) -> Receipt:
    return replace(Receipt("stored-1", submission.digest, submission.at - age), **changes)


def decided(submission: Submission, suspicion: Suspicion | None, stored: Receipt | None) -> Any:
    return decide_post(submission, suspicion, stored, lambda: "new-1")


NAMED, UNNAMED = post("given-001"), post()
OLD, IN_QUARANTINE = receipt(UNNAMED, SAME_POST), receipt(NAMED, suspicion="honeypot")


@pytest.mark.parametrize(
    ("submission", "suspicion", "stored", "expected"),
    [
        (NAMED, None, None, Accept("given-001", None)),
        (UNNAMED, None, None, Accept("new-1", None)),
        (UNNAMED, None, OLD, Accept("new-1", OLD)),
        (UNNAMED, None, receipt(UNNAMED), Repeat(REPEATED, has_lead=True)),
        (NAMED, None, receipt(NAMED, timedelta(days=20)), Repeat(REPEATED, has_lead=True)),
        (NAMED, ROBOT, receipt(NAMED), Repeat(REPEATED, has_lead=True)),
        (NAMED, ROBOT, None, Quarantine(Captured(Outcome.QUARANTINED, "given-001", "honeypot"), "honeypot", None)),
        (NAMED, CAPTCHA, None, Quarantine(Captured(Outcome.CHECK_FAILED, "given-001", "captcha"), "captcha", None)),
        (NAMED, CAPTCHA, IN_QUARANTINE, Repeat(Captured(Outcome.CHECK_FAILED, "stored-1", "captcha"), has_lead=False)),
        (NAMED, None, IN_QUARANTINE, Accept("stored-1", IN_QUARANTINE, releases=True)),
    ],
    ids=["new with an id", "new without", "same answers much later", "double click", "repeat with an id",
         "suspicious repeat of a stored post", "robot", "captcha", "captcha again", "captcha solved"],
)  # fmt: skip
def test_a_post_is_a_repeat_or_suspicious_or_accepted(
    submission: Submission, suspicion: Suspicion | None, stored: Receipt | None, expected: object
) -> None:
    assert decided(submission, suspicion, stored) == expected


def test_a_submission_id_used_with_other_answers_is_an_error() -> None:
    with pytest.raises(FieldErrors):
        decided(post("given-001", name="佐藤"), None, receipt(NAMED))


def planned(known: KnownAddress, submission: Submission = NAMED, **consent: Any) -> SubmissionPlan:
    return plan_submission(form(**consent), submission, Accept("given-001", None), known, lambda: "lead-new")


def existing(**changes: Any) -> KnownAddress:
    requests = changes.pop("requests", ())
    return KnownAddress("key", "lead-1", ContactState("lead-1", "key", **changes), None, requests)


def test_an_unknown_address_becomes_a_lead() -> None:
    plan = planned(KnownAddress("key"), post("given-001", source={"utm_source": "ad", "time_zone": "Asia/Tokyo"}))
    assert plan.profile is not None
    assert (plan.profile.lead_id, plan.profile.primary) == ("lead-new", {"name": "山田"})
    assert plan.profile.source == {"form": "f", "utm_source": "ad", "time_zone": "Asia/Tokyo"}
    assert (plan.after.address_key, plan.after.zone, plan.after.topics) == ("key", "Asia/Tokyo", {"news": "pending"})
    assert plan.captured == Captured(Outcome.STORED, "given-001", "stored", "lead-new")


def test_the_address_of_an_erased_lead_becomes_a_new_lead() -> None:
    plan = planned(KnownAddress("key", owner="lead-erased"))
    assert (plan.lead_id, plan.before) == ("lead-new", None)


def test_a_suppressed_address_becomes_a_blocked_lead_that_is_asked_nothing() -> None:
    plan = planned(KnownAddress("key", suppressed="hard_bounce"))
    assert plan.after.blocked == "hard_bounce"
    assert isinstance(plan.consent, ConsentRequested)
    assert plan.consent.email is None


def test_a_known_address_keeps_its_lead_and_its_time_zone() -> None:
    source = {"time_zone": "Europe/Berlin"}
    plan = planned(existing(zone="Asia/Tokyo"), post("given-001", source=source))
    assert (plan.lead_id, plan.profile, plan.after.zone) == ("lead-1", None, "Asia/Tokyo")
    assert planned(existing(), post("given-001", source=source)).after.zone == "Europe/Berlin"


def test_an_unticked_box_asks_nothing() -> None:
    plan = planned(existing(), post("given-001", agree=False))
    assert (plan.consent, plan.after) == (None, plan.before)


def test_without_double_opt_in_only_the_lead_that_the_post_creates_is_confirmed() -> None:
    created, known = planned(KnownAddress("key"), double_opt_in=False), planned(existing(), double_opt_in=False)
    assert isinstance(created.consent, ConfirmedAtOnce)
    assert (created.consent.topics, created.after.topics) == (("news",), {"news": "confirmed"})
    assert isinstance(known.consent, ConsentRequested)
    assert known.after.topics == {"news": "pending"}


OPEN = ConsentRequest("CONSENT#requested#f#3#000001", STAMP, repeats=2)


@pytest.mark.parametrize(
    ("state", "request_", "key"),
    [
        ({}, OPEN, "000001"),
        ({}, replace(OPEN, is_confirmed=True), "000002"),
        ({"opted_out_at": STAMP}, OPEN, "000002"),
    ],
    ids=["open", "confirmed before", "older than an opt-out"],
)
def test_an_open_request_is_renewed_and_a_closed_one_is_followed_by_another(
    state: dict[str, Any], request_: ConsentRequest, key: str
) -> None:
    plan = planned(existing(requests=(request_,), **state))
    assert isinstance(plan.consent, ConsentRequested)
    assert plan.consent.key.endswith(key)
    assert plan.consent.replaces == (request_ if key == "000001" else None)
    assert plan.consent.email is not None
    assert plan.consent.email.data == {"consent": plan.consent.key, "form": "f", "form_title": "資料請求"}
    assert plan.after.opt_in_mails == 1


def test_a_lead_that_was_asked_a_minute_ago_gets_no_further_email() -> None:
    known = existing(requests=(OPEN,), opt_in_mails=1, opt_in_mail_at="2026-11-24T08:59:00.000Z")
    plan = planned(known)
    assert plan.consent == RequestRepeated(OPEN)
    assert plan.after == plan.before


def test_the_evidence_holds_the_page_without_query_and_fragment() -> None:
    plan = planned(existing(), post("given-001", source={"page_url": "https://x.jp/a?mail=taro@example.jp#top"}))
    assert isinstance(plan.consent, ConsentRequested)
    assert plan.consent.evidence.page_url == "https://x.jp/a"
