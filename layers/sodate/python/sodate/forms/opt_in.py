"""The ticked box: evidence always; then a confirmation mail or, where the form says so, consent at once."""

from dataclasses import replace

from sodate.activities.activity import activity_key
from sodate.consent.confirm import OnConfirmed
from sodate.consent.consent import Evidence, OptInDecision, decide_opt_in, wording_digest
from sodate.consent.store import consent_item
from sodate.forms.definition import Form, FormConsent
from sodate.forms.submission import Submission
from sodate.leads.lead import State
from sodate.mail.ledger import send_id
from sodate.mail.store import planned_notice
from sodate.table import keys, transaction
from sodate.table.transaction import Put, Write


def ask_consent(
    form: Form, submission: Submission, submission_id: str, state: State, on_confirmed: OnConfirmed
) -> tuple[State, list[Write]]:
    """The state as it becomes, and what to write beside it."""
    consent = form.consent
    if consent is None or submission.answers.values.get(consent.field) is not True:
        return state, []
    now = submission.at
    evidence = consent_item(
        _evidence(submission, submission_id, state.lead_id, consent), activity_key(form.id, submission_id)
    )
    writes: list[Write] = [Put(evidence)]
    decision = decide_opt_in(consent.topics, state, now)
    if consent.double_opt_in:
        if not decision.send_notice:
            return state, writes
        data = {"consent": evidence.sk, "form": form.id, "form_title": form.title}
        ref = send_id("opt_in", form.id, submission_id)
        writes.append(transaction.put_new(planned_notice(state.lead_id, ref, "opt_in", consent.template, data, now)))
        return _asked(state, decision, keys.stamp(now)), writes
    # Anybody can post a form: only a confirmed mail may lift an opt-out.
    topics = tuple(topic for topic in decision.topics if state.topics.get(topic) != "withdrawn")
    if state.blocked is not None or not topics:
        return state, writes
    reaction = on_confirmed(state, form.id, topics, evidence.sk, now)
    confirmed = {**state.topics, **dict.fromkeys(topics, "confirmed")}
    return replace(state, topics=confirmed, enrolments={**state.enrolments, **reaction.enrolments}), [
        *writes,
        *reaction.puts,
    ]


def _asked(state: State, decision: OptInDecision, at: str) -> State:
    topics = {**state.topics, **{topic: state.topics.get(topic, "pending") for topic in decision.topics}}
    return replace(state, topics=topics, opt_in_mails=state.opt_in_mails + 1, opt_in_mail_at=at)


def _evidence(submission: Submission, submission_id: str, lead_id: str, consent: FormConsent) -> Evidence:
    return Evidence(
        lead_id=lead_id,
        at=submission.at,
        action="requested" if consent.double_opt_in else "confirmed",
        method="form",
        topics=consent.topics,
        form_id=submission.form_id,
        form_version=submission.form_version,
        wording_digest=wording_digest(consent.wording),
        page_url=_page(submission.source.get("page_url")),
        reference=submission_id,
    )


def _page(url: str | None) -> str | None:
    """The page without its query: that may name a person, and evidence outlives the lead."""
    return url.partition("?")[0].partition("#")[0] if url else None
