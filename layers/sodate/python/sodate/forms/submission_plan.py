"""Decides without I/O whether a form post is stored, quarantined or a repeat, and what it changes of its lead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sodate.activities.activity import Activity, activity_key
from sodate.activities.arrival import arrival_of
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.forms.answers import FieldErrors
from sodate.forms.bots import Suspicion
from sodate.forms.definition import Form
from sodate.forms.opt_in import ConsentPlan, ConsentRequest, plan_consent
from sodate.forms.submission import Submission
from sodate.leads.contact_state import ContactState, Enrollment
from sodate.leads.lead import Profile
from sodate.leads.time_zone import known_time_zone
from sodate.leads.visitor import VisitorIdentified, is_visitor_id

#: Without a `_submission_id`, equal answers for the same address within this time are one post (a double click).
SAME_POST = timedelta(minutes=10)


class Outcome(StrEnum):
    """What became of a post."""

    STORED = "stored"
    NOT_MAILABLE = "not_mailable"
    """Stored; the address cannot receive email."""
    REPEAT = "repeat"
    """It was stored before."""
    QUARANTINED = "quarantined"
    """Stored for an operator; the response looks like success."""
    CHECK_FAILED = "check_failed"
    """Stored for an operator; the response asks to solve the CAPTCHA."""


@dataclass(frozen=True)
class Captured:
    """`reason`: code of the doubt about the address or of the suspicion against the post; else the outcome."""

    outcome: Outcome
    submission_id: str
    reason: str
    lead_id: str | None = None


@dataclass(frozen=True)
class Receipt:
    """The stored receipt of a post. `suspicion`: reason code while the post is in quarantine."""

    submission_id: str
    digest: str
    at: datetime
    suspicion: str | None = None


@dataclass(frozen=True)
class Repeat:
    """Nothing to store. `has_lead`: the first post became a lead, so its failed opt-in email is retried."""

    captured: Captured
    has_lead: bool


@dataclass(frozen=True)
class Quarantine:
    """`old`: the receipt of an earlier post with the same name, which is overwritten; None: there is none."""

    captured: Captured
    suspicion: str
    old: Receipt | None


@dataclass(frozen=True)
class Accept:
    """`old`: as for `Quarantine`. `releases`: `old` belongs to this same post, which thereby leaves the quarantine."""

    submission_id: str
    old: Receipt | None
    releases: bool = False


def decide_post(
    submission: Submission, suspicion: Suspicion | None, receipt: Receipt | None, new_id: Callable[[], str]
) -> Repeat | Quarantine | Accept:
    """Decide what becomes of the post. `receipt`: the one stored under its `receipt_name`, if any.

    Raises: `FieldErrors` for a submission id that was used with other answers.
    """
    if receipt is None or not _is_same_post(receipt, submission):
        submission_id = submission.controls.submission_id or new_id()
        if suspicion is None:
            return Accept(submission_id, receipt)
        return Quarantine(_suspected(submission_id, suspicion), suspicion.reason, receipt)
    if receipt.digest != submission.digest:
        raise FieldErrors({"_submission_id": ["used_with_other_answers"]})
    if receipt.suspicion is None:
        return Repeat(Captured(Outcome.REPEAT, receipt.submission_id, "repeat"), has_lead=True)
    if suspicion is not None:
        return Repeat(_suspected(receipt.submission_id, suspicion), has_lead=False)
    return Accept(receipt.submission_id, receipt, releases=True)  # the CAPTCHA was solved


def _is_same_post(receipt: Receipt, submission: Submission) -> bool:
    """With a submission id: always. Without one, only a receipt of the last ten minutes belongs to the same post."""
    return submission.controls.submission_id is not None or submission.at - receipt.at < SAME_POST


def _suspected(submission_id: str, suspicion: Suspicion) -> Captured:
    outcome = Outcome.CHECK_FAILED if suspicion.is_disclosed else Outcome.QUARANTINED
    return Captured(outcome, submission_id, suspicion.reason)


@dataclass(frozen=True)
class KnownAddress:
    """What is stored about the address of a post. `state`: None when no lead, or only an erased one, owns it."""

    address_key: str
    owner: str | None = None
    state: ContactState | None = None
    suppressed: str | None = None
    requests: tuple[ConsentRequest, ...] = ()


@dataclass(frozen=True)
class SubmissionPlan:
    """What an accepted post changes. For a lead that it creates, `before` is None and `profile` is the new profile.

    `survey`: what the activity of a survey is about; None: the form is none.
    """

    submission: Submission
    accepted: Accept
    known: KnownAddress
    after: ContactState
    consent: ConsentPlan
    profile: Profile | None = None
    survey: Mapping[str, str | int] | None = None

    @property
    def lead_id(self) -> str:
        return self.after.lead_id

    @property
    def before(self) -> ContactState | None:
        return self.known.state

    @property
    def activities(self) -> tuple[Activity, ...]:
        form = {"form": self.submission.form_id}
        sent = self._activity(ActivityType.FORM_SUBMITTED, {**form, **arrival_of(self.submission.source)})
        if self.survey is None:
            return (sent,)
        return sent, self._activity(ActivityType.SURVEY_ANSWERED, {**form, **self.survey})

    def _activity(self, type_: ActivityType, about: Mapping[str, str | int]) -> Activity:
        key = activity_key(type_, self.submission.form_id, self.accepted.submission_id)
        return Activity(self.lead_id, type_.value, self.submission.at, key, dict(about))

    @property
    def visitor(self) -> VisitorIdentified | None:
        """Who posted the form, as the beacon of the website knows it. Text that is no visitor id says nothing."""
        visitor = self.submission.source.get("visitor")
        if visitor is None or not is_visitor_id(visitor):
            return None
        return VisitorIdentified(visitor, self.lead_id, f"form:{self.submission.form_id}", self.submission.at)

    @property
    def captured(self) -> Captured:
        doubt = self.submission.answers.address.doubt
        outcome = Outcome.NOT_MAILABLE if doubt else Outcome.STORED
        return Captured(outcome, self.accepted.submission_id, doubt or "stored", self.lead_id)

    def enrolled(self, enrollments: dict[str, Enrollment]) -> "SubmissionPlan":
        """The plan of a post whose consent is confirmed at once and starts these enrollments."""
        return replace(self, after=self.after.enroll(enrollments))


def plan_submission(
    form: Form, submission: Submission, accepted: Accept, known: KnownAddress, new_id: Callable[[], str]
) -> SubmissionPlan:
    """Plan an accepted post. A known address keeps its lead; the address of an erased lead gets a new one."""
    time_zone = known_time_zone(submission.source.get("time_zone"))
    if known.state is not None:
        state, requests = known.state, known.requests
        after, consent = plan_consent(form, submission, accepted.submission_id, state, requests)
        # Anyone can post a form with any address, so a known time zone is never overwritten.
        after = replace(after, zone=state.zone or time_zone)
        return SubmissionPlan(submission, accepted, known, after, consent, survey=_survey(form, submission))
    blocked = submission.answers.address.doubt or known.suppressed
    initial = ContactState(new_id(), known.address_key, form.language, blocked=blocked, zone=time_zone)
    after, consent = plan_consent(form, submission, accepted.submission_id, initial, None)
    profile = _profile(form, submission, initial.lead_id)
    return SubmissionPlan(submission, accepted, known, after, consent, profile, _survey(form, submission))


def _survey(form: Form, submission: Submission) -> dict[str, str | int] | None:
    """Ids and a small number: neither is personal data."""
    if form.survey is None:
        return None
    about: dict[str, str | int] = form.survey.model_dump(exclude_none=True)
    answer = submission.answers.values.get(form.nps_field or "")
    return about if answer is None else {**about, "nps": int(answer)}


def _profile(form: Form, submission: Submission, lead_id: str) -> Profile:
    answers = submission.answers
    return Profile(
        lead_id=lead_id,
        mailbox=answers.address.mailbox,
        address=answers.address.typed,
        language=form.language,
        primary=answers.primary,
        secondary=answers.secondary,
        source={"form": submission.form_id, **submission.origin},
        created=keys.stamp(submission.at),
        flags=answers.address.flags,
    )
