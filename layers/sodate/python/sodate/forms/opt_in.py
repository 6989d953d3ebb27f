"""What a ticked consent box leads to: evidence, and an opt-in email or, if the form allows it, a confirmation. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sodate.activities.activity import activity_key
from sodate.consent.consent import Action, Evidence, OptInDecision, decide_opt_in, wording_digest
from sodate.dynamodb import keys
from sodate.email.ledger.states import send_id
from sodate.forms.definition import Form, FormConsent
from sodate.forms.submission import Submission
from sodate.leads.contact_state import ContactState


@dataclass(frozen=True)
class ConsentRequest:
    """A stored request for consent. `at`: stamp; `key`: its sort key; `repeats`: later posts that sent no email."""

    key: str
    at: str
    is_confirmed: bool = False
    repeats: int = 0


@dataclass(frozen=True)
class ConfirmedAtOnce:
    """The post itself is the consent. `key` makes the evidence of a repeated post the same item."""

    evidence: Evidence
    key: str
    topics: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The sort key of the evidence."""
        return keys.consent(self.evidence.at, self.key)


@dataclass(frozen=True)
class RequestRepeated:
    """The open request is repeated; no email is sent and its evidence stays."""

    request: ConsentRequest


@dataclass(frozen=True)
class OptInEmail:
    """The transactional email that asks for confirmation, to be planned."""

    send_id: str
    template: str
    data: dict[str, str]


@dataclass(frozen=True)
class ConsentRequested:
    """`replaces`: the open request whose evidence is overwritten; None for a new one."""

    evidence: Evidence
    key: str
    replaces: ConsentRequest | None = None
    email: OptInEmail | None = None


#: None: nothing to store.
ConsentPlan = ConfirmedAtOnce | RequestRepeated | ConsentRequested | None


def is_consent_ticked(form: Form, submission: Submission) -> bool:
    return form.consent is not None and submission.answers.values.get(form.consent.field) is True


def plan_consent(
    form: Form,
    submission: Submission,
    submission_id: str,
    state: ContactState,
    requests: Sequence[ConsentRequest] | None,
) -> tuple[ContactState, ConsentPlan]:
    """Return the new state, and what to store.

    `requests`: those that the lead made with this version of the form, oldest first; None for a lead that the post
    creates. Anyone can post a form with any address, so a post gives consent directly only for the lead that it
    creates, and only if the form disables double opt-in. An existing lead gets an opt-in email or stays unchanged.
    """
    consent, is_new = form.consent, requests is None
    if consent is None or not is_consent_ticked(form, submission):
        return state, None
    if (state.opted_out_at or "") > keys.stamp(submission.ticked_at or submission.at):
        return state, None  # it opted out after the tick
    decision = decide_opt_in(consent.topics, state, submission.at)
    if not consent.double_opt_in and is_new:
        if state.blocked is not None or not decision.topics:
            return state, None
        evidence = _evidence(submission, submission_id, state.lead_id, consent, "confirmed")
        plan = ConfirmedAtOnce(evidence, activity_key(form.id, submission_id), decision.topics)
        return state.confirm(decision.topics), plan
    evidence = _evidence(submission, submission_id, state.lead_id, consent, "requested")
    return _request(form, evidence, state, decision, requests or ())


def _request(
    form: Form, evidence: Evidence, state: ContactState, decision: OptInDecision, requests: Sequence[ConsentRequest]
) -> tuple[ContactState, ConsentPlan]:
    is_open = bool(requests) and _is_open(requests[-1], state)
    template = form.consent.template if form.consent is not None and decision.send_opt_in_email else None
    if is_open and template is None:
        return state, RequestRepeated(requests[-1])
    number = len(requests) if is_open else len(requests) + 1
    key = keys.consent_request(form.id, int(evidence.form_version or 0), number)
    plan = ConsentRequested(evidence, key, requests[-1] if is_open else None)
    if template is None:
        return state, plan
    data = {"consent": key, "form": form.id, "form_title": form.title}
    email = OptInEmail(send_id("opt_in", form.id, evidence.reference or ""), template, data)
    return _asked(state, decision, keys.stamp(evidence.at)), replace(plan, email=email)


def _is_open(request: ConsentRequest, state: ContactState) -> bool:
    """Neither confirmed nor older than the latest opt-out, which a repeat of an old request must not undo."""
    return not request.is_confirmed and request.at > (state.opted_out_at or "")


def _asked(state: ContactState, decision: OptInDecision, at: str) -> ContactState:
    topics = {**state.topics, **{topic: state.topics.get(topic, "pending") for topic in decision.topics}}
    return replace(state, topics=topics, opt_in_mails=state.opt_in_mails + 1, opt_in_mail_at=at)


def _evidence(
    submission: Submission, submission_id: str, lead_id: str, consent: FormConsent, action: Action
) -> Evidence:
    return Evidence(
        lead_id=lead_id,
        at=submission.at,
        action=action,
        method="form",
        topics=consent.topics,
        form_id=submission.form_id,
        form_version=submission.form_version,
        wording_digest=wording_digest(consent.wording),
        page_url=_page(submission.source.get("page_url")),
        reference=submission_id,
    )


def _page(url: str | None) -> str | None:
    """The URL without query and fragment, which may hold personal data: evidence outlives the lead."""
    return url.partition("?")[0].partition("#")[0] if url else None
