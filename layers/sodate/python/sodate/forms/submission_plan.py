"""What a form post becomes, decided without I/O: first whether it counts, then what it changes of a lead."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sodate.activities.activity import Activity, activity_key
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

#: Without a `_submission_id`, equal answers for the same address within this time are one post (a double click).
SAME_POST = timedelta(minutes=10)


class Outcome(StrEnum):
    """What became of a post."""

    STORED = "stored"
    NOT_MAILABLE = "not_mailable"
    """Stored, and nothing can be mailed to the address."""
    REPEAT = "repeat"
    """It was stored before."""
    QUARANTINED = "quarantined"
    """It waits for a person, and its sender is not told."""
    CHECK_FAILED = "check_failed"
    """It waits for a person, and its sender is told to solve the CAPTCHA."""


@dataclass(frozen=True)
class Captured:
    """`reason`: what made the address doubtful or the post suspect; else the outcome."""

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
    """Nothing to store. `is_stored`: the post has a lead, and its opt-in email is retried if it failed."""

    captured: Captured
    is_stored: bool


@dataclass(frozen=True)
class Quarantine:
    """`old`: a receipt of an earlier post with the same name, which is overwritten."""

    captured: Captured
    suspicion: str
    old: Receipt | None


@dataclass(frozen=True)
class Accept:
    """`old` as for `Quarantine`. `releases`: it is the receipt of this very post, which leaves the quarantine."""

    submission_id: str
    old: Receipt | None
    releases: bool = False


def decide_post(
    submission: Submission, suspicion: Suspicion | None, receipt: Receipt | None, new_id: Callable[[], str]
) -> Repeat | Quarantine | Accept:
    """Decide whether the post counts. `receipt`: what is stored under its `receipt_name`.

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
        return Repeat(Captured(Outcome.REPEAT, receipt.submission_id, "repeat"), is_stored=True)
    if suspicion is not None:
        return Repeat(_suspected(receipt.submission_id, suspicion), is_stored=False)
    return Accept(receipt.submission_id, receipt, releases=True)  # the CAPTCHA was solved


def _is_same_post(receipt: Receipt, submission: Submission) -> bool:
    return submission.controls.submission_id is not None or submission.at - receipt.at < SAME_POST


def _suspected(submission_id: str, suspicion: Suspicion) -> Captured:
    outcome = Outcome.CHECK_FAILED if suspicion.is_disclosed else Outcome.QUARANTINED
    return Captured(outcome, submission_id, suspicion.reason)


@dataclass(frozen=True)
class KnownAddress:
    """What is stored about the address of a post. `state` is None when nobody, or only an erased lead, owned it."""

    address_key: str
    owner: str | None = None
    state: ContactState | None = None
    suppressed: str | None = None
    requests: tuple[ConsentRequest, ...] = ()


@dataclass(frozen=True)
class SubmissionPlan:
    """What an accepted post changes. `before` is None, and `profile` the new one, for a lead that it creates."""

    submission: Submission
    accepted: Accept
    known: KnownAddress
    after: ContactState
    consent: ConsentPlan
    profile: Profile | None = None

    @property
    def lead_id(self) -> str:
        return self.after.lead_id

    @property
    def before(self) -> ContactState | None:
        return self.known.state

    @property
    def activity(self) -> Activity:
        key = activity_key(ActivityType.FORM_SUBMITTED, self.submission.form_id, self.accepted.submission_id)
        about = {"form": self.submission.form_id}
        return Activity(self.lead_id, ActivityType.FORM_SUBMITTED.value, self.submission.at, key, about)

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
        return SubmissionPlan(submission, accepted, known, replace(after, zone=state.zone or time_zone), consent)
    blocked = submission.answers.address.doubt or known.suppressed
    initial = ContactState(new_id(), known.address_key, form.language, blocked=blocked, zone=time_zone)
    after, consent = plan_consent(form, submission, accepted.submission_id, initial, None)
    profile = _profile(form, submission, initial.lead_id)
    return SubmissionPlan(submission, accepted, known, after, consent, profile)


def _profile(form: Form, submission: Submission, lead_id: str) -> Profile:
    answers = submission.answers
    return Profile(
        lead_id=lead_id,
        mailbox=answers.address.mailbox,
        address=answers.address.typed,
        language=form.language,
        primary=answers.primary,
        secondary=answers.secondary,
        source={"form": submission.form_id, **submission.source},
        created=keys.stamp(submission.at),
        flags=answers.address.flags,
    )
