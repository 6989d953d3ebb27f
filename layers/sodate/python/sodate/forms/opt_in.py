"""A ticked consent box: stores evidence, then plans an opt-in email or, if the form allows it, confirms at once."""

from dataclasses import replace

from pynamodb.expressions.condition import Condition

from sodate.activities.activity import activity_key
from sodate.consent.confirm import OnConfirmed
from sodate.consent.consent import Action, Evidence, OptInDecision, decide_opt_in, wording_digest
from sodate.consent.store import ConsentItem, consent_item, evidence_at, requests_of
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.transaction import Put, Update, Write
from sodate.email.ledger.states import send_id
from sodate.email.ledger.store import planned_transactional
from sodate.forms.definition import Form, FormConsent
from sodate.forms.submission import Submission
from sodate.leads.lead import State


def ask_consent(
    form: Form, submission: Submission, submission_id: str, state: State, on_confirmed: OnConfirmed, *, is_new: bool
) -> tuple[State, list[Write]]:
    """Return the new state, and the writes that belong to it.

    Anyone can post a form with any address, so a post gives consent directly only for the lead that it creates
    (`is_new`), and only if the form disables double opt-in. An existing lead gets an opt-in email or stays unchanged.
    """
    consent = form.consent
    if consent is None or submission.answers.values.get(consent.field) is not True:
        return state, []
    decision = decide_opt_in(consent.topics, state, submission.at)
    if not consent.double_opt_in and is_new:
        return _consent_at_once(form, submission, submission_id, state, decision, on_confirmed)
    return _request(form, submission, submission_id, state, decision, is_new)


def _consent_at_once(
    form: Form, submission: Submission, submission_id: str, state: State, decision: OptInDecision,
    on_confirmed: OnConfirmed,
) -> tuple[State, list[Write]]:  # fmt: skip
    consent = form.consent
    if consent is None or state.blocked is not None or not decision.topics:
        return state, []
    evidence = consent_item(
        _evidence(submission, submission_id, state.lead_id, consent, "confirmed"), activity_key(form.id, submission_id)
    )
    reaction = on_confirmed(state, form.id, decision.topics, evidence.sk, submission.at)
    confirmed = {**state.topics, **dict.fromkeys(decision.topics, "confirmed")}
    after = replace(state, topics=confirmed, enrollments={**state.enrollments, **reaction.enrollments})
    return after, [Put(evidence), *reaction.puts]


def _request(
    form: Form, submission: Submission, submission_id: str, state: State, decision: OptInDecision, is_new: bool
) -> tuple[State, list[Write]]:
    consent = form.consent
    if consent is None:
        return state, []
    now = submission.at
    requests = [] if is_new else requests_of(state.lead_id, form.id, submission.form_version)
    is_open = bool(requests) and _is_open(requests[-1], state)
    number = len(requests) if is_open else len(requests) + 1
    key = keys.consent_request(form.id, submission.form_version, number)
    sends = decision.send_opt_in_email and consent.template is not None
    if is_open and not sends:
        repeats = [ConsentItem.repeats.set((requests[-1].repeats or 0) + 1)]
        repeats.append(ConsentItem.repeated_at.set(keys.stamp(now)))
        return state, [Update(requests[-1], repeats, _still_open(requests[-1]))]
    evidence = evidence_at(_evidence(submission, submission_id, state.lead_id, consent, "requested"), key)
    put = Put(evidence, _still_open(requests[-1])) if is_open else transaction.put_new(evidence)
    if not sends:
        return state, [put]
    data = {"consent": key, "form": form.id, "form_title": form.title}
    ref = send_id("opt_in", form.id, submission_id)
    transactional = transaction.put_new(
        planned_transactional(state.lead_id, ref, "opt_in", str(consent.template), data, now)
    )
    return _asked(state, decision, keys.stamp(now)), [put, transactional]


def _is_open(request: ConsentItem, state: State) -> bool:
    """Neither confirmed nor older than the latest opt-out, which a repeat of an old request must not undo."""
    return request.confirmed_at is None and request.at > (state.opted_out_at or "")


def _still_open(request: ConsentItem) -> Condition:
    condition: Condition = ConsentItem.confirmed_at.does_not_exist() & (ConsentItem.at == request.at)
    return condition


def _asked(state: State, decision: OptInDecision, at: str) -> State:
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
